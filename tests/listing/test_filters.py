"""Every filter on a shelf of made-up keys. What must come out stands beside it, worked out by hand."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from keys import rules
from keys.models import Drift, KeyNote, MirrorKey, Team
from keys.selectors.counting import counts_of, quick_counts
from keys.selectors.mirror import SORTS, keys_of, listing, ordered, snapshot_of
from keys.selectors.wanted import Wanted, effective, found
from tests.listing.making import DAY, many, mirrored
from tests.people import making

pytestmark = pytest.mark.django_db

NOW = timezone.now()
T = int(NOW.timestamp())
OLD = T - 400 * DAY
LIST = "203.0.113.0/24\n198.51.100.7"
SHELF: dict[str, dict[str, Any]] = {
    # number -> what is not as for any other key; all were made 400 days ago and used yesterday
    "plain": {"name": "Staging Search", "group": "default"},
    "vip": {"name": "Billing 100%", "group": "vip", "model_limits": "gpt-4o,claude_x", "model_limits_enabled": True},
    "off": {"name": "Leaver", "status": 2, "expired_time": T - DAY, "remain_quota": 0},
    "past": {"name": "Importer", "expired_time": T},
    "said past": {"name": "Said past", "status": 3},
    "dry": {"name": "Dry", "remain_quota": 0, "used_quota": 500},
    "over": {"name": "Over", "remain_quota": -7, "used_quota": 900},
    "said dry": {"name": "Said dry", "status": 4},
    "odd": {"name": "Odd", "status": 9},
    "free": {"name": "Free", "unlimited_quota": True, "remain_quota": 0},
    "soon": {"name": "Soon", "expired_time": T + 3 * DAY},
    "later": {"name": "Later", "expired_time": T + 14 * DAY + 1},
    "zero": {"name": "Zero", "expired_time": 0},
    "low": {"name": "Low", "remain_quota": 100, "used_quota": 900},
    "just": {"name": "Just not", "remain_quota": 101, "used_quota": 899},
    "huge": {"name": "Huge", "remain_quota": 2**63 - 1, "used_quota": 2**63 - 1},
    "idle": {"name": "Idle", "accessed_time": T - 30 * DAY, "used_quota": 5},
    "unused": {"name": "Unused", "accessed_time": OLD, "used_quota": 0},
    "young": {"name": "Young", "created_time": T - 5 * DAY, "accessed_time": 0, "used_quota": 0},
    "listed": {"name": "Office", "allow_ips": LIST},
    "six": {"name": "Six", "allow_ips": "2001:db8::/32"},
    "locked": {"name": "Locked", "allow_ips": "the office\n1.1.1.1,2.2.2.2"},
    "comma": {"name": "Comma", "allow_ips": "203.0.,113.9"},
    "blanks": {"name": "Blanks", "allow_ips": "  "},
    "host bits": {"name": "Host bits", "allow_ips": " 203.0.113.77 / 24 "},
    "off listed": {"name": "Off, listed", "status": 2, "allow_ips": LIST},
    "evil": {"name": "\u202eevil\x00\ud800 =cmd()", "group": "\x1b[31m"},
    "gone": {"name": "Gone search", "gone_at": NOW - timedelta(days=2)},
}
NUMBERS = {name: number for number, name in enumerate(SHELF, start=1)}
HERE = set(SHELF) - {"gone"}
RESTRICTED = {"listed", "six", "locked", "comma", "host bits", "off listed"}

CASES: list[tuple[Wanted, set[str]]] = [
    (Wanted(), HERE),
    (Wanted(q="search"), {"plain"}),
    (Wanted(q="STAGING"), {"plain"}),
    (Wanted(q="100%"), {"vip"}),
    (Wanted(q="claude_x"), {"vip"}),
    (Wanted(q="claudexx"), set()),
    (Wanted(q="vip"), {"vip"}),
    (Wanted(q="\u202eevil"), {"evil"}),
    (Wanted(q="\x00\ud800"), {"evil"}),
    (Wanted(q="\\u202e"), {"evil"}),
    (Wanted(q="%"), {"vip"}),
    (Wanted(q="anna"), {"listed"}),
    (Wanted(q="BILLING"), {"vip", "soon"}),
    (Wanted(q="search", gone=True), {"gone"}),
    (Wanted(gone=True), {"gone"}),
    (Wanted(status="disabled"), {"off", "off listed"}),
    (Wanted(status="expired"), {"past", "said past", "zero"}),
    (Wanted(status="exhausted"), {"dry", "over", "said dry"}),
    (Wanted(status="other"), {"odd"}),
    (Wanted(group="vip"), {"vip"}),
    (Wanted(group="VIP"), set()),
    (Wanted(group="\x1b[31m"), {"evil"}),
    (Wanted(expiring=14), {"soon"}),
    (Wanted(expiring=3), {"soon"}),
    (Wanted(expiring=2), set()),
    (Wanted(expiring=0), set()),
    (Wanted(expiring=15), {"soon", "later"}),
    (Wanted(idle=30), {"idle", "unused"}),
    (Wanted(idle=31), {"unused"}),
    (Wanted(idle=5), {"idle", "unused", "young"}),
    (Wanted(never_used=True), {"unused", "young"}),
    (Wanted(low=10), {"low"}),
    (Wanted(low=9), set()),
    (Wanted(low=11), {"low", "just"}),
    (Wanted(unlimited=True), {"free"}),
    (Wanted(no_expiry=True), HERE - {"off", "past", "soon", "later", "zero"}),
    (Wanted(no_allowlist=True), HERE - RESTRICTED),
    (Wanted(drifted=True), {"soon"}),
    (Wanted(owner="ANNA Berg"), {"listed"}),
    (Wanted(owner="anna"), set()),
    (Wanted(tag="prod"), {"listed"}),
    (Wanted(tag="pro"), set()),
    (Wanted(address="203.0.113.9"), HERE - RESTRICTED | {"listed", "host bits", "comma", "off listed"}),
    (Wanted(address="203.0.113.200"), HERE - RESTRICTED | {"listed", "host bits", "off listed"}),
    (Wanted(address="2001:db8::7"), HERE - RESTRICTED | {"six"}),
    (Wanted(address="1.1.1.1"), HERE - RESTRICTED),
    (Wanted(address="198.51.100.7", status="disabled"), {"off", "off listed"}),
    (Wanted(address="198.51.100.7", no_allowlist=True, status="disabled"), {"off"}),
    (Wanted(status="enabled", q="office"), {"listed"}),
    (Wanted(tag="prod", owner="anna berg", q="office"), {"listed"}),
    (Wanted(tag="prod", status="disabled"), set()),
]


@pytest.fixture
def shelf() -> Team:
    """Beside it stands another team's, with keys of the same numbers in another account, notes and drifts."""
    team, other = making.team("blue", account_id=7), making.team("red", "Red", account_id=8)
    for name, fields in SHELF.items():
        mirrored(team, NUMBERS[name], **{"created_time": OLD, "accessed_time": T - DAY, "used_quota": 1, **fields})
        mirrored(other, NUMBERS[name], name="other team's")
    note(7, "listed", "Anna Berg", "prod,eu")
    note(7, "soon", "", "", "Billing of the shop")
    note(8, "plain", "Anna Berg", "prod")
    drift(team, "soon", Drift.State.OPEN)
    drift(team, "plain", Drift.State.ACCEPTED)
    drift(other, "vip", Drift.State.OPEN)
    return team


def note(account_id: int, name: str, owner: str, tags: str, purpose: str = "") -> None:
    texts = {"owner": owner, "purpose": purpose, "tags": f",{tags}," if tags else ""}
    folded = {"owner_folded": owner.casefold(), "haystack": "\n".join(texts.values()).casefold()}
    KeyNote.objects.create(account_id=account_id, key_id=NUMBERS[name], **texts, **folded)


def drift(team: Team, name: str, state: str) -> None:
    key = {"account_id": team.account_id, "key_id": NUMBERS[name]}
    Drift.objects.create(team=team, **key, found_at=NOW, changed={}, record_seq=1, state=state)


def names(team: Team, wanted: Wanted) -> list[str]:
    by_number = {number: name for name, number in NUMBERS.items()}
    return [by_number[one.row.key.id] for one in listing([team], wanted, 1, NOW).rows]


@pytest.mark.parametrize(
    ("wanted", "expected"), CASES, ids=lambda part: repr(part.asked() if isinstance(part, Wanted) else "")
)
def test_each_filter(wanted: Wanted, expected: set[str], shelf: Team) -> None:
    assert set(names(shelf, wanted)) == expected


def test_each_count_is_how_many_its_filter_shows(shelf: Team) -> None:
    found = listing([shelf], Wanted(status="disabled"), 1, NOW)

    assert found.counts == {"enabled": 18, "disabled": 2, "expired": 3, "exhausted": 3, "other": 1}
    assert (found.pages.total, found.all, found.gone) == (2, 27, 1)


def test_the_status_in_sql_is_the_rules_own(shelf: Team) -> None:
    MirrorKey.objects.bulk_create(many(shelf, 400, first=1_000))

    for key in MirrorKey.objects.annotate(sql=effective(NOW)):
        ruled = rules.effective_status(snapshot_of(key).settings, NOW)
        assert key.sql == (ruled.status or ruled.stored), key.name


def test_both_ways_of_counting_say_the_same(shelf: Team) -> None:
    MirrorKey.objects.bulk_create(many(shelf, 400, first=1_000))
    keys = found(keys_of([shelf]), Wanted(), NOW)

    slow, gone = counts_of(keys.annotate(effective=effective(NOW))), shelf.mirror_keys.exclude(gone_at=None).count()

    assert quick_counts([shelf], NOW) == (slow, gone)
    assert sum(slow.values()) == 427 and gone


def test_both_ways_of_counting_say_the_same_of_all_teams_and_of_none(shelf: Team) -> None:
    everything = MirrorKey.objects.annotate(effective=effective(NOW))
    slow = counts_of(everything.filter(gone_at=None)), everything.exclude(gone_at=None).count()

    assert quick_counts(list(Team.objects.all()), NOW) == slow
    assert set(quick_counts([], NOW)[0].values()) == {0}


def test_what_is_let_in_now_comes_before_what_is_not(shelf: Team) -> None:
    rows = listing([shelf], Wanted(address="203.0.113.9", sort="name"), 1, NOW).rows

    statuses = [one.row.status for one in rows]
    alive = statuses.count(1)
    assert statuses[:alive] == [1] * alive and 1 not in statuses[alive:]
    assert [(at, one.heads) for at, one in enumerate(rows) if one.heads] == [(0, "in"), (alive, "out")]


ORDERS: list[tuple[str, list[str]]] = [
    ("left", ["over", "dry", "off", "low", "just"]),
    ("-left", ["free", "huge"]),
    ("used", ["young", "unused"]),
    ("-used", ["huge", "low", "over", "just", "dry"]),
    ("expires", ["zero", "off", "past", "soon", "later"]),
    ("restricted", ["evil", "blanks", "young", "unused"]),
    ("-restricted", ["off listed", "host bits", "comma", "locked", "six", "listed", "vip", "evil"]),
    ("created", ["plain", "vip", "off"]),
    ("-created", ["evil", "off listed", "host bits"]),
    ("last_used", ["young", "unused", "idle"]),
    ("name", ["vip", "blanks", "comma", "dry", "free"]),
    ("-status", ["odd", "said dry", "over", "dry", "zero", "said past", "past", "off listed", "off"]),
]


@pytest.mark.parametrize(("sort", "first"), ORDERS)
def test_each_order(sort: str, first: list[str], shelf: Team) -> None:
    MirrorKey.objects.filter(key_id=NUMBERS["evil"]).update(name="zzz")  # where collations put a backslash is theirs

    assert names(shelf, Wanted(sort=sort))[: len(first)] == first


def test_every_order_shows_every_key_once(shelf: Team) -> None:
    for name in SORTS:
        for sort in (name, f"-{name}"):
            assert sorted(names(shelf, Wanted(sort=sort))) == sorted(HERE)


def test_keys_of_all_teams_stand_together(shelf: Team) -> None:
    teams = list(Team.objects.all())

    found = listing(teams, Wanted(sort="team"), 1, NOW, every=True)

    assert found.all == len(HERE) + len(SHELF)
    assert [one.team.slug for one in found.rows] == ["blue"] * 27 + ["red"] * 23
    tagged = listing(teams, Wanted(tag="prod"), 1, NOW, every=True)
    assert {(one.team.slug, one.row.key.id) for one in tagged.rows} == {("blue", NUMBERS["listed"]), ("red", 1)}


@pytest.mark.parametrize("sort", [*SORTS, *(f"-{name}" for name in SORTS)])
def test_pages_stand_one_after_the_other_from_whichever_end_they_are_read(sort: str, shelf: Team) -> None:
    MirrorKey.objects.bulk_create(many(shelf, 180, first=1_000))
    wanted = Wanted(sort=sort)
    keys = ordered(found(keys_of([shelf]), wanted, NOW).annotate(effective=effective(NOW)), wanted)

    pages = [listing([shelf], wanted, number, NOW) for number in range(1, 6)]

    assert [one.row.key.id for page in pages for one in page.rows] == list(keys.values_list("key_id", flat=True))


def test_pages_hold_fifty_and_every_key_is_on_one(shelf: Team) -> None:
    MirrorKey.objects.bulk_create(many(shelf, 200, first=1_000))

    pages = [listing([shelf], Wanted(), number, NOW) for number in range(1, 7)]

    assert [len(page.rows) for page in pages] == [50, 50, 50, 50, 27, 0]
    assert len({one.row.key.id for page in pages for one in page.rows}) == 227
    assert (pages[4].pages.first, pages[4].pages.last, pages[4].pages.pages) == (201, 227, 5)
    assert pages[5].pages.beyond
