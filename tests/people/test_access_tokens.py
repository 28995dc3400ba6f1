"""A pasted access token is tested against CometAPI (here: the sandbox, over a socket) and its four fates told apart."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from keys.errors import Denied
from keys.models import AccessToken, CompanyRole, Person, Team, TeamRole, TokenState
from keys.sealing import open_access_token
from keys.services.access_tokens import (
    NoAccessToken,
    TokenFault,
    TokenUnusable,
    access_token_check,
    access_token_forget,
    access_token_set,
    client_for,
    note_state,
)
from keys.services.teams import team_add
from keys.types import Deadline
from tests.people import making
from tests.people.making import acting, actions, recorded
from tests.support.sandbox import Account, Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Person:
    return making.admin()


@pytest.fixture
def blue() -> Team:
    return making.team("blue")


@pytest.fixture
def alice(sandbox: Sandbox) -> Iterator[Account]:
    yield sandbox.add_account("alice")


def paste(by: Person, team: Team, token: str, **other: Any) -> Any:
    return access_token_set(**acting(by), team=team, token=token, **other)


def refused(by: Person, team: Team, token: str, **other: Any) -> TokenUnusable:
    with pytest.raises(TokenUnusable) as caught:
        paste(by, team, token, **other)
    assert token.strip() == "" or token.strip() not in str(caught.value)
    return caught.value


def stored(team: Team) -> AccessToken | None:
    return AccessToken.objects.filter(team=team).first()


@pytest.mark.parametrize("pasted", ["%s", "  %s\n", "Bearer %s", "bearer  %s "])
def test_an_accepted_token_is_stored_sealed_with_its_account(
    pasted: str, ada: Person, blue: Team, alice: Account
) -> None:
    account = paste(ada, blue, pasted % alice.token)

    token = stored(blue)
    assert token and (account.id, blue.account_id, blue.account_name) == (alice.id, alice.id, "alice")
    assert alice.token not in token.sealed and open_access_token(token) == alice.token
    assert (token.last_four, token.set_by, token.state) == (alice.token[-4:], "ada", TokenState.ACCEPTED)
    body = {"last_four": alice.token[-4:], "account_id": alice.id, "account_name": "alice"}
    assert recorded() == [("access_token.set", "ada", "Blue", body)]


@pytest.mark.parametrize("answer", ["401", "200"])
def test_a_refused_token_is_not_stored(answer: str, sandbox: Sandbox, ada: Person, blue: Team) -> None:
    sandbox.configure(token_refusal=answer)

    error = refused(ada, blue, "0123456789abcdef0123456789abcdef")

    assert error.fault is TokenFault.REFUSED and "refused this access token" in error.message
    assert stored(blue) is None and actions() == []


@pytest.mark.parametrize("kind", ["reset_before", "html_200", "500_before", "429", "json_list", "close"])
def test_without_an_answer_nothing_is_stored(
    kind: str, sandbox: Sandbox, ada: Person, blue: Team, alice: Account
) -> None:
    sandbox.fault(kind, times=100)

    error = refused(ada, blue, alice.token)

    assert error.fault is TokenFault.UNREACHABLE and "nothing was stored" in error.message
    assert stored(blue) is None and actions() == []


def test_without_a_connection_nothing_is_stored(settings: Any, ada: Person, blue: Team) -> None:
    settings.COMETAPI_BASE_URL = "http://127.0.0.1:9"

    assert refused(ada, blue, "0123456789abcdef").fault is TokenFault.UNREACHABLE
    assert stored(blue) is None


@pytest.mark.parametrize("typed", ["", "  ", "two words", "tok\u00e9n", "a\r\nX-Evil: 1", "a\x00b", "x" * 513])
def test_what_is_no_token_is_not_even_sent(typed: str, sandbox: Sandbox, ada: Person, blue: Team) -> None:
    assert refused(ada, blue, typed).fault is TokenFault.MALFORMED
    assert sandbox.requests() == []


def test_a_replacement_for_the_same_account_takes_its_place(
    sandbox: Sandbox, ada: Person, blue: Team, settings: Any
) -> None:
    paste(ada, blue, sandbox.add_account("alice", id=7, token="old-token-0123456789").token)
    with Sandbox.start() as later:  # the console has given the same account a new token
        later.add_account("alice", id=7, token="new-token-9876543210")
        settings.COMETAPI_BASE_URL = later.url
        paste(ada, blue, "new-token-9876543210")

    token = stored(blue)
    assert token and open_access_token(token) == "new-token-9876543210" and token.last_four == "3210"
    assert actions() == ["access_token.set", "access_token.replace"]


def test_a_replacement_of_another_account_is_refused_with_both_named(
    sandbox: Sandbox, ada: Person, blue: Team, alice: Account
) -> None:
    paste(ada, blue, alice.token)
    bob = sandbox.add_account("bob")

    error = refused(ada, blue, bob.token)

    assert error.fault is TokenFault.WRONG_ACCOUNT
    assert f"{bob.id} (bob)" in error.message and f"{alice.id} (alice)" in error.message and "Blue" in error.message
    token = stored(blue)
    assert token and open_access_token(token) == alice.token and actions() == ["access_token.set"]


def test_the_account_is_kept_when_its_token_was_forgotten(
    sandbox: Sandbox, ada: Person, blue: Team, alice: Account
) -> None:
    paste(ada, blue, alice.token)
    access_token_forget(**acting(ada), team=blue)

    assert refused(ada, blue, sandbox.add_account("bob").token).fault is TokenFault.WRONG_ACCOUNT
    paste(ada, blue, alice.token)
    assert actions() == ["access_token.set", "access_token.forget", "access_token.set"]


def test_a_second_team_with_the_same_account_is_refused_with_both_named(
    ada: Person, blue: Team, alice: Account
) -> None:
    paste(ada, blue, alice.token)
    red = making.team("red", "Red")

    error = refused(ada, red, alice.token)

    assert error.fault is TokenFault.WRONG_ACCOUNT
    assert f"{alice.id} (alice)" in error.message and "Blue" in error.message and "Red" in error.message
    assert stored(red) is None and Team.objects.get(pk=red.pk).account_id is None


def test_a_new_team_comes_with_its_token_or_not_at_all(ada: Person, alice: Account) -> None:
    team = team_add(**acting(ada), name="Green", token=alice.token)
    assert stored(team) and team.account_id == alice.id
    assert actions() == ["team.add", "access_token.set"]

    for token, fault in ((alice.token, TokenFault.WRONG_ACCOUNT), ("no-such-token", TokenFault.REFUSED)):
        with pytest.raises(TokenUnusable) as caught:
            team_add(**acting(ada), name="Grey", token=token)
        assert caught.value.fault is fault
    assert Team.objects.count() == 1 and len(actions()) == 2


def test_the_account_header_is_sent_where_the_team_says_so(sandbox: Sandbox, ada: Person, alice: Account) -> None:
    sandbox.configure(require_new_api_user=True)
    team = making.team("blue", send_account_header=True)

    assert refused(ada, team, alice.token).fault is TokenFault.REFUSED
    paste(ada, team, alice.token, account_id=alice.id)

    assert client_for(team).account(Deadline.after(5)).id == alice.id


def test_it_is_tested_outside_of_any_transaction(ada: Person, blue: Team, alice: Account, monkeypatch: Any) -> None:
    from keys.cometapi.client import CometClient

    depth: list[int] = []
    shipped = CometClient.account
    before = len(connection.savepoint_ids)

    def seen(self: CometClient, deadline: Deadline) -> Any:
        depth.append(len(connection.savepoint_ids) - before)
        return shipped(self, deadline)

    monkeypatch.setattr(CometClient, "account", seen)
    paste(ada, blue, alice.token)

    assert depth == [0]


def test_hostile_names_of_accounts_can_be_stored(sandbox: Sandbox, ada: Person, blue: Team) -> None:
    hostile = sandbox.add_account("\u202e<b>\x00\ud800" + "x" * 500)

    paste(ada, blue, hostile.token)

    blue.refresh_from_db()
    assert len(blue.account_name) <= 200 and not {"\x00", "\u202e", "\ud800"} & set(blue.account_name)


def test_check_notes_what_cometapi_says(sandbox: Sandbox, ada: Person, blue: Team, alice: Account) -> None:
    paste(ada, blue, alice.token)
    fault = sandbox.fault("401_json", times=100)

    with pytest.raises(TokenUnusable) as caught:
        access_token_check(**acting(ada), team=blue)
    token = stored(blue)
    assert caught.value.fault is TokenFault.REFUSED and token and token.state == TokenState.REFUSED

    assert fault
    sandbox.clear_faults()
    access_token_check(**acting(ada), team=Team.objects.get(pk=blue.pk))
    token = stored(blue)
    assert token and token.state == TokenState.ACCEPTED and actions() == ["access_token.set"]


def test_a_check_without_an_answer_leaves_the_state(sandbox: Sandbox, ada: Person, blue: Team, alice: Account) -> None:
    paste(ada, blue, alice.token)
    sandbox.fault("reset_before", times=100)

    with pytest.raises(TokenUnusable) as caught:
        access_token_check(**acting(ada), team=blue)

    token = stored(blue)
    assert caught.value.fault is TokenFault.UNREACHABLE and token and token.state == TokenState.ACCEPTED


def test_state_is_noted_once_a_minute_and_only_of_the_token_it_was_asked_of(
    ada: Person, blue: Team, alice: Account, django_assert_num_queries: Any
) -> None:
    paste(ada, blue, alice.token)
    seen = Team.objects.select_related("access_token").get(pk=blue.pk)
    with django_assert_num_queries(0):
        note_state(seen, TokenState.ACCEPTED)

    AccessToken.objects.filter(team=blue).update(sealed="another")  # pasted meanwhile
    note_state(seen, TokenState.REFUSED)
    token = stored(blue)
    assert token and token.state == TokenState.ACCEPTED

    now = Team.objects.get(pk=blue.pk)
    note_state(now, TokenState.REFUSED)
    token = stored(blue)
    assert token and token.state == TokenState.REFUSED
    note_state(making.team("red"), TokenState.REFUSED)


def test_forgetting_deletes_and_tells(ada: Person, blue: Team, alice: Account) -> None:
    paste(ada, blue, alice.token)

    access_token_forget(**acting(ada), team=blue)

    assert stored(blue) is None
    assert recorded()[-1][3] == {"last_four": alice.token[-4:], "account_id": alice.id, "account_name": "alice"}
    with pytest.raises(NoAccessToken):
        access_token_forget(**acting(ada), team=blue)
    with pytest.raises(NoAccessToken):
        client_for(blue)


def test_a_token_that_does_not_open_is_like_none(ada: Person, blue: Team, alice: Account, settings: Any) -> None:
    paste(ada, blue, alice.token)
    settings.SEALING_KEYS = {"other": b"o" * 32}

    with pytest.raises(NoAccessToken) as caught:
        client_for(Team.objects.get(pk=blue.pk))
    assert "cannot be opened" in caught.value.message


def test_only_admins_touch_it(sandbox: Sandbox, blue: Team, alice: Account) -> None:
    AccessToken.objects.create(team=blue, sealed="x", set_at=timezone.now())
    lead = making.belongs(making.person("lea"), blue, TeamRole.LEAD)
    for by in (lead, making.person("aud", CompanyRole.AUDITOR)):
        for verb in (access_token_check, access_token_forget):
            with pytest.raises(Denied):
                verb(**acting(by), team=blue)
        with pytest.raises(Denied):
            paste(by, blue, alice.token)

    assert sandbox.requests() == [] and AccessToken.objects.get().sealed == "x"
