"""Reads for the pages of a press: how far it is, and what of it is not as it was wanted, first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Case, Count, IntegerField, QuerySet, Value, When
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from keys.models import Job, Panic, PanicItem, Team

State = PanicItem.State
SHOWN: Final = 200
"""Rows that are shown while it goes on; all of them when it is over, up to MOST."""
MOST: Final = 2000
RECENT: Final = 10
FIRST: Final = (State.FAILED, State.LEFT, State.UNKNOWN, State.SENDING, State.WAITING, State.GONE, State.DONE)
"""What has to be looked at comes first."""


@dataclass(frozen=True, slots=True)
class Row:
    """One key of a press. word, tone: what is true of it; more: why, or CometAPI's words."""

    item: PanicItem
    word: str
    tone: str
    more: str


@dataclass(frozen=True, slots=True)
class Progress:
    """counts: by state. total: keys. open: its job goes on. broken: the job's own words where it ended badly."""

    panic: Panic
    counts: dict[str, int]
    total: int
    open: bool
    broken: str

    @property
    def done(self) -> int:
        return self.counts.get(State.DONE, 0)

    @property
    def gone(self) -> int:
        return self.counts.get(State.GONE, 0)

    @property
    def missing(self) -> int:
        """Keys that are there and do not read as wanted."""
        return self.total - self.done - self.gone

    @property
    def settled(self) -> int:
        """Keys that are through, well or badly."""
        return self.total - sum(self.counts.get(state, 0) for state in (State.WAITING, State.SENDING, State.UNKNOWN))

    @property
    def undoing(self) -> bool:
        return self.panic.undoes_id is not None

    @property
    def listing(self) -> bool:
        return self.open and self.panic.phase == Panic.Phase.LISTING

    @property
    def checking(self) -> bool:
        return self.open and self.panic.phase == Panic.Phase.CHECKING

    @property
    def over(self) -> bool:
        """Nothing is under way but, at most, the check that comes later."""
        return not self.open or self.checking

    @property
    def tone(self) -> str:
        if self.over and not self.missing and not self.broken:
            return "good"
        return "info" if self.undoing and self.open else "warn" if self.undoing else "bad"

    @property
    def headline(self) -> str:
        """Never above what was read."""
        if self.listing or not self.total:
            return _("The keys are being listed") if self.open else _("Nothing was disabled")
        told = {"done": number_format(self.done, force_grouping=True)}
        told["total"] = number_format(self.total - self.gone, force_grouping=True)
        if self.missing:
            words = (
                _("%(done)s of %(total)s read enabled") if self.undoing else _("%(done)s of %(total)s read disabled")
            )
        else:
            words = _("All %(done)s read enabled") if self.undoing else _("All %(done)s read disabled")
        return words % told


def progress(panic: Panic) -> Progress:
    counts = dict(panic.items.values_list("state").annotate(n=Count("pk")).order_by())
    job = Job.objects.filter(pk=panic.job_id or 0).first()
    going = job is not None and job.status in (Job.Status.QUEUED, Job.Status.RUNNING)
    return Progress(panic, counts, sum(counts.values()), going, job.error if job else "")


def rows(progress: Progress) -> tuple[list[Row], int]:
    """Rows, what is not as wanted first, and how many are not shown."""
    most = MOST if progress.over else SHOWN
    places = Case(*(When(state=s, then=Value(n)) for n, s in enumerate(FIRST)), output_field=IntegerField())
    items = progress.panic.items.order_by(places, "-at", "pk")[:most]
    return [_row(item, progress) for item in items], max(0, progress.total - most)


def panics_of(team: Team) -> Sequence[Progress]:
    """The newest ones, newest first."""
    return [progress(panic) for panic in _of(team)[:RECENT]]


def panic_of(team: Team, number: int) -> Panic | None:
    return _of(team).filter(pk=number).first() if number < 2**63 else None


def _of(team: Team) -> QuerySet[Panic]:
    return Panic.objects.filter(team=team).select_related("team", "undoes").order_by("-pk")


def _row(item: PanicItem, progress: Progress) -> Row:
    word, tone = _word(item, progress)
    return Row(item, word, tone, _more(item))


def _word(item: PanicItem, progress: Progress) -> tuple[str, str]:
    state, undoing = item.state, progress.undoing
    if state == State.DONE:
        return (_("Reads enabled"), "good") if undoing else (_("Reads disabled"), "good")
    if state == State.GONE:
        return _("No longer exists"), "info"
    if state == State.UNKNOWN or (state == State.SENDING and not progress.open):
        return _("Not known yet"), "warn" if undoing else "bad"
    if state == State.LEFT:
        return _("Left as it is"), "warn" if undoing else "bad"
    if state == State.FAILED:
        return (_("Not enabled"), "warn") if undoing else (_("Not disabled"), "bad")
    if progress.open:
        return (_("Waits") if state == State.WAITING else _("Being sent")), "info"
    return (_("Not enabled"), "warn") if undoing else (_("Not disabled"), "bad")


def _more(item: PanicItem) -> str:
    told = {
        "came_back": _("It read enabled again, and is disabled once more."),
        "enabled_here": _("Somebody has enabled it here since, on purpose."),
        "changed": _("Somebody has changed it since."),
        "held": _("Another change of it is under way."),
        "still_enabled": _("CometAPI said yes, and it still reads enabled."),
        "stopped": _("The process that was at it has ended. It is read again first."),
        "rate_budget": _("CometAPI’s rate limit is used up for the moment."),
        "superseded": _("Another change took the key over."),
    }
    if item.state == State.DONE and item.came_back:
        return _("It came back to life, and was disabled again.")
    return told.get(item.why) or item.message or (_("No usable answer.") if item.state == State.UNKNOWN else "")
