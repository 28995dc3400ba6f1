"""The job that disables, slice by slice: list, disable, settle what is unknown, list once more a minute later.

A slice ends with no key half done; a process that is killed leaves at most one batch behind, of which each key that may
have been sent is settled by reading before it is sent again. All that counts is in rows.
"""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import BooleanField, ExpressionWrapper, Max, Q
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from keys.cometapi.client import CometClient
from keys.errors import AccessTokenRefused, CometAdminError, Denied, LedgerUnavailable, UpstreamError
from keys.models import Job, Panic, PanicItem, TokenState
from keys.services import access_tokens, jobs
from keys.services.access_tokens import NoAccessToken
from keys.services.panic import batches, listing
from keys.services.panic.items import State, recover, settle_item
from keys.types import Deadline, Lane

CHECKS: Final = 5
"""How often all keys are listed once more because something still had to be disabled."""
FAILED_CHECKS: Final = 60
"""After so many listings in a row that failed the check is given up, and said so."""
RESOLVED: Final = (State.DONE, State.FAILED, State.LEFT, State.GONE)


class NotDone(CometAdminError):
    """The job is over and something of it is not as it was wanted; for people."""


def panic_job(job: Job, until: Deadline) -> float | None:
    """One slice. Seconds after which it is to be gone on with, None when it is over. Raises NotDone for a bad end."""
    panic = of_job(job)
    if panic is None or panic.phase == Panic.Phase.OVER:
        return None
    try:
        client = access_tokens.client_for(panic.team, lane=Lane.URGENT)
        show(panic, job)
        rest_s = _slice(panic, job, client, until)
        show(panic, job)
    except LedgerUnavailable as error:
        # Nothing can be recorded, so nothing is sent; tried again until it can be.
        return held_up(panic, str(error))
    except NoAccessToken as error:
        raise stopped(panic, error.message) from None
    except Denied:
        raise stopped(panic, gettext("Who pressed may not disable keys of this team any more.")) from None
    except AccessTokenRefused as error:
        access_tokens.note_state(panic.team, TokenState.REFUSED)
        raise stopped(panic, error.message) from None
    Panic.objects.filter(pk=panic.pk).exclude(trouble="").update(trouble="")
    return rest_s


def of_job(job: Job) -> Panic | None:
    found = Panic.objects.filter(job=job).select_related("team__access_token", "person").first()
    if found:
        for item in found.items.filter(state=State.SENDING):
            recover(item)
    return found


def held_up(panic: Panic, words: str) -> float:
    Panic.objects.filter(pk=panic.pk).update(trouble=words)
    return float(settings.WAITS.leak_retry_s)


def stopped(panic: Panic, words: str) -> NotDone:
    """It cannot go on: what is left of it stays in sight as it is."""
    over(panic)
    return NotDone(words)


def over(panic: Panic) -> None:
    panic.phase, panic.ended_at, panic.check_at = Panic.Phase.OVER, timezone.now(), None
    panic.save(update_fields=("phase", "ended_at", "check_at"))


def show(panic: Panic, job: Job) -> None:
    """How far it is, as a sign of life. Raises jobs.Fenced."""
    job.total = panic.items.count()
    job.done = panic.items.filter(state__in=RESOLVED).count()
    jobs.beat(job, done=job.done, total=job.total)


def unknown(panic: Panic, until: Deadline) -> bool:
    """Settle what can be settled now; True while something is unknown that may yet be known."""
    items = list(panic.items.filter(state=State.UNKNOWN).select_related("panic__team__access_token"))
    for item in items:
        if until.passed:
            return True
        settle_item(item)
    left = panic.items.filter(state=State.UNKNOWN)
    newest = panic.items.aggregate(newest=Max("at"))["newest"]
    patience = timedelta(seconds=settings.WAITS.leak_last_s)
    return left.exists() and newest is not None and newest > timezone.now() - patience


def finish(panic: Panic) -> None:
    """Raises NotDone where something is not as it was wanted."""
    over(panic)
    n = panic.items.exclude(state__in=(State.DONE, State.GONE)).count()
    if n:
        if panic.undoes_id is None:
            words = ngettext("%(n)d key does not read disabled.", "%(n)d keys do not read disabled.", n)
        else:
            words = ngettext("%(n)d key does not read enabled.", "%(n)d keys do not read enabled.", n)
        raise NotDone(words % {"n": n})


def _slice(panic: Panic, job: Job, client: CometClient, until: Deadline) -> float | None:
    if panic.phase == Panic.Phase.LISTING:
        return _list(panic, client, until)
    if panic.phase == Panic.Phase.CHECKING:
        return _check(panic, client, until)
    if (rest_s := _work(panic, job, client, until)) is not None:
        return rest_s
    if unknown(panic, until):
        return float(settings.WAITS.leak_retry_s / 2)
    if _next(panic):
        return 0.0  # settling found that it was never sent
    if panic.checks >= CHECKS:
        finish(panic)
        return None
    panic.phase = Panic.Phase.CHECKING
    panic.check_at = timezone.now() + timedelta(seconds=settings.WAITS.leak_again_s)
    panic.save(update_fields=("phase", "check_at"))
    return float(settings.WAITS.leak_again_s)


def _list(panic: Panic, client: CometClient, until: Deadline) -> float:
    try:
        listed = listing.go_on(panic, client, until)
    except UpstreamError as error:
        listing.from_mirror(panic, error)
        if isinstance(error, AccessTokenRefused):
            raise
        listed = True
    if listed:
        panic.phase = Panic.Phase.WORKING
        panic.save(update_fields=("phase",))
    return 0.0


def _work(panic: Panic, job: Job, client: CometClient, until: Deadline) -> float | None:
    """Disable as long as there is time. None: nothing waits any more."""
    page = batches.kept(panic)
    while item := _next(panic):
        if until.passed:
            if page:
                batches.keep(panic, page)
            return 0.0
        page = page or (batches.read(client, item.page) if item.page else None)
        batch = batches.waiting_of(panic, page) if page else []
        if page and batch:
            page = batches.disable(panic, job, client, batch, page)
            continue
        # No page tells of it: they have shifted, or cannot be read.
        PanicItem.objects.filter(pk=item.pk).update(page=0)
        if page is None or page.number == item.page or not item.page:
            jobs.beat(job, done=job.done, total=job.total)
            batches.by_itself(panic, item)
        page = None
        if item.state == State.WAITING:
            return float(settings.WAITS.leak_retry_s)
    return None


def _next(panic: Panic) -> PanicItem | None:
    last = ExpressionWrapper(Q(page=0), output_field=BooleanField())
    return panic.items.filter(state=State.WAITING).order_by("tries", last, "page", "pk").first()


def _check(panic: Panic, client: CometClient, until: Deadline) -> float | None:
    """All keys once more, when one that comes back would have done so (cometapi.md, trap 5); new ones are met too."""
    wait_s = (panic.check_at - timezone.now()).total_seconds() if panic.check_at else 0.0
    if wait_s > 0:
        return wait_s
    try:
        listed = listing.go_on(panic, client, until)
    except UpstreamError as error:
        if isinstance(error, AccessTokenRefused):
            raise
        return _check_failed(panic, error)
    if not listed:
        return 0.0
    panic.checks, panic.failed_checks = panic.checks + 1, 0
    panic.phase = Panic.Phase.WORKING
    panic.save(update_fields=("checks", "failed_checks", "phase"))
    if _next(panic):
        return 0.0
    finish(panic)
    return None


def _check_failed(panic: Panic, error: UpstreamError) -> float:
    panic.failed_checks, panic.next_page = panic.failed_checks + 1, 1
    panic.save(update_fields=("failed_checks", "next_page"))
    if panic.failed_checks >= FAILED_CHECKS:
        raise stopped(panic, gettext("The keys could not be listed once more: %(why)s") % {"why": error.message})
    return float(settings.WAITS.leak_retry_s)
