"""All tables."""

from keys.models.budget import RateBudget
from keys.models.change import Change, ChangeState, Lease
from keys.models.denial import Denial
from keys.models.job import Job, Schedule, WorkerLane
from keys.models.leak import Incident, Leaked
from keys.models.mirror import Drift, MirrorKey, TeamSync, UsageSample
from keys.models.person import CompanyRole, Person
from keys.models.record import LedgerHead, Record
from keys.models.team import AccessToken, Membership, Team, TeamRole, TokenState

__all__ = [
    "AccessToken",
    "Change",
    "ChangeState",
    "CompanyRole",
    "Denial",
    "Drift",
    "Incident",
    "Job",
    "Leaked",
    "LedgerHead",
    "Lease",
    "Membership",
    "MirrorKey",
    "Person",
    "RateBudget",
    "Record",
    "Schedule",
    "Team",
    "TeamRole",
    "TeamSync",
    "TokenState",
    "UsageSample",
    "WorkerLane",
]
