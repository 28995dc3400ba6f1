"""The job that enables exactly what one press has disabled, key by key along the one road; what was touched is left."""

from uuid import uuid4

from django.conf import settings
from django.utils.translation import gettext

from keys.errors import Denied, Invalid, LedgerUnavailable
from keys.models import Change, Job, Panic, PanicItem
from keys.permissions import Verb
from keys.services import jobs
from keys.services.access_tokens import NoAccessToken
from keys.services.outcome import Conflict, Held, Outcome
from keys.services.panic.items import State, again, change_of, judge, put
from keys.services.panic.pressing import actor_of
from keys.services.panic.running import finish, held_up, of_job, show, stopped, unknown
from keys.services.undo import NotUndoable, undo_change
from keys.types import Deadline

NO_CHANGE = (Outcome.NOT_SENT, Outcome.REFUSED, Outcome.NOT_APPLIED)


def undo_job(job: Job, until: Deadline) -> float | None:
    """One slice. Seconds after which it is to be gone on with, None when it is over. Raises NotDone for a bad end."""
    panic = of_job(job)
    if panic is None or panic.phase == Panic.Phase.OVER:
        return None
    try:
        rest_s = _slice(panic, job, until)
    except LedgerUnavailable as error:
        return held_up(panic, str(error))
    except NoAccessToken as error:
        raise stopped(panic, error.message) from None
    except Denied:
        raise stopped(panic, gettext("Who pressed may not enable keys of this team any more.")) from None
    Panic.objects.filter(pk=panic.pk).exclude(trouble="").update(trouble="")
    return rest_s


def _slice(panic: Panic, job: Job, until: Deadline) -> float | None:
    show(panic, job)
    for item in panic.items.filter(state=State.WAITING).order_by("tries", "pk"):
        if until.passed:
            return 0.0
        jobs.beat(job, done=job.done, total=job.total)
        _enable(panic, item)
    show(panic, job)
    if unknown(panic, until) or panic.items.filter(state=State.WAITING).exists():
        return float(settings.WAITS.leak_retry_s)
    finish(panic)
    return None


def _enable(panic: Panic, item: PanicItem) -> None:
    undone = change_of(item.undone)
    if _touched(undone):
        put(item, State.LEFT, why="changed")
        return
    if panic.person is None:
        raise Denied(str(Verb.ENABLE_KEY))
    assert panic.undoes is not None  # noqa: S101  (the job of one that undoes)
    # One that came back and was disabled again has had several disables of that press.
    begun = min(panic.undoes.started_at, undone.created_at)
    change_id = uuid4()
    put(item, State.SENDING, change_id=change_id)
    about = {"person": panic.person, "actor": actor_of(panic), "team": panic.team, "key_id": item.key_id}
    try:
        result = undo_change(**about, undone=undone, change_id=change_id, part_of=panic.record_seq, begun=begun)  # type: ignore[arg-type]
    except NotUndoable as error:
        put(item, State.LEFT, why="not_undoable", message=error.message)
    except Conflict:
        put(item, State.LEFT, why="changed")
    except Invalid as error:
        words = " ".join(text for texts in error.faults.values() for text in texts)
        put(item, State.LEFT, why="lapsed", message=words)
    except Held:
        again(item, "held")
    else:
        judge(item, result)


def _touched(undone: Change) -> bool:
    """Has anybody sent a change of this key from here since it was disabled?"""
    since = Change.objects.filter(
        account_id=undone.account_id, key_id=undone.key_id, intent_seq__gt=undone.intent_seq, sent_until__isnull=False
    )
    return since.exclude(pk=undone.pk).exclude(outcome__in=[str(outcome) for outcome in NO_CHANGE]).exists()
