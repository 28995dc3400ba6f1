"""How an entry is told: lists as added and removed, faces, damage, hostile text everywhere, what a key is by now."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from keys.ledger.actions import Action
from keys.ledger.labels import action_label, value_text
from keys.models import CompanyRole, Membership, Person, Team, TeamRole
from keys.selectors.history import key_history
from keys.selectors.keys_now import keys_now
from keys.selectors.telling import lines_of
from keys.types import EDITABLE, Actor, ActorKind
from keys.views.faces import FACES, PLAIN, face_of
from tests.ledger.damage import without_guards
from tests.ledger.making import HOSTILE, append, change, key_fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def blue() -> Team:
    return Team.objects.create(slug="blue", name="Blue")


def page(path: str = "/history/") -> str:
    person, _ = Person.objects.get_or_create(username="boss", company_role=CompanyRole.ADMIN)
    client = Client()
    client.force_login(person)
    answer = client.get(path)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def words(html: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", html).split())


LISTS: list[tuple[str, Any, Any, tuple[str, ...], tuple[str, ...], int, str]] = [
    ("allow_ips", "10.0.0.1\n10.0.0.2", "10.0.0.2\n10.0.0.3", ("10.0.0.3",), ("10.0.0.1",), 1, ""),
    ("allow_ips", None, "10.0.0.1", ("10.0.0.1",), (), 0, "before: any address"),
    ("allow_ips", "10.0.0.1", "", (), ("10.0.0.1",), 0, "now: any address"),
    ("allow_ips", "a\nb", "b\na", (), (), 2, ""),
    ("model_limits", "gpt-4o,claude", "claude,o3", ("o3",), ("gpt-4o",), 1, ""),
    ("model_limits", "a,a,\u202eb", "a", (), ("\\u202eb",), 1, ""),
    ("name", "a\nb", "b", (), (), 0, ""),
    ("allow_ips", 7, "10.0.0.1", (), (), 0, ""),
]


@pytest.mark.parametrize(("field", "old", "new", "added", "removed", "kept", "note"), LISTS)
def test_a_list_is_told_as_added_and_removed(
    field: str, old: Any, new: Any, added: tuple[str, ...], removed: tuple[str, ...], kept: int, note: str
) -> None:
    (line,) = lines_of({"changed": {field: [old, new]}}, "changed")

    assert (line.added, line.removed, line.kept, line.note) == (added, removed, kept, note)


@pytest.mark.parametrize(
    ("units", "told"),
    [
        (1, "$0.000002 (1 unit)"),
        (0, "$0.00 (0 units)"),
        (-1_234, "\N{MINUS SIGN}$0.002 (\N{MINUS SIGN}1,234 units)"),
        (6_200_000, "$12.40 (6,200,000 units)"),
    ],
)
def test_quota_is_told_in_usd_and_units(units: int, told: str) -> None:
    assert (value_text("remain_quota", units), value_text("used_quota", units)) == (told, told)


def test_every_action_has_a_face_and_an_unknown_one_a_plain_face() -> None:
    assert {action: face_of(action) for action in Action if face_of(action) is PLAIN} == {}
    assert face_of("key.drift_accept") is FACES["key"] and face_of("key.move") is FACES["key"]
    assert (face_of("moon.rise"), action_label("moon.rise_late")) == (PLAIN, "Moon: rise late")


def test_every_face_can_be_drawn() -> None:
    from heroicons.templatetags.heroicons import heroicon_mini

    for face in (PLAIN, *FACES.values()):
        assert "<svg" in heroicon_mini(face.icon)
        assert face.tone in ("", "good", "warn", "bad", "info")


def test_a_change_and_what_became_of_it_are_one_entry(blue: Team) -> None:
    intent = change(blue, 4, outcome="unknown")[0]
    system = Actor(ActorKind.SYSTEM, "", "settling", "system")
    append(action=Action.KEY_SETTLE, team=blue, key_id=4, change=intent.change, outcome="applied", actor=system)

    html = page()

    assert html.count('<li class="entry"') == 1
    assert re.search(r"Edit key Unknown \d\d:\d\d:\d\d → Applied \d\d:\d\d:\d\d", words(html))


def test_what_only_counts_is_told_too(blue: Team) -> None:
    append(action=Action.DENIED, team=blue, body={"verb": "edit_key", "count": 12})
    append(action=Action.MEMBERSHIP_SET, team=blue, body={"person": "bob", "changed": {"role": ["", "lead"]}})

    said = words(page())

    assert "Access denied What was asked for edit a key · How often 12 times" in said
    assert "Membership set Role: (empty) → lead Person bob" in said


DAMAGE = ["", "{", "null", '{"body": 7}', '{"body": {"changed": {"name": "x"}, "steps": {}, "found": [1], "gone": 3}}']


@pytest.mark.parametrize(
    "text", [*DAMAGE, '{"body": {"changed": [], "before": "x", "steps": [7], "differs": {"a": 1}}}']
)
def test_a_damaged_ledger_still_opens_for_reading(blue: Team, text: str) -> None:
    change(blue, 4)
    with without_guards() as cursor:
        cursor.execute("UPDATE keys_record SET text = %s", [text])

    html = page() + page("/history/1/") + page("/history/2/") + page("/history/?team=blue&key=4")

    assert "Edit key" in html and ("text is damaged" in html) is (text in DAMAGE[:4])
    assert len(key_history(blue.pk, 4)) == 1


def test_an_outcome_whose_intent_is_gone_still_opens(blue: Team) -> None:
    change(blue, 4)
    with without_guards() as cursor:
        cursor.execute("DELETE FROM keys_record WHERE seq = 1")

    assert "Confirmed" in words(page()) and "Confirmed" in words(page("/history/2/"))


@pytest.mark.parametrize("field", [*EDITABLE, "role", "email", "masked"])
def test_hostile_text_stays_text_in_every_value(blue: Team, field: str) -> None:
    """Promise 12, on the history: as a value before and after, in a list, as reason, actor, message and person."""
    hostile = f"{HOSTILE}<script>alert(1)</script>"
    pair = [hostile, f"{hostile}\n{hostile},2"]
    body = {"changed": {field: pair}, "altered": {field: pair[::-1]}, "person": hostile, "message": hostile}
    about = {"team": blue, "key_id": 4, "key_name": hostile, "reason": hostile, "action": Action.KEY_EDIT}
    append(**about, actor=Actor(ActorKind.PERSON, "7", hostile, "lead"), body=body)

    for html in (page(), page("/history/1/"), page("/history/?value=alert(1)"), page("/history/?team=blue&key=4")):
        assert "<script>alert" not in html and "<b>" not in html
        assert not {"\u202e", "\x00", "\x1b", "\ud800"} & set(html)
        assert "\\u202egnp." in html


def test_rows_say_what_the_key_is_by_now(blue: Team) -> None:
    red = Team.objects.create(slug="red", name="Red")
    old = [change(blue, key)[0] for key in (1, 2, 3)] + [change(red, 1)[0]]
    for team, key, found in ((blue, 1, key_fields(status=2)), (blue, 2, key_fields(status=3)), (red, 1, None)):
        (intent,) = change(team, key, outcome=None)
        body = {"found": found} if found else {"gone": True}
        append(action=Action.KEY_EDIT, team=team, key_id=key, change=intent.change, outcome="confirmed", body=body)

    now = keys_now(old)

    told = {key: value.status for key, value in now.items()}
    assert told == {(blue.pk, 1): 2, (blue.pk, 2): 3, (red.pk, 1): None}
    said = words(page())
    assert ("reads disabled," in said, "reads expired," in said, "gone by now," in said) == (True, True, True)


@pytest.mark.parametrize(
    ("later", "status"),
    [
        ({"action": Action.KEY_DRIFT, "body": {"found": key_fields(status=1)}}, None),
        ({"action": Action.KEY_DRIFT, "body": {"found": key_fields(status=4)}}, 4),
        ({"action": Action.KEY_EDIT, "outcome": "unknown", "body": {"found": key_fields(status=1)}}, None),
        ({"action": Action.KEY_EDIT, "outcome": "unknown", "body": {"found": None}}, 2),
        ({"action": Action.KEY_EDIT, "outcome": "unknown", "body": {"found": None, "message": '"found":{'}}, 2),
        ({"action": Action.KEY_DRIFT_ACCEPT, "body": {"changed": {"status": [2, 1]}}}, 2),
    ],
)
def test_the_newest_reading_of_the_ledger_says_what_the_key_is(blue: Team, later: Any, status: int | None) -> None:
    """Also one of what was changed elsewhere, or of a change that has come to no end yet."""
    (intent,) = change(blue, 1, outcome=None)
    disabled = {"outcome": "confirmed", "body": {"found": key_fields(status=2)}}
    for record in ({"action": Action.KEY_EDIT, **disabled}, later):
        of_it = {"change": intent.change} if "outcome" in record else {}
        append(team=blue, key_id=1, **of_it, **record)

    told = {key: value.status for key, value in keys_now([intent]).items()}

    assert told == ({(blue.pk, 1): status} if status else {})


def test_a_person_s_timeline_is_led_to(blue: Team) -> None:
    lea = Person.objects.create_user("lea")
    Membership.objects.create(person=lea, team=blue, role=TeamRole.LEAD)
    append(action=Action.TEAM_EDIT, team=blue, actor=Actor(ActorKind.PERSON, str(lea.pk), "Léa Müller"))

    assert 'href="/history/?person=lea"' in page() and "Léa Müller" in page("/history/?person=lea")


REASONS = [
    (Action.LEAK_PROBE, "never_accepted", "it was never seen to be accepted from here"),
    (Action.LEAK_REVIVED, "enabled_here", "Somebody enabled this key again here, on purpose"),
    (Action.LEAK_SECRETS_DESTROYED, "proven", "Each key was proven dead by its last try."),
    (Action.LEAK_PROBE, "of a later version", "of a later version"),
]


@pytest.mark.parametrize(("action", "code", "told"), REASONS)
def test_reasons_of_the_leak_desk_are_told_in_words(action: Action, code: str, told: str) -> None:
    record = append(action=action, body={"why": code})

    for path in ("/history/", f"/history/{record.seq}/"):
        assert told in words(page(path)), path


@pytest.mark.parametrize(("code", "told"), [("untold", "it cannot be told any more"), ("http_503", "http_503")])
def test_our_own_reasons_of_a_change_are_told_in_words(blue: Team, code: str, told: str) -> None:
    about = {"action": Action.KEY_EDIT, "team": blue, "key_id": 7, "key_name": "staging", "change": str(uuid4())}
    append(**about)
    record = append(**about, outcome="other", body={"why": code})

    for path in ("/history/", f"/history/{record.seq}/"):
        assert told in words(page(path)), path
