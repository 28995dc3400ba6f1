"""What the ledger's selectors show to whom, and how a key's story is told."""

import pytest

from keys.ledger.actions import Action
from keys.models import CompanyRole, Membership, Person, Record, Team, TeamRole
from keys.selectors.history import key_history, record_for, told_together
from keys.selectors.history_filter import HistoryFilter
from keys.selectors.search import find
from keys.selectors.telling import told
from keys.types import Actor, ActorKind
from tests.ledger.making import HOSTILE, append, change, key_fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def blue() -> Team:
    return Team.objects.create(slug="blue", name="Blue")


@pytest.fixture
def red() -> Team:
    return Team.objects.create(slug="red", name="Red")


def person(name: str, role: str = "", **teams: Team) -> Person:
    """teams: what they are there -> the team."""
    made = Person.objects.create_user(name, company_role=role)
    for team_role, team in teams.items():
        Membership.objects.create(person=made, team=team, role=TeamRole(team_role))
    return made


def itself(who: Person) -> Actor:
    return Actor(ActorKind.PERSON, str(who.pk), who.username)


def seen(who: Person) -> list[int]:
    return [record.seq for record in find(who, HistoryFilter()).records]


def test_each_sees_their_own(blue: Team, red: Team) -> None:
    lead, member = person("lead", lead=blue), person("member", member=red)
    append(team=blue)
    append(team=red)
    append(actor=itself(lead))
    append(actor=itself(member))
    append(actor=itself(member), action=Action.DENIED)
    append(actor=Actor(ActorKind.SYSTEM, str(lead.pk), "lead"))

    assert seen(lead) == [3, 1]
    assert seen(member) == [4, 2]
    assert seen(person("nobody")) == []
    assert seen(person("auditor", CompanyRole.AUDITOR)) == [6, 5, 4, 3, 2, 1]
    assert seen(person("admin", CompanyRole.ADMIN)) == [6, 5, 4, 3, 2, 1]


def test_a_deactivated_person_sees_nothing(blue: Team) -> None:
    admin = person("admin", CompanyRole.ADMIN, lead=blue)
    admin.is_active = False
    append(team=blue)

    assert seen(admin) == []


def test_who_left_a_team_no_longer_sees_it(blue: Team) -> None:
    lead = person("lead", lead=blue)
    append(team=blue)
    Membership.objects.all().delete()

    assert seen(lead) == []
    assert record_for(lead, 1) is None


def test_another_teams_record_and_an_absent_one_are_alike(blue: Team, red: Team) -> None:
    lead = person("lead", lead=blue)
    append(team=red)

    assert record_for(lead, 1) is None
    assert record_for(lead, 99) is None


def test_pages_join_and_hold_still_while_others_append(blue: Team) -> None:
    lead = person("lead", lead=blue)
    for _ in range(7):
        append(team=blue)

    first = find(lead, HistoryFilter(), limit=3)
    append(team=blue)
    second = find(lead, HistoryFilter(), before=first.next_before, limit=3)
    third = find(lead, HistoryFilter(), before=second.next_before, limit=3)

    assert [[r.seq for r in page.records] for page in (first, second, third)] == [[7, 6, 5], [4, 3, 2], [1]]
    assert (first.next_before, second.next_before, third.next_before) == (5, 2, None)


def test_a_full_last_page_has_no_next_one(blue: Team) -> None:
    for _ in range(3):
        append(team=blue)

    assert find(person("lead", lead=blue), HistoryFilter(), limit=3).next_before is None


def test_a_page_is_few_queries(blue: Team, django_assert_max_num_queries: object) -> None:
    lead = person("lead", lead=blue)
    for _ in range(20):
        append(team=blue)

    with django_assert_max_num_queries(6):  # type: ignore[operator]
        assert len(seen(lead)) == 20


def test_a_key_s_story_joins_intents_and_outcomes(blue: Team, red: Team) -> None:
    change(blue, 4, name="first")
    change(blue, 5)
    change(red, 4)
    change(blue, 4, outcome=None)
    append(team=blue, key_id=4, action=Action.DENIED)

    refused, unknown, first = key_history(blue.pk, 4)

    assert (refused.action, refused.outcome, refused.open, refused.outcome_label) == ("access.denied", "", False, "")
    assert (unknown.open, unknown.outcome, unknown.outcome_seq, unknown.tone) == (True, "", None, "warn")
    assert (first.outcome, first.seq, first.outcome_seq, first.reason) == ("confirmed", 1, 2, "new office")
    assert (first.label, first.outcome_label, first.tone) == ("Edit key", "Confirmed", "good")
    assert [(line.label, line.old, line.new) for line in first.changed] == [("Name", "staging", "first")]


def test_the_newest_outcome_counts(blue: Team) -> None:
    intent = change(blue, 4, outcome="unknown")[0]
    differs = {"differs": {"name": ["a", "b"], "remain_quota": [5, 1_000_000]}}
    about = {"team": blue, "key_id": 4, "change": intent.change}
    append(action=Action.KEY_SETTLE, outcome="differs", body=differs, **about)

    (entry,) = key_history(blue.pk, 4)

    assert (entry.action, entry.outcome, entry.outcome_seq) == ("key.edit", "differs", 3)
    assert [(line.field, line.old, line.new) for line in entry.differs] == [
        ("name", "a", "b"),
        ("remain_quota", "$0.00001 (5 units)", "$2.00 (1,000,000 units)"),
    ]


def test_the_newest_entries_come_first_and_no_more_than_asked(blue: Team) -> None:
    for n in range(5):
        change(blue, 4, name=f"n{n}")

    assert [entry.changed[0].new for entry in key_history(blue.pk, 4, limit=3)] == ["n4", "n3", "n2"]


def test_hostile_text_is_told_visibly(blue: Team) -> None:
    change(blue, 4, name=HOSTILE)

    line = key_history(blue.pk, 4)[0].changed[0]

    assert line.new.encode()
    assert line.new == "\\u202egnp.\\u0000\\ud800<b>\\ =cmd()\\u001b[31m"


def test_one_record_tells_everything_with_units(blue: Team) -> None:
    body = {
        "before": key_fields(remain_quota=1_500_000, allow_ips=None, accessed_time=10**15),
        "wanted": key_fields(status=2, unlimited_quota=True),
        "steps": [{"step": "settings", "answer": "refused", "message": "no", "kind": "", "http_status": 200, "ms": 12}],
        "message": "no",
        "gone": False,
    }
    record = append(team=blue, key_id=4, body=body)

    all_of_it = told(record)

    states = {line[0]: line[1:] for line in all_of_it.states}
    assert states["Quota left"] == ("$3.00 (1,500,000 units)", "$1.00 (500,000 units)", "–")
    assert states["Status"] == ("enabled", "disabled", "–")
    assert states["Expiry"] == ("never", "never", "–")
    assert states["Allowlist"] == ("(empty)", "203.0.113.0/24\n198.51.100.7", "–")
    assert states["Unlimited quota"] == ("no", "yes", "–")
    assert states["Created"][0] == "2023-11-14 22:13:20 UTC"
    assert states["Last used"] == ("1000000000000000", "2023-11-14 22:13:21 UTC", "–")
    assert all_of_it.steps == (
        (("step", "settings"), ("answer", "refused"), ("http_status", "200"), ("message", "no"), ("ms", "12")),
    )
    assert all_of_it.plain == (("CometAPI's words", "no"),)


def test_the_other_records_of_a_change_are_found(blue: Team) -> None:
    intent, outcome = change(blue, 4)
    lead = person("lead", lead=blue)

    assert told_together(intent, lead) == [outcome]
    assert told_together(outcome, lead) == [intent]
    assert told_together(append(team=blue), lead) == []
    assert told_together(intent, person("stranger")) == []
    assert Record.objects.count() == 3
