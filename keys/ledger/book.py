"""The only writer of the ledger.

Everything that must commit together with a record happens inside one `with opened() as ledger:`; the first statement
of that transaction locks the head row, so that seq, ordinals and link are read under the lock they are written under.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import structlog
from django.conf import settings
from django.db import Error, connection, transaction
from django.utils.translation import gettext
from psycopg.pq import TransactionStatus

from keys.errors import LedgerUnavailable
from keys.ledger import chain, finding
from keys.ledger.actions import Action
from keys.ledger.columns import columns_of
from keys.ledger.recordable import OWN_REQUEST_ID, recordable, told
from keys.models import Record, Team
from keys.types import Actor

log = structlog.get_logger(__name__)

INT64 = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Entry:
    """What one record shall say.

    body: names from `keys.ledger.recordable` alone. change: the id that joins an intent (outcome "") with its outcomes;
    "" for whatever is whole by itself. reason: typed text, searched for secrets by the caller before.
    """

    action: Action
    actor: Actor
    body: Mapping[str, Any] = field(default_factory=dict)
    team: Team | None = None
    key_id: int | None = None
    key_name: str = ""
    outcome: str = ""
    change: str = ""
    reason: str = ""


@contextmanager
def opened() -> Iterator["Ledger"]:
    """A durable transaction that holds the ledger's lock: own data and records commit together or not at all.

    Raises LedgerUnavailable when it cannot be opened or committed, RuntimeError inside another transaction. What the
    block itself raises passes through, and nothing is kept.
    """
    inside = False
    try:
        with transaction.atomic(durable=True):
            _lock()
            inside = True
            yield Ledger()
            inside = False
            _still_good()
    except Error as error:
        if inside:
            raise
        raise _unavailable(error) from None


class Ledger:
    """The ledger while `opened()` holds its lock."""

    def __init__(self) -> None:
        self._block = _durable_block()

    def append(self, entry: Entry) -> Record:
        """Write the next record.

        Raises LedgerUnavailable when it cannot be written, NotRecordable (a ValueError) for a body with fields that may
        not be recorded or an outcome without its intent, RuntimeError outside the transaction of `opened()`.
        """
        if _durable_block() is not self._block:
            raise RuntimeError("this ledger is closed: append inside its own `with opened()`")
        body = recordable(entry.body)
        _check(entry)
        try:
            return _append(entry, body)
        except Error as error:
            raise _unavailable(error) from None


_LOCK: Final = "SELECT seq FROM keys_ledgerhead WHERE id = 1"
_MOVE: Final = "UPDATE keys_ledgerhead SET seq = %s, link = %s WHERE id = 1"
"""By hand, like `_PLACE`: every edit waits for them twice, and for most of that time for Django to make the text."""


def _lock() -> None:
    for_update = f" {connection.ops.for_update_sql()}" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK + for_update)  # SQLite has the lock already: its transactions begin IMMEDIATE
        if cursor.fetchone() is None:
            raise LedgerUnavailable(gettext("The ledger's head is missing: nothing was done. Run verify_ledger."))


def _still_good() -> None:
    """Refuse to take a rollback for a commit: after an error that the block swallowed, COMMIT keeps nothing."""
    if connection.get_rollback() or not _under_way():
        raise LedgerUnavailable(gettext("Something failed while this was recorded, so nothing was done."))


def _under_way() -> bool:
    """Is the transaction open and sound? The driver knows, without a question to the database."""
    driver: Any = connection.connection
    if connection.vendor == "sqlite":
        return bool(driver.in_transaction)  # a full disk, for one, ends it
    return bool(driver.info.transaction_status == TransactionStatus.INTRANS)


def _durable_block() -> object:
    """The outermost transaction block, which must be durable. Blocks that a test case wraps around are not counted."""
    blocks: list[Any] = [block for block in _blocks() if not block._from_testcase]
    if not blocks or not blocks[0].durable:
        raise RuntimeError("the ledger is written inside `keys.ledger.book.opened()` alone")
    return blocks[0]


def _blocks() -> list[Any]:
    """Django's stack of `atomic` blocks on this thread's connection, outermost first."""
    return list(connection.atomic_blocks)


def _append(entry: Entry, body: dict[str, Any]) -> Record:
    place = _place(entry)
    _pair(entry, place)
    text = chain.canonical(_said(entry, body, place))
    digest = chain.digest_of(text)
    seq = place.newest + 1
    link = chain.link_of(place.link, seq, digest)
    seal_key, secret = _ledger_key(place)
    read = json.loads(text)  # as every reader will: two halves of a character that met are one then
    columns = columns_of(read)
    record = Record(
        **{**columns, "time": datetime.fromisoformat(columns["time"])},
        seq=seq,
        text=text,
        digest=digest,
        previous=place.link,
        link=link,
        seal=chain.seal_of(secret, link),
        seal_key=seal_key,
    )
    record.save(force_insert=True)
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, (seq, link))
    finding.note(record, read["body"])
    return record


class _Place(NamedTuple):
    """What the next record follows. newest, link: of the last record. followed: has another ledger key followed ours?
    intended: has its change an intent already?

    team_n, key_n: the newest ordinals among its team's and its key's records, None where there are none.
    """

    newest: int
    link: str
    followed: bool
    intended: bool
    team_n: int | None
    key_n: int | None


_PLACE: Final = """
    SELECT head.seq, head.link, last.link,
        EXISTS (SELECT 1 FROM keys_record
            WHERE action = 'ledger_key.rotate' AND replace(text, %(our_key)s, '') <> text),
        EXISTS (SELECT 1 FROM keys_record WHERE change = %(change)s AND outcome = ''),
        (SELECT MAX(team_n) FROM keys_record WHERE team_id = %(team)s),
        (SELECT MAX(key_n) FROM keys_record WHERE team_id = %(team)s AND key_id = %(key)s)
    FROM keys_ledgerhead AS head LEFT JOIN keys_record AS last ON last.seq = head.seq WHERE head.id = 1
"""
"""In one statement, each part a look at the end of an index: every edit waits for it twice."""


def _place(entry: Entry) -> _Place:
    """Read anew for each record: a savepoint may have been rolled back between.

    A head that disagrees with the last record means that somebody cut or wrote past us: nothing is built on it.
    """
    team = entry.team.pk if entry.team else None
    with connection.cursor() as cursor:
        ours = f'"from_key":"{next(iter(settings.LEDGER_KEYS), "")}"'  # as the canonical text of a rotation has it
        cursor.execute(_PLACE, {"our_key": ours, "change": entry.change, "team": team, "key": entry.key_id})
        newest, link, last, followed, intended, team_n, key_n = cursor.fetchone()
    if link != (chain.GENESIS if newest == 0 else last):
        raise LedgerUnavailable(
            gettext("The ledger's head and its last record disagree: nothing was done. Run verify_ledger.")
        )
    return _Place(newest, link, bool(followed), bool(intended), team_n, key_n)


def _said(entry: Entry, body: dict[str, Any], place: _Place) -> dict[str, Any]:
    actor, team = entry.actor, entry.team
    return {
        "v": chain.VERSION,
        "nonce": secrets.token_hex(16),
        "time": _now(),
        "action": str(entry.action),
        "outcome": entry.outcome,
        "actor_kind": str(actor.kind),
        "actor_id": actor.id,
        "actor": told(actor.name),
        "actor_role": actor.role,
        "address": told(actor.address),
        "request_id": actor.request_id if OWN_REQUEST_ID.fullmatch(actor.request_id) else told(actor.request_id),
        "team_id": team.pk if team else None,
        "team": told(team.name) if team else "",
        "key_id": entry.key_id,
        "key_name": told(entry.key_name),
        "change": entry.change,
        "reason": told(entry.reason),
        "team_n": (place.team_n or 0) + 1 if team else None,
        "key_n": (place.key_n or 0) + 1 if team and entry.key_id is not None else None,
        "body": body,
    }


def _now() -> str:
    """Milliseconds, with six digits: Django's `dumpdata` cuts the rest, and a moved ledger must still verify.

    A clock that was set back is told as it was: the order is by seq.
    """
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}000Z"


def _check(entry: Entry) -> None:
    if entry.key_id is not None and not (entry.team and -INT64 <= entry.key_id <= INT64):
        raise chain.NotRecordable("a key is recorded with its team, and its id has 64 bits")
    if len(entry.outcome) > 16 or len(entry.change) > 36:
        raise chain.NotRecordable("an outcome has at most 16 characters, a change id 36")


def _pair(entry: Entry, place: _Place) -> None:
    """One intent a change, and no outcome without it: what `verify_ledger` would call damage is refused here."""
    if entry.change and place.intended and entry.outcome == "":
        raise chain.AlreadyIntended("a change has one intent")
    if entry.change and not place.intended and entry.outcome:
        raise chain.NotRecordable("a change's outcomes come after its intent")


def _ledger_key(place: _Place) -> tuple[str, bytes]:
    """Id and secret of the key that seals new records: the first one given.

    Not one that was rotated away, as in a process that has not been restarted: its record would read as forged.
    """
    for name, secret in settings.LEDGER_KEYS.items():
        if place.followed:
            words = gettext(
                "The ledger key %(key)s was followed by another: restart with that one first. Nothing was done."
            )
            raise LedgerUnavailable(words % {"key": name})
        return name, secret
    raise LedgerUnavailable(gettext("No ledger key is set: nothing can be recorded, so nothing was done."))


def _unavailable(error: Error) -> LedgerUnavailable:
    """For people, without the database's words: those may quote values."""
    log.error("ledger_unavailable", error=type(error).__name__, cause=type(error.__cause__).__name__)
    return LedgerUnavailable(gettext("The ledger cannot be written now, so nothing was done. Please try again."))
