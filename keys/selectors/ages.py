"""How old the mirror is: what every page that shows it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from keys.models import Team, TeamSync


@dataclass(frozen=True, slots=True)
class TeamAge:
    """One team's mirror. sync: None where nobody has tried to read the team's keys."""

    team: Team
    sync: TeamSync | None

    @property
    def listed_at(self) -> datetime | None:
        return self.sync.listed_at if self.sync else None

    @property
    def failed(self) -> bool:
        return bool(self.sync and self.sync.trouble)

    @property
    def miscounted(self) -> bool:
        """CometAPI lists other keys than it counts. What it lists has been read."""
        return bool(self.sync and self.sync.trouble == "mismatch")

    @property
    def partial(self) -> bool:
        """Do keys lack that CometAPI has told of: none was read in whole yet, or some could not be read?"""
        return not self.listed_at or self.miscounted or bool(self.sync and self.sync.skipped)


@dataclass(frozen=True, slots=True)
class Ages:
    """Of several teams. read: those whose keys are in the mirror."""

    teams: tuple[TeamAge, ...]

    @property
    def read(self) -> list[TeamAge]:
        return [age for age in self.teams if age.listed_at]

    @property
    def never(self) -> list[TeamAge]:
        return [age for age in self.teams if not age.listed_at]

    @property
    def failed(self) -> list[TeamAge]:
        return [age for age in self.teams if age.failed]

    @property
    def partial(self) -> bool:
        return any(age.partial for age in self.teams)

    @property
    def running(self) -> list[TeamAge]:
        return [age for age in self.teams if age.sync and age.sync.running_since]

    @property
    def marks(self) -> dict[int, UUID]:
        """Team's number -> the mark of its mirror (`keys.selectors.counting`)."""
        return {age.team.pk: age.sync.mark for age in self.teams if age.sync}

    @property
    def oldest(self) -> datetime | None:
        return min((age.listed_at for age in self.teams if age.listed_at), default=None)


def ages_of(teams: Sequence[Team]) -> Ages:
    """In one query."""
    syncs = {sync.team_id: sync for sync in TeamSync.objects.filter(team__in=teams)}
    return Ages(tuple(TeamAge(team, syncs.get(team.pk)) for team in teams))


def ages_with(teams: Sequence[Team]) -> Ages:
    """Of teams that were read together with their `sync`: without a query, and as old as that."""
    return Ages(tuple(TeamAge(team, getattr(team, "sync", None)) for team in teams))
