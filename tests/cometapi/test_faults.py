"""Every fault of promise 5 on a write and on a read, against the sandbox over real sockets.

What is expected stands in the table; what is true is what the sandbox's log says.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from keys.cometapi import client as client_module
from keys.cometapi import retry, wire
from keys.cometapi.client import PutAnswer, close_pool
from keys.cometapi.verbs import Verbs
from keys.errors import AccessTokenRefused, RateLimited, Refused, Unclear, UpstreamError
from keys.types import KeySnapshot
from tests.cometapi.support import ours, outcome_of, soon, stored_settings
from tests.support.mutants import mutated
from tests.support.sandbox import Account, Sandbox

pytestmark = pytest.mark.dbfree

SHORT_S, LONG_S = 1.0, 6.0
"""Given to what would never end, and to what ends by itself, on a busy machine too."""
NEVER_END = ("stall_before_headers", "stall_after_headers", "drip", "applied_late", "429")
FINE = (None, "")
ODD = (Unclear, "odd_answer")
REDIRECT = (Unclear, "redirect")
TIMEOUT = (Unclear, "timeout")

# kind, parameters, what a write raises; a read raises the same where the fault lasts, unless READS says otherwise
TABLE: list[tuple[str, dict[str, Any], tuple[type[UpstreamError] | None, str]]] = [
    ("stall_before_headers", {"seconds": 3}, TIMEOUT),
    ("stall_after_headers", {"seconds": 3}, TIMEOUT),
    ("drip", {}, TIMEOUT),
    ("drip", {"what": "body"}, TIMEOUT),
    ("slow", {"seconds": 0.2}, FINE),
    ("reset_before", {}, (Unclear, "reset")),
    ("reset_after", {}, (Unclear, "reset")),
    ("close", {}, (Unclear, "no_answer")),
    ("close", {"applied": True}, (Unclear, "no_answer")),
    ("cut_with_length", {}, (Unclear, "cut_body")),
    ("cut_without_length", {}, ODD),
    ("cut_chunked", {}, (Unclear, "cut_body")),
    ("garbage", {}, (Unclear, "protocol")),
    ("garbage_body", {}, ODD),
    ("huge_body", {"megabytes": 1000}, (Unclear, "too_large")),
    ("big_header", {}, (Unclear, "protocol")),
    ("applied_late", {"delay": 0.3, "answer": "504"}, (Unclear, "http_504")),
    ("applied_late", {"delay": 0.3, "answer": "524"}, (Unclear, "http_524")),
    ("applied_late", {"delay": 0.3, "answer": "500"}, (Unclear, "http_500")),
    ("applied_late", {"delay": 0.3, "answer": "close"}, (Unclear, "no_answer")),
    ("applied_late", {"delay": 0.3, "answer": "reset"}, (Unclear, "reset")),
    ("applied_late", {"delay": 0.3, "answer": "stall"}, TIMEOUT),
    ("extra_fields", {}, FINE),
    ("stale_read", {}, FINE),
    ("empty_200", {}, (Unclear, "empty")),
    ("204", {}, (Unclear, "empty")),
    ("html_200", {}, (Unclear, "html")),
    ("json_list", {}, ODD),
    ("json_null", {}, ODD),
    ("json_string", {}, ODD),
    ("success_missing", {}, ODD),
    ("success_string", {}, ODD),
    ("success_one", {}, ODD),
    ("another_id", {}, (Unclear, "other_record")),
    ("another_user", {}, (Unclear, "foreign_record")),
    *[("field_missing", {"field": field}, ODD) for field in ("id", "user_id", "name", "status", "allow_ips", "key")],
    ("duplicate_keys", {}, ODD),
    ("nan", {}, ODD),
    ("gzip_bomb", {}, (Unclear, "too_large")),
    ("bad_gzip", {}, (Unclear, "bad_encoding")),
    ("bad_charset", {}, ODD),
    ("refusal", {"message": "no access to group vip"}, (Refused, "refused")),
    ("429", {}, (RateLimited, "http_429")),
    ("429", {"retry_after": "2"}, (RateLimited, "http_429")),
    ("429", {"retry_after": "date:30"}, (RateLimited, "http_429")),
    ("429", {"retry_after": "-3"}, (RateLimited, "http_429")),
    ("429", {"retry_after": "99999999999999"}, (RateLimited, "http_429")),
    ("401_json", {}, (AccessTokenRefused, "http_401")),
    ("401_html", {}, (AccessTokenRefused, "http_401")),
    ("403", {}, (AccessTokenRefused, "http_403")),
    ("400", {}, (Refused, "http_400")),
    ("404", {"html": True}, (Refused, "http_404")),
    ("409", {}, (Refused, "http_409")),
    ("413", {}, (Refused, "http_413")),
    ("500_before", {}, (Unclear, "http_500")),
    ("500_after", {}, (Unclear, "http_500")),
    *[(str(code), {}, (Unclear, f"http_{code}")) for code in (502, 503, 504, 524)],
    *[(str(code), {}, REDIRECT) for code in (301, 302, 307, 308)],
    *[(str(code), {"where": "other"}, REDIRECT) for code in (301, 302, 307, 308)],
]
READ_TABLE = [row for row in TABLE if row[0] != "applied_late"]


def ids_of(table: list[tuple[str, dict[str, Any], Any]]) -> list[str]:
    return [f"{kind}-{'-'.join(map(str, parameters.values()))}".rstrip("-") for kind, parameters, _ in table]


IDS, READ_IDS = ids_of(TABLE), ids_of(READ_TABLE)
READS = {"refusal": (AccessTokenRefused, "refused")}


def given_s(kind: str) -> float:
    return SHORT_S if kind in NEVER_END else LONG_S


def write(stand_in: Sandbox, account: Account, key_id: int, kind: str) -> tuple[PutAnswer | None, UpstreamError | None]:
    """Renames the key while the armed fault is in the way."""
    close_pool()
    before = stored_settings(stand_in, key_id)
    wanted = replace(before, name="renamed")
    return outcome_of(lambda: ours(stand_in, account).put_key(key_id, wanted, soon(given_s(kind))))


@pytest.mark.parametrize(("kind", "parameters", "expected"), TABLE, ids=IDS)
def test_a_write_in_trouble_is_sent_once_and_says_whether_it_may_have_landed(
    kind: str, parameters: dict[str, Any], expected: Any, stand_in: Sandbox, account: Account
) -> None:
    key_id = stand_in.add_key(account, name="first")
    stand_in.fault(kind, operation="update", **parameters)

    found, fault = write(stand_in, account, key_id, kind)

    assert (type(fault) if fault else None, fault.kind if fault else "") == expected
    assert len(stand_in.writes()) == 1, "a PUT was sent again"
    if fault and not fault.may_have_changed:
        assert stand_in.key(key_id)["name"] == "first"
    if found:
        assert found.snapshot and found.snapshot.id == key_id
    assert stand_in.faults()[0]["hits"] == 1


@pytest.mark.parametrize(("kind", "parameters", "expected"), READ_TABLE, ids=READ_IDS)
def test_a_read_in_lasting_trouble_says_so_and_one_in_passing_trouble_tells_the_truth(
    kind: str,
    parameters: dict[str, Any],
    expected: Any,
    stand_in: Sandbox,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retry, "PAUSE_SHARE", 0.001)
    key_id = stand_in.add_key(account, name="first", remain_quota=-5)
    lasting = {"operation": "get", "times": 100, **parameters}
    stand_in.fault(kind, **lasting)
    if kind == "refusal":
        stand_in.fault(kind, **{**lasting, "operation": "list"})

    reader = ours(stand_in, account)
    found, fault = outcome_of(lambda: reader.get_key(key_id, soon(given_s(kind))))
    stand_in.clear_faults()
    stand_in.fault(kind, operation="get", **parameters)
    once, passing = outcome_of(lambda: reader.get_key(key_id, soon(3 * SHORT_S if kind in NEVER_END else LONG_S)))

    assert (type(fault) if fault else None, fault.kind if fault else "") == READS.get(kind, expected)
    assert found is None or true_of(stand_in, found)
    if isinstance(passing or fault, Unclear):
        assert passing is None, "a read in passing trouble was not asked again"
    assert once is None or true_of(stand_in, once)
    assert not stand_in.writes()


def true_of(stand_in: Sandbox, found: KeySnapshot) -> bool:
    return found.settings == stored_settings(stand_in, found.id) and found.masked.count("*") == 10


MUTANTS: dict[str, tuple[Callable[..., Any], str, str]] = {
    "trust success": (wire.opened, 'if envelope.get("success") is not True:', 'if not envelope.get("success"):'),
    "treat a redirect as fine": (
        wire.opened,
        "if answer.status != 200:",
        "if 300 <= answer.status < 400:\n        return Success(None, '', '')\n    if answer.status != 200:",
    ),
    "follow redirects": (
        client_module._exchange,
        "response = _pool().handle_request(request)",
        "response = _pool().handle_request(request)\n"
        "        if 300 <= response.status_code < 400:\n"
        "            response = _pool().handle_request(request)",
    ),
    "retry the PUT": (
        Verbs.put_key,
        "return self._call(call, deadline, read)",
        "return _again(self, call, deadline, read)",
    ),
}


@pytest.mark.parametrize(("kind", "mutant"), [
    ("success_string", "trust success"),
    ("success_one", "trust success"),
    ("301", "treat a redirect as fine"),
    ("307", "follow redirects"),
    ("503", "retry the PUT"),
    ("reset_after", "retry the PUT"),
])  # fmt: skip
def test_a_wrong_variant_is_caught(kind: str, mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from keys.cometapi import verbs
    from keys.cometapi.retry import repeated

    def again(self: Any, call: Any, deadline: Any, read: Any) -> Any:
        return repeated(lambda until: self._call(call, until, read), deadline)

    monkeypatch.setattr(verbs, "_again", again, raising=False)
    (row,) = [row for row in TABLE if row[0] == kind and not row[1]]
    promise = test_a_write_in_trouble_is_sent_once_and_says_whether_it_may_have_landed
    function, old, new = MUTANTS[mutant]

    with mutated(function, old, new), pytest.raises(AssertionError), Sandbox.start() as stand_in:
        promise(*row, stand_in, stand_in.add_account("atlas"))
