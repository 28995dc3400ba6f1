"""All tables."""

from keys.models.budget import RateBudget
from keys.models.change import Change, ChangeState, Lease
from keys.models.denial import Denial
from keys.models.evidence import Checkpoint, Delivery, Verdict
from keys.models.person import CompanyRole, Person
from keys.models.record import LedgerHead, Record
from keys.models.team import AccessToken, Membership, Team, TeamRole, TokenState

__all__ = [
    "AccessToken",
    "Change",
    "ChangeState",
    "Checkpoint",
    "CompanyRole",
    "Delivery",
    "Denial",
    "LedgerHead",
    "Lease",
    "Membership",
    "Person",
    "RateBudget",
    "Record",
    "Team",
    "TeamRole",
    "TokenState",
    "Verdict",
]
