"""A leaked key asked about: read, tried with its own secret, and a made-up one of its shape tried beside it."""

from concurrent.futures import Future, wait

import structlog
from django.conf import settings
from django.utils import timezone

from keys.cometapi import keyed
from keys.cometapi.keyed import Verdict
from keys.errors import UpstreamError
from keys.leaks.candidate import USUAL, Secret, Shape
from keys.models import Leaked, TeamSync
from keys.services import access_tokens, mirror
from keys.services.leaks import holding
from keys.services.leaks.fan_out import beside
from keys.services.requests import Look, look
from keys.types import Deadline, Lane, Status

log = structlog.get_logger(__name__)


def try_before(row: Leaked) -> Future[Verdict] | None:
    """Does it work now? Asked beside the road's first reading, so that it costs no time; a refusal later means more."""
    secret = None if row.accepted_at else holding.secret_of(row)
    if secret is None:
        return None
    deadline = Deadline.after(settings.WAITS.look_s)
    return beside(lambda: keyed.models_with(secret.reveal(), deadline))[0]


def give_time(tried: Future[Verdict]) -> None:
    """Hold the disable back until the try has its answer, `Waits.leak_try_s` at most.

    The road's own reading has taken as long, as a rule; a try that came behind the disable could not be repeated, and
    the key could never be proven dead.
    """
    wait([tried], settings.WAITS.leak_try_s)


def asked(row: Leaked, secret: Secret) -> tuple[Look, Verdict | str, Verdict | str]:
    """A reading of the key, the secret tried, a made-up one of its shape tried: three calls at once."""
    deadline, made_up = Deadline.after(settings.WAITS.look_s), _shape_of(row, secret).made_up()
    tried = beside(lambda: keyed.models_with(secret.reveal(), deadline), lambda: keyed.models_with(made_up, deadline))
    seen = read(row)
    return seen, verdict_of(tried[0]), verdict_of(tried[1])


def read(row: Leaked) -> Look:
    assert row.team and row.key_id is not None  # noqa: S101  (claimed rows have both)
    try:
        client = access_tokens.client_for(row.team, lane=Lane.URGENT)
        return look(client, row.key_id, Deadline.after(settings.WAITS.look_s))
    except access_tokens.NoAccessToken:
        return Look(timezone.now())


def reads_alive(row: Leaked, seen: Look) -> bool:
    """Not disabled, by this reading and by one more: a single one may be older than the disable."""
    if seen.snapshot is None:
        return False
    assert row.team  # noqa: S101
    mirror.note(row.team, seen.snapshot, seen.at)
    if seen.snapshot.settings.status == Status.DISABLED:
        return False
    again = read(row).snapshot
    return again is not None and again.settings.status != Status.DISABLED


def verdict_of(tried: Future[Verdict]) -> Verdict | str:
    """What CometAPI said of a secret, or one word for why it said nothing."""
    try:
        return tried.result()
    except UpstreamError as fault:
        return fault.kind
    except Exception as fault:
        log.warning("leaked_key_not_tried", error=type(fault).__name__)
        return "trouble"


def _shape_of(row: Leaked, secret: Secret) -> Shape:
    sync = TeamSync.objects.filter(team=row.team).first()
    value = secret.reveal()
    learned = Shape(len(value), sync.secret_charset if sync and sync.secret_charset else USUAL.charset)
    return learned if set(value) <= set(learned.alphabet) else Shape(len(value), USUAL.charset)


def why_not(row: Leaked, verdict: Verdict | str, control: Verdict | str) -> str:
    """One word for why "refused" is not proven; "" when it is."""
    if verdict is Verdict.ACCEPTED:
        return "cached"
    if verdict is Verdict.ELSEWHERE:
        return "elsewhere"
    if verdict is not Verdict.REFUSED:
        return "no_answer"
    if control is not Verdict.REFUSED:
        return "control"
    return "" if row.accepted_at else "never_accepted"
