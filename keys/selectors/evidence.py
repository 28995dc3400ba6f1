"""How sound the ledger is, for pages: kept verdicts, checkpoints, guards, and what has gone wrong on the way out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db.models import DateTimeField, TextField, Value
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from keys.ledger import checkpoint, guards, verdicts
from keys.ledger.verdicts import Said
from keys.models import Checkpoint, Delivery, LedgerHead, Person, Record
from keys.models import Verdict as KeptVerdict
from keys.permissions import Verb, allowed

FAILING: Final = {
    "checkpoint": _("No checkpoint is signed: the ledger contradicts an earlier one"),
    "checkpoint_file": _("Checkpoints cannot be written to their file"),
    "checkpoint_stdout": _("Checkpoints cannot be written to standard output"),
    "shipping": _("Records cannot be shipped"),
}
"""Names of `Delivery` rows."""
KEPT: Final = (verdicts.WHOLE, verdicts.NEWEST, verdicts.HANDED)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that an admin has to look after. since: None where that is not known."""

    title: str
    words: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is shown of the ledger's soundness. whole: the last verdict over all records, newest: the last of any kind,
    handed: by checkpoints that somebody handed over; None where there is none that we sealed. alarms: for admins and
    auditors alone.
    """

    whole: Said | None
    newest: Said | None
    handed: Said | None
    alarms: tuple[Alarm, ...]

    @property
    def damaged(self) -> Said | None:
        """The verdict that found damage: a newer one over fewer records, or without a file, does not undo it."""
        kept = (self.whole, self.newest, self.handed)
        return next((said for said in kept if said and said.outcome == "damaged"), None)

    @property
    def unable(self) -> Said | None:
        return self.newest if self.newest and self.newest.outcome == "cannot" else None

    @property
    def is_troubled(self) -> bool:
        return bool(self.damaged or self.unable or self.alarms)

    @property
    def tone(self) -> str:
        """Of trouble: where only a verdict is lacking it is a warning."""
        return "bad" if self.damaged or self.alarms else "warn"


@dataclass(frozen=True, slots=True)
class Proof:
    """Live figures for who wants to know what is proven.

    key, fingerprint: of the signing key in use. checkpoint: the newest. file, stdout: how far the sinks have
    come, None where nothing was written yet. shipped: how far shipping has come.
    """

    records: int
    newest: Record | None
    guards: int
    lacking: tuple[str, ...]
    key: str
    fingerprint: str
    checkpoint: Checkpoint | None
    checkpoint_time: datetime | None
    file_is_set: bool
    file: Delivery | None
    stdout: Delivery | None
    ships: bool
    shipped: Delivery | None

    @property
    def outside(self) -> bool:
        """Are the checkpoints written to a file outside the database, and was the last one?"""
        return self.file_is_set and self.file is not None and self.file.at is not None and not self.file.failing_since


def verdict_for(person: Person) -> Verdict:
    whole, newest, handed, failing = _kept()
    sees_all = allowed(person, Verb.VIEW_ALL_HISTORY)
    return Verdict(whole, newest, handed, (*failing, *_guards()) if sees_all else ())


def trouble_for(person: Person) -> Verdict | None:
    """For every page of who may see everything; None where all is well. One query: the guards are not looked at."""
    verdict = Verdict(*_kept()) if allowed(person, Verb.VIEW_ALL_HISTORY) else None
    return verdict if verdict and verdict.is_troubled else None


def proof() -> Proof:
    head = LedgerHead.objects.filter(pk=1).first()
    key, seed = next(iter(settings.CHECKPOINT_KEYS.items()))
    newest = Checkpoint.objects.order_by("-seq").first()
    deliveries = {row.name: row for row in Delivery.objects.all()}
    return Proof(
        records=head.seq if head else 0,
        newest=Record.objects.defer("text").order_by("-seq").first(),
        guards=guards.count(),
        lacking=tuple(guards.missing()),
        key=key,
        fingerprint=checkpoint.fingerprint(checkpoint.public_key(seed)),
        checkpoint=newest,
        checkpoint_time=datetime.fromisoformat(newest.time) if newest else None,
        file_is_set=settings.CHECKPOINT_FILE is not None,
        file=deliveries.get("checkpoint_file"),
        stdout=deliveries.get("checkpoint_stdout"),
        ships=settings.SHIP_RECORDS,
        shipped=deliveries.get("shipping"),
    )


def _kept() -> tuple[Said | None, Said | None, Said | None, tuple[Alarm, ...]]:
    """The verdicts, whole, newest and handed, and what fails on its way out: two tables in one query."""
    failing = Delivery.objects.filter(failing_since__isnull=False)
    said = KeptVerdict.objects.filter(name__in=KEPT)
    nothing, never = Value("", TextField()), Value(None, DateTimeField())
    rows = failing.values_list("name", "fault", "failing_since", nothing, nothing).union(
        said.values_list("name", "text", never, "seal", "seal_key"), all=True
    )
    found: dict[str, Said | None] = {}
    alarms = []
    for name, text, since, seal, seal_key in rows.order_by("name"):
        if since is None:
            row = KeptVerdict(name=name, text=text, seal=seal, seal_key=seal_key)
            found[name] = verdicts.opened(row, settings.LEDGER_KEYS)
        else:
            alarms.append(Alarm(str(FAILING.get(name, name)), text, since))
    whole, newest, handed = map(found.get, KEPT)
    return whole, newest, handed, tuple(alarms)


def _guards() -> Iterator[Alarm]:
    lacking = guards.missing()
    if lacking:
        words = gettext("Missing or altered: %(names)s. `manage.py migrate` lays them again.")
        yield Alarm(gettext("The ledger's guards are not all in place"), words % {"names": ", ".join(lacking)}, None)
