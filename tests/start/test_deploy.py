"""Django's own judgement of the settings that production gets."""

from tests.start import product


def test_check_deploy_is_clean(env: dict[str, str]) -> None:
    del env["PLAIN_HTTP"]
    given = {"ALLOWED_HOSTS": "dashboard.example.com", "HOST": "0.0.0.0", "TRUSTED_PROXY_COUNT": "1"}

    done = product.run(["check", "--deploy", "--fail-level", "DEBUG"], {**env, **given})

    assert (done.code, done.err) == (0, "")
    assert "no issues" in done.out


def test_plain_http_is_what_check_deploy_complains_of(env: dict[str, str]) -> None:
    """The twin: the check does look at what PLAIN_HTTP switches."""
    done = product.run(["check", "--deploy", "--fail-level", "WARNING"], env)

    assert done.code == 1
    for warning in ("security.W004", "security.W008", "security.W012", "security.W016"):
        assert warning in done.err


def test_debug_cannot_be_switched_on(env: dict[str, str]) -> None:
    done = product.run(
        ["shell", "-v", "0", "-c", "from django.conf import settings; print(settings.DEBUG)"],
        {**env, "DEBUG": "1", "DJANGO_DEBUG": "1"},
    )

    assert done.out.strip() == "False"
