"""Reads for the leak desk: which incidents a person may see, and what one says by now."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from keys import rules
from keys.ledger.actions import Action
from keys.ledger.finding import behind, seqs_between
from keys.models import Change, ChangeState, Incident, Leaked, Membership, MirrorKey, Person, Record, Team, TeamRole
from keys.permissions import Verb, allowed, teams_where
from keys.selectors.leak_words import ASKED, HIDDEN, LEVELS, STEPS, UNCOUNTED, WHY, Words
from keys.types import EDITABLE, KeySettings

MOST_SHOWN: Final = 100
"""Keys that one page shows in full."""
KeyId = tuple[int | None, int | None]
"""Account's and key's."""
CHANGES: Final = (Action.KEY_EDIT, Action.KEY_DISABLE, Action.KEY_ENABLE)


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of the proof. seconds: since the paste, None when it is not reached."""

    label: Words
    at: datetime | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One key of an incident. key: as it was last read; None when the mirror has it no more.

    status: the effective one. mine: may the reader disable it? last_change: who changed it last here. edit_may_land:
    another change of it was sent and has no answer yet.
    """

    row: Leaked
    team: Team
    leads: tuple[str, ...]
    level: str
    steps: tuple[Step, ...]
    key: MirrorKey | None
    status: int
    mine: bool
    last_change: Record | None
    edit_may_land: bool

    @property
    def word(self) -> Words:
        return LEVELS[self.level][0]

    @property
    def tone(self) -> str:
        return LEVELS[self.level][1]

    @property
    def why(self) -> Words:
        return WHY.get(self.row.why, "")

    @property
    def hidden(self) -> Words:
        return HIDDEN.get(self.row.hidden, "")

    @property
    def unsure(self) -> bool:
        return self.row.found_by == "unsure"


@dataclass(frozen=True, slots=True)
class Stray:
    """told: may the reader know what CometAPI said of it? It may be another team's key."""

    row: Leaked
    told: bool

    @property
    def asked(self) -> Words:
        return ASKED.get(self.row.asked, "") if self.told else ""

    @property
    def name(self) -> str:
        return self.row.name if self.told else ""

    @property
    def hidden(self) -> Words:
        return HIDDEN.get(self.row.hidden, "")


def visible_incidents(person: Person) -> QuerySet[Incident]:
    """All for who may see all; else those with a key of one's teams, and those one opened oneself."""
    if allowed(person, Verb.VIEW_ALL_LEAKS):
        return Incident.objects.all()
    teams = teams_where(person, Verb.VIEW_LEAKS)
    own = Q(opened_by=person) if teams.exists() else Q(pk=None)
    return Incident.objects.filter(Q(pk__in=Leaked.objects.filter(team__in=teams).values("incident")) | own)


def revived(person: Person) -> list[int]:
    """Numbers of open incidents in which a key came back to life, for those who can do something about it."""
    alive = Leaked.objects.filter(revived__gt=0, refused_at=None)
    if not alive.exists():  # as nearly always; it is asked on every page, and the rest takes three times as long
        return []
    mine = alive.filter(team__in=teams_where(person, Verb.HANDLE_LEAKS), incident__state=Incident.State.OPEN)
    return list(mine.order_by("-incident").values_list("incident", flat=True).distinct()[:5])


def recent(person: Person, most: int = 20) -> list[Incident]:
    found = visible_incidents(person).order_by("-pk")
    return list(found.annotate(keys_found=Count("leaked", filter=Q(leaked__team__isnull=False)))[:most])


def lines_of(incident: Incident, person: Person, *, all_of_them: bool = False) -> list[Line]:
    """The keys of an incident that this person may see, the first hundred if not all of them are wanted."""
    rows = incident.leaked.filter(team__in=teams_where(person, Verb.VIEW_LEAKS)).select_related("team")
    shown = list(rows if all_of_them else rows[:MOST_SHOWN])
    mirrored = _mirrored(shown)
    leads = _leads({row.team_id for row in shown if row.team_id})
    mine = set(teams_where(person, Verb.HANDLE_LEAKS).values_list("pk", flat=True))
    now, landing = timezone.now(), _edits_that_may_land(shown)
    return [
        _line(row, incident, mirrored.get((row.account_id, row.key_id)), leads, mine, landing, now) for row in shown
    ]


def strays_of(incident: Incident, person: Person) -> list[Stray]:
    """For who opened it and for who sees all: to a lead of some team in it they are none of their business."""
    sees_all = allowed(person, Verb.VIEW_ALL_LEAKS)
    if incident.opened_by_id != person.pk and not sees_all:
        return []
    # A key of another team goes on looking like nobody's to who pasted it, whoever has found it since.
    hidden = incident.leaked.exclude(team__in=teams_where(person, Verb.VIEW_LEAKS))
    return [Stray(row, sees_all) for row in (incident.leaked.filter(team=None) if sees_all else hidden)]


def records_of(incident: Incident, person: Person) -> list[Record]:
    """What the ledger has of this incident and of the changes made because of it, oldest first."""
    teams = set(teams_where(person, Verb.VIEW_LEAKS).values_list("pk", flat=True))
    since = _since(incident.pasted_at)
    number = f'"leak":{incident.pk}'
    marked = Q(text__contains=f"{number},") | Q(text__contains=f"{number}}}")
    of_change = Q(reason=f"Leak {incident.pk}")
    changes = since.filter(of_change).exclude(change="").values("change")
    found = since.filter(Q(marked, action__startswith="leak.") | of_change | Q(change__in=changes))
    sees_all = allowed(person, Verb.VIEW_ALL_LEAKS)
    own = incident.opened_by_id == person.pk
    hidden = "" if sees_all else str(Action.LEAK_ELSEWHERE)
    return [
        record
        for record in found.order_by("seq")[:500]
        if record.action != hidden and (sees_all or record.team_id in teams or (record.team_id is None and own))
    ]


def _since(at: datetime) -> QuerySet[Record]:
    """Records from then on, by seq: no index knows their times, and a page that looks again would read all of them."""
    found = Record.objects.filter(time__gte=at)
    span = None if behind() else seqs_between(at, None)
    return found.filter(seq__gte=span[0]) if span else found


def level_of(row: Leaked) -> str:
    """The highest level that is proven."""
    for name in ("last", "again", "refused", "disabled"):
        if getattr(row, f"{name}_at"):
            return name
    if row.gone:
        return "gone"
    return "sent" if row.sent_at else "pressed" if row.pressed_at else "found"


def seconds_since(incident: Incident, at: datetime) -> float:
    return max(0.0, (at - incident.pasted_at).total_seconds())


def _line(
    row: Leaked,
    incident: Incident,
    mirrored: MirrorKey | None,
    leads: dict[int, list[str]],
    mine: set[int],
    landing: set[KeyId],
    now: datetime,
) -> Line:
    assert row.team  # noqa: S101  (asked for by their teams)
    return Line(
        row=row,
        team=row.team,
        leads=tuple(leads.get(row.team.pk, ())),
        level=level_of(row),
        steps=tuple(_step(name, label, row, incident) for name, label in STEPS),
        key=mirrored,
        status=_status(mirrored, now) if mirrored else 0,
        mine=row.team.pk in mine,
        last_change=_last_change(row),
        edit_may_land=(row.account_id, row.key_id) in landing,
    )


def _edits_that_may_land(rows: list[Leaked]) -> set[KeyId]:
    since = timezone.now() - timedelta(seconds=settings.WAITS.late_s)
    sent = Change.objects.filter(sent_until__gt=since, state__in=(ChangeState.SENDING, ChangeState.UNKNOWN))
    of_these = sent.filter(account_id__in={row.account_id for row in rows}, key_id__in={row.key_id for row in rows})
    return set(of_these.exclude(kind="disable").values_list("account_id", "key_id"))


def _status(key: MirrorKey, now: datetime) -> int:
    settings = KeySettings(**{name: getattr(key, name) for name in EDITABLE})
    return rules.effective_status(settings, now).status or key.status


def _step(name: str, label: Words, row: Leaked, incident: Incident) -> Step:
    at: datetime | None = getattr(row, f"{name}_at")
    # What was used stays noted where it stood still up to the level before.
    if row.gone and name in UNCOUNTED and (name == "last" or row.used is None):
        label = UNCOUNTED[name]
    return Step(label, at, seconds_since(incident, at) if at else None)


def _mirrored(rows: list[Leaked]) -> dict[tuple[int | None, int | None], MirrorKey]:
    keys = MirrorKey.objects.filter(
        account_id__in={row.account_id for row in rows}, key_id__in={row.key_id for row in rows}
    )
    return {(key.account_id, key.key_id): key for key in keys}


def _leads(teams: set[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    memberships = Membership.objects.filter(team__in=teams, role=TeamRole.LEAD, person__is_active=True)
    for membership in memberships.select_related("person").order_by("person__username"):
        found[membership.team_id].append(membership.person.shown_name)
    return found


def _last_change(row: Leaked) -> Record | None:
    """What was read as changed, here or elsewhere, before this leak's own: those stand among the steps."""
    of_key = Record.objects.filter(team_id=row.team_id, key_id=row.key_id)
    own = of_key.filter(reason=f"Leak {row.incident_id}", outcome="").values("change")
    ours = Q(action__in=CHANGES, outcome__in=("confirmed", "applied")) & ~Q(change__in=own)
    return of_key.filter(ours | Q(action=Action.KEY_DRIFT)).order_by("-seq").first()


def ended_changes(records: Iterable[Record]) -> set[str]:
    """Of the intents among these records, the changes that have an outcome in some record."""
    intents = [record.change for record in records if record.change and not record.outcome]
    with_outcome = Record.objects.filter(change__in=intents).exclude(outcome="")
    return set(with_outcome.order_by().values_list("change", flat=True)) if intents else set()
