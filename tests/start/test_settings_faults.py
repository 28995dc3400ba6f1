"""A start with a faulty setting says so in one line on stderr, names the setting, and exits with 2.

The tables are written out here; a setting that has no line in them fails the run.
"""

import base64
from pathlib import Path

import pytest

from cometadmin import environment
from tests.start import product

KEY = base64.b64encode(b"k" * 32).decode()
REQUIRED = ("SECRET_KEY", "SEALING_KEYS", "LEDGER_KEYS", "FINGERPRINT_KEYS", "CHECKPOINT_KEYS")

# setting -> what is given, and a piece of the line that must come back
STARTED = [
    ("SECRET_KEY", "short-canary", "at least 50"),
    ("SECRET_KEY_FALLBACKS", "short-canary", "at least 50"),
    ("SEALING_KEYS", "canary", "entry 1 is not of the form id:base64"),
    ("LEDGER_KEYS", f"l1:{KEY},l1:{KEY}", "entry 2 has the id of an earlier one"),
    ("FINGERPRINT_KEYS", "f1:canary!", "entry 1 is not base64"),
    ("CHECKPOINT_KEYS", "c1:canary!", "entry 1 is not base64"),
    ("CHECKPOINT_FILE", "var/canary.jsonl", "is not an absolute path"),
    ("SHIP_RECORDS", "sometimes", "true or false"),
    ("DATABASE_URL", "mysql://someone:canary@host/name", "is not a database we know"),
    ("COMETAPI_BASE_URL", "http://api.example.com", "plain http to another machine"),
    ("COMETAPI_RATE_LIMIT", "180", "requests/seconds"),
    ("SYNC_EVERY_S", "5", "from 10 to 86400"),
    ("ALLOWED_HOSTS", "https://dashboard.example.com", "without scheme and port"),
    ("HOST", "not an address", "is not an address to listen on"),
    ("PORT", "80a", "from 1 to 65535"),
    ("WEB_PROCESSES", "0", "from 1 to 256"),
    ("WEB_THREADS", "-4", "from 1 to 256"),
    ("TRUSTED_PROXY_COUNT", "one", "from 0 to 10"),
    ("PLAIN_HTTP", "perhaps", "true or false"),
    ("DEFAULT_TIME_ZONE", "Middle/Earth", "is not a time zone"),
    ("QUOTA_UNITS_PER_USD", "0.5", "a whole number from 1"),
    ("AUTO_GROUPS", "auto, ,\u202eotua", "control"),
    ("LOG_LEVEL", "LOUD", "DEBUG, INFO"),
    ("WAIT_SCALE", "0", "above 0"),
]
READ = [
    ("SECRET_KEY", "a" * 60, "too simple"),
    ("SEALING_KEYS", "k1:canary!", "entry 1 is not base64"),
    ("SEALING_KEYS", f"k1:{KEY},k2:Y2FuYXJ5", "entry 2 is a key of 6 bytes"),
    ("SEALING_KEYS", f"{'k' * 41}:{KEY}", "entry 1 is not of the form"),
    ("SEALING_KEYS", ",", "entry 1 is not of the form"),
    ("DATABASE_URL", "canary", "is not a database we know"),
    ("DATABASE_URL", "sqlite://:memory:", "names no database"),
    ("DATABASE_URL", "sqlite://", "names no database"),
    ("DATABASE_URL", "postgres://u:canary@host", "names no database"),
    ("DATABASE_URL", "postgres://u:canary@host:99999/name", "cannot be read"),
    ("DATABASE_URL", "postgres://u:canary@host:abc/name", "cannot be read"),
    ("DATABASE_URL", "sqlite:////tmp/canary?mode=rwc", "has options"),
    ("DATABASE_URL", "sqlite:////tmp/%00canary", "holds a NUL"),
    ("COMETAPI_BASE_URL", "https://someone:canary@api.example.com", "user or a password"),
    ("COMETAPI_BASE_URL", "https://canary@api.example.com", "user or a password"),
    ("COMETAPI_BASE_URL", "api.example.com", "is not an address"),
    ("COMETAPI_BASE_URL", "ftp://api.example.com", "is not an address"),
    ("COMETAPI_BASE_URL", "https://", "is not an address"),
    ("COMETAPI_BASE_URL", "https://api.example.com:99999", "is not an address"),
    ("COMETAPI_BASE_URL", "https://api.example.com:0", "is not an address"),
    ("COMETAPI_BASE_URL", "https://[::1", "is not an address"),
    ("COMETAPI_BASE_URL", "https://api.example.com/?a=b", "query or a fragment"),
    ("COMETAPI_BASE_URL", "http://localhost.example.com", "plain http to another machine"),
    ("COMETAPI_BASE_URL", "http://127.0.0.1.example.com", "plain http to another machine"),
    ("COMETAPI_RATE_LIMIT", "0/180", "requests/seconds"),
    ("COMETAPI_RATE_LIMIT", "180/1.5", "requests/seconds"),
    ("COMETAPI_RATE_LIMIT", "180/180/180", "requests/seconds"),
    ("ALLOWED_HOSTS", "dashboard.example.com:443", "without scheme and port"),
    ("ALLOWED_HOSTS", " , ", "names no host"),
    ("HOST", ".example.com", "is not an address to listen on"),
    ("HOST", "999.0.0.1", "is not an address to listen on"),
    ("PORT", "65536", "from 1 to 65535"),
    ("PORT", "0", "from 1 to 65535"),
    ("PORT", "٨٠٠٠", "from 1 to 65535"),
    ("DEFAULT_TIME_ZONE", "../../etc/passwd", "is not a time zone"),
    ("DEFAULT_TIME_ZONE", "Europe", "is not a time zone"),
    ("WAIT_SCALE", "-1", "above 0"),
    ("WAIT_SCALE", "nan", "above 0"),
    ("WAIT_SCALE", "inf", "above 0"),
    ("WAIT_SCALE", "fast", "above 0"),
]


def sound_environ() -> dict[str, str]:
    names = {"SEALING_KEYS": "s1", "LEDGER_KEYS": "l1", "FINGERPRINT_KEYS": "f1", "CHECKPOINT_KEYS": "c1"}
    rings = {name: f"{key_id}:{KEY}" for name, key_id in names.items()}
    return {"SECRET_KEY": "0123456789" * 6, **rings}


def only_fault(environ: dict[str, str]) -> str:
    faults = [str(fault) for fault in environment.read(environ)[1]]
    assert len(faults) == 1, faults
    return faults[0]


def test_every_setting_has_a_malformed_case_that_is_started() -> None:
    assert [name for name, _, _ in STARTED] == [setting.name for setting in environment.SETTINGS]


def test_every_required_setting_has_a_missing_case() -> None:
    assert [setting.name for setting in environment.SETTINGS if setting.default is None] == list(REQUIRED)


@pytest.mark.parametrize("name", REQUIRED)
def test_serve_refuses_a_missing_setting(name: str, env: dict[str, str]) -> None:
    del env[f"{name}_FILE"]

    done = product.run(["serve"], env)

    assert (done.code, len(done.lines), done.out) == (2, 1, ""), done
    assert done.lines[0].startswith(f"{name}: is not set")


@pytest.mark.parametrize(("name", "given", "piece"), STARTED, ids=[case[0] for case in STARTED])
def test_serve_refuses_a_malformed_setting(name: str, given: str, piece: str, env: dict[str, str]) -> None:
    env.pop(f"{name}_FILE", None)
    if name == "HOST":
        del env["PLAIN_HTTP"]

    done = product.run(["serve"], {**env, name: given})

    assert (done.code, len(done.lines), done.out) == (2, 1, ""), done
    assert done.lines[0].startswith(f"{name}: ")
    assert piece in done.lines[0]
    assert "canary" not in done.err


@pytest.mark.parametrize(("name", "given", "piece"), READ)
def test_it_names_the_setting_and_what_is_wrong(name: str, given: str, piece: str) -> None:
    line = only_fault({**sound_environ(), name: given})

    assert line.startswith(f"{name}: ")
    assert piece in line
    assert "canary" not in line
    assert KEY not in line


def test_serve_tells_every_fault_on_a_line_of_its_own(env: dict[str, str]) -> None:
    done = product.run(["serve"], {**env, "PORT": "x", "LOG_LEVEL": "x", "WAIT_SCALE": "x"})

    assert done.code == 2
    assert [line.partition(":")[0] for line in done.lines] == ["PORT", "LOG_LEVEL", "WAIT_SCALE"]


def test_a_setting_given_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("9876543210" * 6)

    line = only_fault({**sound_environ(), "SECRET_KEY_FILE": str(file)})

    assert line == "SECRET_KEY: is set twice, as SECRET_KEY and as SECRET_KEY_FILE; remove one of them"


@pytest.mark.parametrize(
    ("content", "piece"),
    [(None, "cannot be read"), (b"", "is empty"), (b" \n", "is empty"), (b"\xff\xfe", "not text in UTF-8")],
)
def test_a_faulty_file_is_named_by_its_variable(content: bytes | None, piece: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    environ = {**sound_environ(), "SECRET_KEY_FILE": str(file)}
    del environ["SECRET_KEY"]

    line = only_fault(environ)

    assert line.startswith("SECRET_KEY: the file that SECRET_KEY_FILE names")
    assert piece in line


def test_every_setting_can_come_from_a_file(tmp_path: Path) -> None:
    for name, text in {**sound_environ(), "PORT": "8123"}.items():
        (tmp_path / name).write_text(f"{text}\n")

    values, faults = environment.read({f"{p.name}_FILE": str(p) for p in tmp_path.iterdir()})

    assert faults == []
    assert (values["PORT"], values["SEALING_KEYS"]) == (8123, {"s1": b"k" * 32})


def test_a_secret_may_begin_with_a_dollar_sign() -> None:
    secret = "$HOME" + "0123456789" * 6

    values, faults = environment.read({**sound_environ(), "SECRET_KEY": secret})

    assert (values["SECRET_KEY"], faults) == (secret, [])


@pytest.mark.parametrize(
    "given",
    [{"HOST": "0.0.0.0"}, {"ALLOWED_HOSTS": "*"}, {"ALLOWED_HOSTS": "localhost,dashboard.example.com"}, {"HOST": "::"}],
)
def test_plain_http_never_leaves_this_machine(given: dict[str, str]) -> None:
    line = only_fault({**sound_environ(), **given, "PLAIN_HTTP": "true"})

    assert line.startswith("PLAIN_HTTP: is true while ")


@pytest.mark.parametrize(
    "url", ["http://localhost:8001", "http://127.0.0.1:1", "http://[::1]:80", "https://a.example/"]
)
def test_an_upstream_by_tls_or_on_this_machine_is_taken(url: str) -> None:
    values, faults = environment.read({**sound_environ(), "COMETAPI_BASE_URL": url})

    assert (values["COMETAPI_BASE_URL"], faults) == (url.rstrip("/"), [])


@pytest.mark.parametrize("arguments", [["help"], ["check"], ["migrate", "--check"], ["collectstatic", "--dry-run"]])
def test_what_needs_no_secrets_runs_without(arguments: list[str], migrated: Path) -> None:
    done = product.run([*arguments, *(["--no-input"] if "collectstatic" in arguments else [])], database_of(migrated))

    assert (done.code, done.err) == (0, "")


def test_what_needs_secrets_refuses_in_one_line_each(migrated: Path) -> None:
    done = product.run(["settle_changes"], database_of(migrated))

    assert done.code == 2
    assert [line.partition(":")[0] for line in done.lines] == list(REQUIRED)


def test_no_command_touches_another_database_than_the_one_meant() -> None:
    done = product.run(["migrate"], {"DATABASE_URL": "mysql://host/name"})

    assert (done.code, len(done.lines)) == (2, 1)


def database_of(path: Path) -> dict[str, str]:
    return {"DATABASE_URL": f"sqlite:///{path}"}
