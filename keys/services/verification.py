"""The whole verdict on the ledger: records, rotations, guards and checkpoints, from the last sound place or from the
beginning; kept with its time for the pages.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from keys.errors import ChainBroken
from keys.ledger import anchors, checkpoint, guards, sink, verdicts
from keys.ledger.damage import in_words
from keys.ledger.indexed import IndexCheck
from keys.ledger.raw import UNREADABLE, CannotVerify, Row
from keys.ledger.verdicts import HANDED, MARK, NEWEST, WHOLE, Said
from keys.ledger.verify import BEGINNING, Place, Sound, verify
from keys.models import Checkpoint, Delivery
from keys.services.checkpoints import FILE, as_signed
from keys.services.hanging import within_time

log = structlog.get_logger(__name__)

SOUND, DAMAGED, CANNOT = "sound", "damaged", "cannot"

Lines = Iterator[tuple[int, checkpoint.Signed | None]]


@dataclass(slots=True)
class Report:
    """broken: the first bad record. lacking: guards. faults: what else is wrong. unable: why there is no verdict.
    unindexed: the first record that the history's index tells otherwise, 0 where there is none.

    after: the record up to which an earlier verdict is relied on. notes: what is no fault. checkpoints: how many were
    compared. handed: is what is wrong that alone which a file tells that somebody handed over?
    """

    after: int = 0
    sound: Sound | None = None
    broken: ChainBroken | None = None
    lacking: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    unable: str = ""
    unindexed: int = 0
    notes: list[str] = field(default_factory=list)
    checkpoints: int = 0
    handed: bool = False
    took_s: float = 0.0

    @property
    def outcome(self) -> str:
        if self.broken or self.lacking or self.faults or self.unindexed:
            return DAMAGED
        return SOUND if self.sound and not self.unable else CANNOT


def _unheard() -> None:
    """Nobody waits for a sign of life."""


def verify_whole(files: tuple[Path, ...] = (), alive: Callable[[], None] = _unheard) -> Report:
    """Everything from the beginning. files: what sinks hold, besides the configured one.

    alive: called at each record.
    """
    return _verified(BEGINNING, files, alive)


def verify_new(files: tuple[Path, ...] = (), alive: Callable[[], None] = _unheard) -> Report:
    """What came since the last sound verdict; everything where there is none, or the last one over all found damage."""
    return _verified(_mark(), files, alive)


def verify_whole_if_due(alive: Callable[[], None] = _unheard) -> Report | None:
    """For the schedule: at least once a day; None when it is not due."""
    whole = verdicts.kept(WHOLE, settings.LEDGER_KEYS)
    age = timedelta(seconds=settings.WAITS.verify_whole_s)
    if whole is not None and timezone.now() - age < whole.time <= timezone.now():
        return None
    return verify_whole(alive=alive)


def _mark() -> Place:
    try:
        whole, mark = (verdicts.kept(name, settings.LEDGER_KEYS) for name in (WHOLE, MARK))
    except UNREADABLE:
        return BEGINNING
    if whole is None or whole.outcome != SOUND or mark is None:
        return BEGINNING
    return Place(mark.records, mark.link, mark.retired)


def _verified(after: Place, files: tuple[Path, ...], alive: Callable[[], None]) -> Report:
    report, begun = Report(after=after.seq), time.monotonic()
    try:
        try:
            report.sound = _records(report, after, alive)
        except ChainBroken:
            report.lacking = guards.missing()
            raise
        report.lacking = guards.missing()
        _check_checkpoints(report)
        _check_handed(report, files)
    except ChainBroken as broken:
        report.broken = broken
    except CannotVerify as error:
        report.unable = str(error)
    except UNREADABLE as error:
        report.unable = f"the database failed ({type(error).__name__})"
    report.took_s = time.monotonic() - begun
    _keep(report, bool(files))
    return report


def _records(report: Report, after: Place, alive: Callable[[], None]) -> Sound:
    """The records and, where all of them are read, the index that the history is searched by."""
    if after.seq:
        return verify(settings.LEDGER_KEYS, after, lambda row: alive())
    index = IndexCheck()

    def seen(row: Row) -> None:
        index.take(row)
        alive()

    sound = verify(settings.LEDGER_KEYS, after, seen)
    index.end()
    report.unindexed = index.first or 0
    return sound


def _check_checkpoints(report: Report) -> None:
    """Our own table first; then the configured file."""
    _compare(report, enumerate(map(as_signed, _newest_first(report.after)), start=1), "the table of checkpoints")
    if settings.CHECKPOINT_FILE is not None:
        _compare_file(report, settings.CHECKPOINT_FILE, needed=_was_delivered(), behind=report.after)


def _check_handed(report: Report, files: tuple[Path, ...]) -> None:
    """Those that were handed over, if all else is well."""
    if not files or report.outcome != SOUND:
        return
    report.handed = True
    for file in files:
        _compare_file(report, file, needed=True)
    report.handed = report.outcome != SOUND


def _newest_first(after: int) -> Iterator[Checkpoint]:
    """All of them when all is verified; else the newest before `after` and what came since."""
    rows = Checkpoint.objects.order_by("seq")
    older = rows.filter(seq__lt=after).values_list("seq", flat=True).last() if after else None
    return rows.filter(seq__gte=older or 0).iterator()


def _compare_file(report: Report, path: Path, *, needed: bool, behind: int = 0) -> None:
    """behind: up to here all lines have been compared before; 0 for all of them."""
    try:
        if path == settings.CHECKPOINT_FILE:  # one that hangs would keep the worker from everything else
            within_time(path, lambda: path.open("rb").close())
        lines = sink.read_end(path, behind) if behind else sink.read(path)
        found = _compare(report, lines, f"the file {path}")
    except OSError as error:
        words = f"the checkpoints in {path} cannot be read: {error.strerror or error}"
        if needed:
            report.unable = words
        else:
            report.notes.append(words)
        return
    if needed and not found:
        report.unable = f"{path} holds no checkpoint"


def _compare(report: Report, lines: Lines, where: str) -> int:
    """How many were compared. Raises ChainBroken."""
    assert report.sound is not None  # noqa: S101  (checked by the caller's order)
    publics = checkpoint.public_keys(settings.CHECKPOINT_KEYS)
    compared = anchors.compare(lines, publics, report.sound.records)
    report.checkpoints += compared.count
    for number in compared.unsigned[:10]:
        report.faults.append(f"{where}, line {number}: signed by no key in CHECKPOINT_KEYS")
    if compared.unreadable:
        told = ", ".join(map(str, compared.unreadable[:10]))
        count = f"{len(compared.unreadable)} line" + "s" * (len(compared.unreadable) != 1)
        report.notes.append(f"{where}: no checkpoint in {count} ({told}), as after a crash")
    return compared.count


def _was_delivered() -> bool:
    return Delivery.objects.filter(name=FILE, at__isnull=False).exists()


def _keep(report: Report, by_files: bool) -> None:
    """Keep the verdict; where the database cannot, there is still the report."""
    said = _said(report)
    if report.outcome != SOUND:
        log.error("ledger_verdict", outcome=said.outcome, faults=said.faults, unindexed=said.unindexed)
    if not settings.LEDGER_KEYS:
        return
    try:
        with transaction.atomic():
            for name in _names(report, by_files):
                verdicts.keep(name, said, settings.LEDGER_KEYS)
    except UNREADABLE as error:
        log.error("ledger_verdict_not_kept", error=type(error).__name__)


def _names(report: Report, by_files: bool) -> tuple[str, ...]:
    """A record that a file handed over speaks against is damage until such a file is found to agree: the worker, which
    has none, would find all sound a minute later. A file that is none, or another's, is the trouble of who gave it.
    """
    if report.handed:
        return (HANDED,) if report.broken else ()
    if report.outcome == SOUND:
        names = (NEWEST, MARK) if report.after else (NEWEST, MARK, WHOLE)
        return (*names, HANDED) if by_files else names
    return (NEWEST,) if report.after else (NEWEST, WHOLE)


def _said(report: Report) -> Said:
    broken, sound = report.broken, report.sound
    faults = [in_words(broken)] if broken else []
    faults += [f"guard {name} is missing or altered" for name in report.lacking]
    faults += report.faults + ([report.unable] if report.unable else [])
    return Said(
        at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}+00:00",
        outcome=report.outcome,
        whole=not report.after,
        records=sound.records if sound else 0,
        link=sound.link if sound else "",
        retired=sound.retired if sound else (),
        took_ms=round(report.took_s * 1000),
        faults=tuple(faults),
        unindexed=report.unindexed,
    )
