"""Every fault of promise 5 on a write and on a read, against the sandbox over real sockets.

What is expected stands in the table; what is true is what the sandbox's log says.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from keys.cometapi import client as client_module
from keys.cometapi import wire
from keys.cometapi.client import PutAnswer, close_pool
from keys.cometapi.verbs import Verbs
from keys.errors import AccessTokenRefused, NotSent, RateLimited, Refused, Unclear, UpstreamError
from keys.types import KeySnapshot, Waits
from tests.cometapi.support import client, soon
from tests.support.mutants import mutated
from tests.support.sandbox import Account, Sandbox

pytestmark = pytest.mark.dbfree

GIVEN_S = 1.0
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
IDS = [f"{kind}-{'-'.join(map(str, parameters.values()))}".rstrip("-") for kind, parameters, _ in TABLE]
WRITES_ALONE = ("applied_late",)
READS = {"refusal": (AccessTokenRefused, "refused")}


@pytest.fixture(autouse=True)
def _own_pool(settings: Any) -> Iterator[None]:
    settings.WAITS = Waits()
    close_pool()
    yield
    close_pool()


@pytest.fixture
def stand_in() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture
def account(stand_in: Sandbox) -> Account:
    return stand_in.add_account("atlas")


def ours(stand_in: Sandbox, account: Account, **fields: Any) -> Verbs:
    return client(stand_in.url, access_token=account.token, account_id=account.id, **fields)


def outcome_of(call: Any) -> tuple[Any, UpstreamError | None]:
    try:
        return call(), None
    except UpstreamError as fault:
        return None, fault


def write(stand_in: Sandbox, account: Account, key_id: int) -> tuple[PutAnswer | None, UpstreamError | None]:
    """Renames the key while the armed fault is in the way."""
    close_pool()
    before = KeySnapshotReader(stand_in).settings(key_id)
    wanted = replace(before, name="renamed")
    return outcome_of(lambda: ours(stand_in, account).put_key(key_id, wanted, soon(GIVEN_S)))


class KeySnapshotReader:
    """Settings straight from the sandbox, past the client."""

    def __init__(self, stand_in: Sandbox) -> None:
        self._stand_in = stand_in

    def settings(self, key_id: int) -> Any:
        from keys.types import EDITABLE, KeySettings

        stored = self._stand_in.key(key_id)
        return KeySettings(**{name: stored[name] for name in EDITABLE})


@pytest.mark.parametrize(("kind", "parameters", "expected"), TABLE, ids=IDS)
def test_a_write_in_trouble_is_sent_once_and_says_whether_it_may_have_landed(
    kind: str, parameters: dict[str, Any], expected: Any, stand_in: Sandbox, account: Account
) -> None:
    key_id = stand_in.add_key(account, name="first")
    stand_in.fault(kind, operation="update", **parameters)

    found, fault = write(stand_in, account, key_id)

    assert (type(fault) if fault else None, fault.kind if fault else "") == expected
    assert len(stand_in.writes()) == 1, "a PUT was sent again"
    if fault and not fault.may_have_changed:
        assert stand_in.key(key_id)["name"] == "first"
    if found:
        assert found.snapshot and found.snapshot.id == key_id
    assert stand_in.faults()[0]["hits"] == 1


@pytest.mark.parametrize(("kind", "parameters", "expected"), TABLE, ids=IDS)
def test_a_read_in_lasting_trouble_says_so_and_one_in_passing_trouble_tells_the_truth(
    kind: str, parameters: dict[str, Any], expected: Any, stand_in: Sandbox, account: Account
) -> None:
    if kind in WRITES_ALONE:
        pytest.skip("nothing is applied by a read")
    key_id = stand_in.add_key(account, name="first", remain_quota=-5)
    lasting = {"operation": "get", "times": 100, **parameters}
    stand_in.fault(kind, **lasting)
    if kind == "refusal":
        stand_in.fault(kind, **{**lasting, "operation": "list"})

    reader = ours(stand_in, account)
    found, fault = outcome_of(lambda: reader.get_key(key_id, soon(GIVEN_S)))
    stand_in.clear_faults()
    stand_in.fault(kind, operation="get", **parameters)
    once, passing = outcome_of(lambda: reader.get_key(key_id, soon(3)))

    assert (type(fault) if fault else None, fault.kind if fault else "") == READS.get(kind, expected)
    assert found is None or true_of(stand_in, found)
    if isinstance(passing or fault, Unclear):
        assert passing is None, "a read in passing trouble was not asked again"
    assert once is None or true_of(stand_in, once)
    assert not stand_in.writes()


def true_of(stand_in: Sandbox, found: KeySnapshot) -> bool:
    return found.settings == KeySnapshotReader(stand_in).settings(found.id) and found.masked.count("*") == 10


def test_a_refused_connection_is_not_sent_and_a_read_waits_for_the_next(stand_in: Sandbox, account: Account) -> None:
    key_id = stand_in.add_key(account, name="first")
    stand_in.down(0.4)

    _, fault = write(stand_in, account, key_id)
    found = ours(stand_in, account).get_key(key_id, soon(5)) if fault else None

    assert isinstance(fault, NotSent) and fault.kind == "connect"
    assert not stand_in.writes()
    assert found is None or found.settings.name == "first"


def test_where_nobody_listens_nothing_was_sent(account: Account, stand_in: Sandbox) -> None:
    for base, kind in (("http://127.0.0.1:1", "connect"), ("http://nowhere.invalid", "dns")):
        _, fault = outcome_of(lambda base=base: client(base).get_key(1, soon()))  # type: ignore[misc]

        assert isinstance(fault, NotSent) and fault.kind == kind


@pytest.mark.parametrize("dialect", ["A", "B", "C"])
@pytest.mark.parametrize("switches", [{}, {"masked": True}, {"gzip": True}, {"unknown_path": "json"}])
def test_without_a_fault_every_verb_works(dialect: str, switches: dict[str, Any]) -> None:
    with Sandbox.start(dialect, **switches) as stand_in:
        account = stand_in.add_account("atlas", groups={"vip": {"desc": "Fast", "ratio": 2}})
        ids = [stand_in.add_key(account, name=name) for name in ("first", "مفتاح", "密钥", "\ud800")]
        verbs = ours(stand_in, account)

        page = verbs.list_keys(1, 3, soon())
        one = verbs.get_key(ids[-1], soon())
        put = verbs.put_key(ids[-1], replace(one.settings, remain_quota=7), soon())
        only = verbs.put_key(
            ids[0], replace(verbs.get_key(ids[0], soon()).settings, status=2), soon(), status_only=True
        )

        assert (len(page.items), page.total, page.skipped) == (3, 4, 0)
        assert one.settings.name == "\ud800" == stand_in.key(ids[-1])["name"]
        assert put.snapshot is not None and put.snapshot.settings.remain_quota == 7
        assert only.snapshot is not None and stand_in.key(ids[0])["status"] == 2
        assert verbs.account(soon()).id == account.id
        assert [group.name for group in verbs.groups(soon()) or ()] == ["vip"]


@pytest.mark.parametrize("refusal", ["401", "200"])
def test_a_token_replaced_in_the_console_is_told_from_a_key_that_is_gone(refusal: str) -> None:
    with Sandbox.start(token_refusal=refusal, groups_listed=False) as stand_in:
        account = stand_in.add_account("atlas")
        key_id = stand_in.add_key(account)

        _, gone = outcome_of(lambda: ours(stand_in, account).get_key(key_id + 999, soon()))
        stale = client(stand_in.url, access_token="replaced")
        _, refused = outcome_of(lambda: stale.get_key(key_id, soon()))
        _, listed = outcome_of(lambda: stale.list_keys(1, 50, soon()))
        _, unknown = outcome_of(lambda: stale.account(soon()))

        assert type(gone).__name__ == "KeyNotFound"
        assert [type(fault) for fault in (refused, listed, unknown)] == [AccessTokenRefused] * 3
        assert stale.groups(soon()) is None


def test_the_account_header_is_sent_where_upstream_asks_for_it() -> None:
    with Sandbox.start(require_new_api_user=True) as stand_in:
        account = stand_in.add_account("atlas")
        stand_in.add_key(account)

        _, without = outcome_of(lambda: ours(stand_in, account).list_keys(1, 50, soon()))
        found = ours(stand_in, account, send_account_header=True).list_keys(1, 50, soon())

        assert isinstance(without, AccessTokenRefused) and len(found.items) == 1


def test_shifting_pages_and_wrong_totals_lose_no_key(stand_in: Sandbox, account: Account) -> None:
    for number in range(250):
        stand_in.add_key(account, name=f"key {number}")
    stand_in.fault("shifting_pages", operation="list", keys=3, times=2)
    stand_in.fault("wrong_total", operation="list", total=-7, times=1, skip=2)

    pages = [ours(stand_in, account).list_keys(page, 500, soon(5)) for page in (1, 2, 3)]

    ids = {key.id for page in pages for key in page.items}
    assert len([key for key in stand_in.keys(account) if key["name"].startswith("key ") and key["id"] in ids]) == 250
    assert [page.page_size for page in pages] == [100] * 3 and pages[2].total == len(pages[2].items)


MUTANTS = {
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
