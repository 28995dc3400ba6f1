"""The index that the history is searched by: which record changed which field from what to what, and the hours.

Written in the transaction that appends the record, and made anew from the records alone.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from django.db import connection, transaction
from django.db.models import Min

from keys.models import ChangedField, LedgerHead, Record, RecordHour
from keys.redact import escape_visible

CHANGES = ("changed", "altered")
"""Parts of a body that say what a field was and what it became."""
AT_ONCE = 2_000


class Recorded(Protocol):
    """What is read of a record: also by the migration, whose tables are not ours of today."""

    seq: int
    time: datetime
    team_id: int | None
    key_id: int | None
    text: str


def folded(value: Any) -> str:
    """A value as text that is searched: letters in one case, hostile characters visible, numbers in plain digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if text.isascii() and text.isprintable():  # most are, and nothing else happens to them
        return text.casefold()
    return unicodedata.normalize("NFC", escape_visible(text, keep="\n").casefold())


def note(record: Record, body: Mapping[str, Any]) -> None:
    """Index a record that was appended just now, under the lock that it was appended under."""
    ChangedField.objects.bulk_create(ChangedField(**row) for row in rows_of(record, body))
    hour = hour_of(record.time)
    with connection.cursor() as cursor:
        when = connection.ops.adapt_datetimefield_value(hour)
        cursor.execute("UPDATE keys_recordhour SET last_seq = %s WHERE hour = %s", (record.seq, when))
        known = cursor.rowcount
    if not known:
        RecordHour.objects.create(hour=hour, first_seq=record.seq, last_seq=record.seq)


def rows_of(record: Recorded, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One row a changed field, none for a body that is damaged."""
    about = {"seq": record.seq, "time": record.time, "team_id": record.team_id, "key_id": record.key_id}
    for field, before, after in changes_of(body):
        yield {**about, "field": field, "before": before, "after": after}


def changes_of(body: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Each changed field with its value before and after, as they are indexed."""
    seen: set[str] = set()
    for part in CHANGES:
        pairs = body.get(part)
        for field, pair in pairs.items() if isinstance(pairs, Mapping) else ():
            if isinstance(pair, list | tuple) and len(pair) == 2 and field not in seen:
                seen.add(field)
                yield field[:40], folded(pair[0]), folded(pair[1])


def body_of(text: str) -> dict[str, Any]:
    """A record's body; {} where its text is damaged."""
    return parsed(text) or {}


def parsed(text: str) -> dict[str, Any] | None:
    """A record's body; None where its text is damaged."""
    try:
        body = json.loads(text)["body"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def reindex() -> int:
    """Make the whole index anew; how many records were read. Whoever appends waits meanwhile."""
    with transaction.atomic():
        LedgerHead.objects.select_for_update().first()
        ChangedField.objects.all().delete()
        RecordHour.objects.all().delete()
        records = Record.objects.order_by("seq").only("seq", "time", "team_id", "key_id", "text")
        return fill(records.iterator(AT_ONCE), ChangedField, RecordHour)


def fill(records: Iterable[Recorded], fields: Any, hours: Any) -> int:
    """Index `records`, oldest first, into two empty tables (the models, or a migration's), in flat memory."""
    rows: list[Any] = []
    seqs: dict[datetime, list[int]] = {}
    count = 0
    for record in records:
        rows += (fields(**row) for row in rows_of(record, body_of(record.text)))
        seqs.setdefault(hour_of(record.time), [record.seq, record.seq])[1] = record.seq
        count += 1
        if len(rows) >= AT_ONCE:
            fields.objects.bulk_create(rows)
            rows.clear()
    fields.objects.bulk_create(rows)
    spans = (hours(hour=hour, first_seq=first, last_seq=last) for hour, (first, last) in seqs.items())
    hours.objects.bulk_create(spans, batch_size=AT_ONCE)
    return count


def behind() -> bool:
    """Are there records that the index does not know? Then nothing may be left out by it."""
    newest = Record.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    known = RecordHour.objects.order_by("-hour").values_list("last_seq", flat=True)[:3]
    return bool(newest) and newest not in known


def seqs_between(since: datetime | None, until: datetime | None) -> tuple[int, int] | None:
    """The first and the last seq that a span of time can hold; None when it holds no record at all.

    Wider than the span, by up to an hour at each end: the records' own times decide.
    """
    hours = RecordHour.objects.all()
    if since:
        hours = hours.filter(hour__gte=hour_of(since))
    if until:
        hours = hours.filter(hour__lt=until)
    first = hours.aggregate(first=Min("first_seq"))["first"]
    last = hours.order_by("-last_seq").values_list("last_seq", flat=True).first()
    return None if first is None or last is None else (first, last)
