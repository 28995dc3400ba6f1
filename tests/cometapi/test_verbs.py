"""Every verb against the sandbox over real sockets, in each dialect, and the troubles that have no body."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from keys.errors import AccessTokenRefused, KeyNotFound, NotSent
from tests.cometapi.support import client, ours, outcome_of, soon, stored_settings
from tests.support.sandbox import Account, Sandbox

pytestmark = pytest.mark.dbfree


def test_a_refused_connection_is_not_sent_and_a_read_waits_for_the_next(stand_in: Sandbox, account: Account) -> None:
    key_id = stand_in.add_key(account, name="first")
    stand_in.down(1.0)

    _, fault = outcome_of(lambda: ours(stand_in, account).put_key(key_id, stored_settings(stand_in, key_id), soon(5)))
    found = ours(stand_in, account).get_key(key_id, soon(20))

    assert isinstance(fault, NotSent) and fault.kind == "connect"
    assert not stand_in.writes()
    assert found.settings.name == "first"


def test_where_nobody_listens_nothing_was_sent(account: Account, stand_in: Sandbox) -> None:
    for base, kind in (("http://127.0.0.1:1", "connect"), ("http://nowhere.invalid", "dns")):
        _, fault = outcome_of(partial(client(base).get_key, 1, soon()))

        assert isinstance(fault, NotSent) and fault.kind == kind


@pytest.mark.parametrize("dialect", ["A", "B", "C"])
@pytest.mark.parametrize("switches", [{}, {"masked": True}, {"gzip": True}, {"unknown_path": "json"}])
def test_without_a_fault_every_verb_works(dialect: str, switches: dict[str, Any]) -> None:
    with Sandbox.start(dialect, **switches) as stand_in:
        account = stand_in.add_account("atlas", groups={"vip": {"desc": "Fast", "ratio": 2}})
        ids = [stand_in.add_key(account, name=name) for name in ("first", "مفتاح", "密钥", "a\x00\u202e")]
        verbs = ours(stand_in, account)

        page = verbs.list_keys(1, 3, soon())
        one = verbs.get_key(ids[-1], soon())
        put = verbs.put_key(ids[-1], replace(one.settings, remain_quota=7), soon())
        only = verbs.put_key(
            ids[0], replace(verbs.get_key(ids[0], soon()).settings, status=2), soon(), status_only=True
        )

        assert (len(page.items), page.total, page.skipped) == (3, 4, 0)
        assert one.settings.name == "a\x00\u202e" == stand_in.key(ids[-1])["name"]
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

        assert type(gone) is KeyNotFound
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
    pages = [ours(stand_in, account).list_keys(page, 500, soon(5)) for page in (1, 2)]
    stand_in.fault("wrong_total", operation="list", total=-7)
    pages.append(ours(stand_in, account).list_keys(3, 500, soon(5)))

    ids = {key.id for page in pages for key in page.items}
    assert len([key for key in stand_in.keys(account) if key["name"].startswith("key ") and key["id"] in ids]) == 250
    assert [page.page_size for page in pages] == [100] * 3 and pages[2].total == len(pages[2].items)
