"""All tables."""

from keys.models.budget import RateBudget
from keys.models.change import Change, ChangeState, Lease
from keys.models.denial import Denial
from keys.models.evidence import Checkpoint, Delivery, Verdict
from keys.models.export_run import ExportRun
from keys.models.finding import ChangedField, RecordHour
from keys.models.job import Job, Schedule, WorkerLane
from keys.models.key_open import KeyOpen
from keys.models.leak import Incident, Leaked
from keys.models.mirror import Drift, MirrorKey, TeamSync, UsageSample
from keys.models.note import KeyNote, SavedView
from keys.models.panic import Panic, PanicItem
from keys.models.person import CompanyRole, Person
from keys.models.record import LedgerHead, Record
from keys.models.team import AccessToken, Membership, Team, TeamRole, TokenState

__all__ = [
    "AccessToken",
    "Change",
    "ChangeState",
    "ChangedField",
    "Checkpoint",
    "CompanyRole",
    "Delivery",
    "Denial",
    "Drift",
    "ExportRun",
    "Incident",
    "Job",
    "KeyNote",
    "KeyOpen",
    "Leaked",
    "LedgerHead",
    "Lease",
    "Membership",
    "MirrorKey",
    "Panic",
    "PanicItem",
    "Person",
    "RateBudget",
    "Record",
    "Schedule",
    "SavedView",
    "RecordHour",
    "Team",
    "TeamRole",
    "TeamSync",
    "TokenState",
    "UsageSample",
    "WorkerLane",
    "Verdict",
]
