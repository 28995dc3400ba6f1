"""No secret leaves the client: not in logs at DEBUG, not in exceptions, not in what it shows of itself."""

import io
import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace

import pytest
import structlog

from keys.cometapi.client import close_pool
from keys.errors import UpstreamError
from tests.cometapi.support import ours, outcome_of, soon, stored_settings
from tests.support.sandbox import Account, Sandbox

pytestmark = pytest.mark.dbfree

NAME = "Kq83LwPz01VtNamedCanary"
KINDS = ["401_json", "refusal", "reset_after", "503", "301", "html_200", "another_user", "bad_gzip", "nan", "429"]


@pytest.fixture
def spoken() -> Iterator[io.StringIO]:
    """Everything that anybody logs, at the lowest level."""
    heard = io.StringIO()
    handler, root = logging.StreamHandler(heard), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(0)
    for name in ("keys", "httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
        logging.getLogger(name).setLevel(0)  # as somebody's logging configuration might have it
    close_pool()
    yield heard
    root.removeHandler(handler)
    root.setLevel(level)
    logging.getLogger("keys").setLevel(logging.WARNING)


def slices(secret: str) -> list[str]:
    return [secret[at : at + 12] for at in range(len(secret) - 11)]


@pytest.mark.parametrize("kind", ["", *KINDS])
def test_nothing_of_headers_bodies_ids_or_queries_is_logged(
    kind: str, stand_in: Sandbox, account: Account, spoken: io.StringIO
) -> None:
    key_id = stand_in.add_key(account, name=NAME)
    secret = stand_in.secret(key_id)
    if kind:
        stand_in.fault(kind, times=100, message=f"x {account.token} {secret}") if kind in ("refusal", "401_json") else (
            stand_in.fault(kind, times=100)
        )
    verbs = ours(stand_in, account)
    wanted = replace(stored_settings(stand_in, key_id), remain_quota=987654321)

    faults = [
        outcome_of(lambda: verbs.get_key(key_id, soon(1)))[1],
        outcome_of(lambda: verbs.put_key(key_id, wanted, soon(1), status_only=True))[1],
        outcome_of(lambda: verbs.list_keys(1, 50, soon(1)))[1],
        outcome_of(lambda: verbs.account(soon(1)))[1],
    ]

    shown = spoken.getvalue() + repr(verbs) + str(vars(verbs).keys())
    for fault in faults:
        shown += "".join(traceback.format_exception(fault)) + repr(fault) + str(vars(fault)) if fault else ""
    assert "upstream_call" in shown and "/api/token/{id}" in shown
    for canary in (account.token, secret, secret.removeprefix("sk-")):
        assert not [piece for piece in slices(canary) if piece in shown]
    for private in (NAME, "987654321", "status_only", f"token/{key_id}", "Set-Cookie", "uthorization"):
        assert private not in spoken.getvalue()


@pytest.mark.parametrize("kind", ["reset_after", "close", "garbage", "cut_with_length", "stall_before_headers"])
def test_an_error_leads_to_no_request_and_its_headers(kind: str, stand_in: Sandbox, account: Account) -> None:
    key_id = stand_in.add_key(account)
    wanted = stored_settings(stand_in, key_id)
    stand_in.fault(kind, times=100)

    fault: BaseException | None = outcome_of(lambda: ours(stand_in, account).put_key(key_id, wanted, soon(0.5)))[1]

    assert isinstance(fault, UpstreamError)
    while fault:
        assert type(fault).__module__ == "keys.errors"
        fault = fault.__cause__ or fault.__context__


def test_one_line_a_call(stand_in: Sandbox, account: Account) -> None:
    key_id = stand_in.add_key(account)
    with structlog.testing.capture_logs() as lines:
        ours(stand_in, account).get_key(key_id, soon())
        stand_in.fault("503", operation="update")
        outcome_of(lambda: ours(stand_in, account).put_key(key_id, stored_settings(stand_in, key_id), soon()))

    told = [(one["event"], one["method"], one["path"], one["http_status"], one["kind"]) for one in lines]
    assert told == [
        ("upstream_call", "GET", "/api/token/{id}", 200, "ok"),
        ("upstream_call", "PUT", "/api/token/", 503, "http_503"),
    ]
    assert all(isinstance(one["ms"], int) and one["ms"] >= 0 for one in lines)
