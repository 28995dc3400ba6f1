"""Sealing: what is sealed opens again for the same team, host and key, and for nothing else."""

import base64
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from keys.models import AccessToken, Team
from keys.sealing import Envelope, Reason, SealBroken, open_access_token, seal_access_token, seals_open
from tests.people import making
from tests.support.mutants import mutated

TOKEN = "canary-3f9aQ1zX8pLm5RtY0uWe"
ONE, TWO = b"1" * 32, b"2" * 32


@pytest.fixture(autouse=True)
def _keys(settings: Any) -> None:
    settings.SEALING_KEYS = {"one": ONE}
    settings.COMETAPI_BASE_URL = "https://api.example.com:8443"


def unsaved(pk: int = 1, token: str = TOKEN) -> AccessToken:
    team = Team(pk=pk, slug="blue", name="Blue")
    return AccessToken(team=team, sealed=seal_access_token(team, token))


def reason_of(token: AccessToken, **how: Any) -> tuple[Reason, str]:
    with pytest.raises(SealBroken) as caught:
        open_access_token(token, **how)
    assert TOKEN not in str(caught.value)
    return caught.value.reason, caught.value.found


@given(token=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300), pk=st.integers(1, 2**63 - 1))
@hypothesis_settings(max_examples=200, deadline=None)
def test_it_opens_what_it_sealed(token: str, pk: int) -> None:
    assert open_access_token(unsaved(pk, token)) == token


@given(bit=st.integers(0, 8 * 60))
@hypothesis_settings(max_examples=200, deadline=None)
def test_it_opens_nothing_that_was_altered(bit: int) -> None:
    token = unsaved()
    envelope = Envelope.parse(token.sealed)
    payload = bytearray(envelope.payload)
    place = bit % (8 * len(payload))
    payload[place // 8] ^= 1 << (place % 8)
    token.sealed = str(Envelope(envelope.key_id, envelope.host, bytes(payload)))

    assert reason_of(token)[0] is Reason.WRONG


def test_it_never_seals_alike_and_shows_nothing_of_the_token() -> None:
    first, second = unsaved().sealed, unsaved().sealed

    assert first != second
    assert first.startswith("v1.one.api.example.com.")
    for text in (TOKEN, base64.b64encode(TOKEN.encode()).decode().rstrip("=")[:-2], TOKEN.encode().hex()):
        assert text not in first


def test_it_does_not_open_in_another_teams_row() -> None:
    token = unsaved(pk=1)
    token.team = Team(pk=2)

    assert reason_of(token)[0] is Reason.WRONG


def test_mutant_without_the_team_in_the_seal_is_caught() -> None:
    from keys import sealing

    mutant = mutated(sealing._bound_to, "[*owner, host]", "[owner[0], host]")
    with mutant, pytest.raises(pytest.fail.Exception):
        test_it_does_not_open_in_another_teams_row()


def test_it_does_not_open_for_another_host(settings: Any) -> None:
    token = unsaved()
    settings.COMETAPI_BASE_URL = "https://evil.example.net"

    assert reason_of(token) == (Reason.OTHER_HOST, "api.example.com")
    assert open_access_token(token, from_host="api.example.com") == TOKEN


def test_it_does_not_open_when_the_host_in_the_envelope_is_written_over(settings: Any) -> None:
    token = unsaved()
    token.sealed = token.sealed.replace("api.example.com", "evil.example.net")
    settings.COMETAPI_BASE_URL = "https://evil.example.net"

    assert reason_of(token)[0] is Reason.WRONG


def test_the_port_does_not_matter(settings: Any) -> None:
    token = unsaved()
    settings.COMETAPI_BASE_URL = "https://API.example.com"

    assert open_access_token(token) == TOKEN


def test_an_address_for_a_host_works_too(settings: Any) -> None:
    settings.COMETAPI_BASE_URL = "http://[::1]:8080"

    assert open_access_token(unsaved()) == TOKEN


def test_older_keys_open_and_the_first_one_seals(settings: Any) -> None:
    old = unsaved()
    settings.SEALING_KEYS = {"two": TWO, "one": ONE}

    assert open_access_token(old) == TOKEN
    assert unsaved().sealed.startswith("v1.two.")


def test_it_names_a_key_that_is_missing(settings: Any) -> None:
    token = unsaved()
    settings.SEALING_KEYS = {"two": TWO}

    assert reason_of(token) == (Reason.UNKNOWN_KEY, "one")


def test_another_key_under_the_same_id_does_not_open(settings: Any) -> None:
    token = unsaved()
    settings.SEALING_KEYS = {"one": TWO}

    assert reason_of(token) == (Reason.WRONG, "one")


@pytest.mark.parametrize("sealed", ["", "v1", "v1.one", "v1.one.host.", "v1.one.host.!!!", "v2.one.host.YWJj", TOKEN])
def test_what_is_no_envelope_does_not_open(sealed: str) -> None:
    assert reason_of(AccessToken(team=Team(pk=1), sealed=sealed)) == (Reason.MALFORMED, "")


def stored(slug: str) -> AccessToken:
    team = making.team(slug)
    return AccessToken.objects.create(team=team, sealed=seal_access_token(team, TOKEN), set_at=timezone.now())


@pytest.mark.django_db
def test_the_start_is_told_nothing_when_all_open() -> None:
    stored("blue")

    assert seals_open() == []


@pytest.mark.django_db
def test_the_start_is_told_one_line_a_fault(settings: Any) -> None:
    stored("blue"), stored("red")
    odd = stored("odd")
    AccessToken.objects.filter(pk=odd.pk).update(sealed="junk")
    settings.COMETAPI_BASE_URL = "https://new.example.com"

    faults = seals_open()

    assert faults == [
        "COMETAPI_BASE_URL: access tokens were sealed for host api.example.com, not new.example.com (teams: blue, red);"
        " set it back, or move them on purpose: manage.py rotate_sealing_key --from-host api.example.com",
        "access tokens that were not written by this program: odd; forget them and paste them again",
    ]


@pytest.mark.django_db
def test_the_start_is_told_of_missing_and_wrong_keys(settings: Any) -> None:
    stored("blue")

    settings.SEALING_KEYS = {"two": TWO}
    (missing,) = seals_open()
    settings.SEALING_KEYS = {"one": TWO}
    (wrong,) = seals_open()

    assert "SEALING_KEYS" in missing and "'one' is missing" in missing and "blue" in missing
    assert "SEALING_KEYS" in wrong and "'one' does not open" in wrong and "blue" in wrong
