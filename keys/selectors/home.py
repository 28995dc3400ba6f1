"""What a person should look at first: what is amiss in their teams, and the keys that they worked on last."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keys.ledger.labels import action_label
from keys.models import Change, ChangeState, Drift, MirrorKey, Person, Team, TokenState
from keys.selectors.ages import Ages
from keys.selectors.drift import of_present_keys, runs_dry
from keys.selectors.mirror import keys_of
from keys.selectors.wanted import Wanted, effective, found, of_status

SOON_DAYS: Final = 14
LOW_PERCENT: Final = 10
CHANGES_SHOWN: Final = 5
RECENT: Final = 8
RECENT_CHANGES: Final = 80
EXPIRING: Final = Wanted(status="enabled", expiring=SOON_DAYS, sort="expires")
LOW: Final = Wanted(status="enabled", low=LOW_PERCENT, sort="left")
DRIFTED: Final = Wanted(drifted=True)


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key by its name. when: of the change that it is told for."""

    team: Team
    key_id: int
    name: str
    kind: str
    when: datetime

    @property
    def verb(self) -> str:
        """What was done last: `Edit key` and its like, as the history calls it."""
        return action_label(f"key.{self.kind}")


@dataclass(frozen=True, slots=True)
class Attention:
    """Everything that needs attention; nothing of it where all is well. revived: drifts of keys that came back to life;
    dry: those among them that read expired or exhausted by now, which are not in `revived`.

    refused: teams whose access token CometAPI refuses. without: teams without one. never, failed: as `Ages` has them.
    """

    refused: Sequence[Team]
    without: Sequence[Team]
    never: Sequence[Team]
    failed: Ages
    unknown: Sequence[KeyLine]
    unknown_count: int
    drifts: int
    weaker: int
    revived: int
    dry: int
    expiring: int
    low: int

    @property
    def anything(self) -> bool:
        return any((self.refused, self.without, self.never, self.failed.failed, self.unknown_count)) or any(
            (self.drifts, self.expiring, self.low)
        )


def attention(teams: Sequence[Team], ages: Ages, now: datetime, *, every: bool) -> Attention:
    """teams: with their access token loaded. every: these are all the teams there are."""
    tokens = {team.pk: getattr(team, "access_token", None) for team in teams}
    unsettled = Change.objects.filter(team_id__in=tokens, state__in=_UNSETTLED)
    open_ones = of_present_keys(Drift.objects.filter(team__in=teams, state=Drift.State.OPEN))
    drifts = list(open_ones.annotate(dry=runs_dry()).values_list("weaker", "revived", "dry"))
    return Attention(
        refused=[team for team in teams if (token := tokens[team.pk]) and token.state == TokenState.REFUSED],
        without=[team for team in teams if tokens[team.pk] is None],
        never=[age.team for age in ages.never if tokens[age.team.pk] is not None],
        failed=ages,
        unknown=list(_lines(unsettled.order_by("created_at")[:CHANGES_SHOWN], teams)),
        unknown_count=unsettled.count(),
        drifts=len(drifts),
        weaker=sum(1 for weaker, _, _ in drifts if weaker),
        revived=sum(1 for _, revived, dry in drifts if revived and not dry),
        dry=sum(1 for _, revived, dry in drifts if revived and dry),
        expiring=_count(teams, EXPIRING, now, every=every),
        low=_count(teams, LOW, now, every=every),
    )


def worked_on(person: Person, teams: Sequence[Team]) -> list[KeyLine]:
    """The keys that this person changed last, newest first, each once."""
    mine = Change.objects.filter(person_id=str(person.pk), team_id__in=[team.pk for team in teams])
    once: dict[tuple[int, int], KeyLine] = {}
    for line in _lines(mine.order_by("-created_at")[:RECENT_CHANGES], teams):
        once.setdefault((line.team.pk, line.key_id), line)
    return list(once.values())[:RECENT]


_UNSETTLED: Final = (ChangeState.INTENT, ChangeState.SENDING, ChangeState.UNKNOWN)


def _count(teams: Sequence[Team], wanted: Wanted, now: datetime, *, every: bool) -> int:
    keys = found(keys_of(teams, every=every), wanted, now).annotate(effective=effective(now))
    return of_status(keys, wanted.status).count()


def _lines(changes: Iterable[Change], teams: Sequence[Team]) -> Iterator[KeyLine]:
    """By the names that the mirror has, else by what the key was called before the change."""
    made = list(changes)
    named = {team.pk: team for team in teams}
    known = _names(made)
    for change in made:
        before: Mapping[str, object] = change.before or {}
        name = known.get((change.account_id, change.key_id)) or str(before.get("name", ""))
        yield KeyLine(named[change.team_id], change.key_id, name, change.kind, change.created_at)


def _names(changes: Sequence[Change]) -> dict[tuple[int, int], str]:
    accounts, numbers = {one.account_id for one in changes}, {one.key_id for one in changes}
    keys = MirrorKey.objects.filter(account_id__in=accounts, key_id__in=numbers)
    return {(account, key): name for account, key, name in keys.values_list("account_id", "key_id", "name")}
