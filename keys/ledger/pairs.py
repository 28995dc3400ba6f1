"""Intents and outcomes: one intent a change, every outcome after it. Looked up by the index on `change`.

To be asked after the columns have been verified, since it trusts them.
"""

from django.db import connection

from keys.errors import ChainBroken

_LONE_OUTCOME = """SELECT o.seq, o.change FROM keys_record o WHERE o.seq > %s AND o.seq <= %s
 AND o.change <> '' AND o.outcome <> ''
 AND NOT EXISTS (SELECT 1 FROM keys_record i WHERE i.change = o.change AND i.outcome = '' AND i.seq < o.seq)
 ORDER BY o.seq LIMIT 1"""
_SECOND_INTENT = """SELECT o.seq, o.change FROM keys_record o WHERE o.seq > %s AND o.seq <= %s
 AND o.change <> '' AND o.outcome = ''
 AND EXISTS (SELECT 1 FROM keys_record i WHERE i.change = o.change AND i.seq < o.seq) ORDER BY o.seq LIMIT 1"""
_OPEN = """SELECT count(*) FROM keys_record i WHERE i.seq <= %s AND i.change <> '' AND i.outcome = ''
 AND NOT EXISTS (SELECT 1 FROM keys_record o WHERE o.change = i.change AND o.outcome <> '' AND o.seq <= %s)"""


def check_pairs(after: int, newest: int) -> None:
    """after: the last seq that was looked at before. newest: the last to look at. Raises ChainBroken."""
    faults = [
        (_LONE_OUTCOME, "an intent of this change before it", "an outcome alone"),
        (_SECOND_INTENT, "one intent of this change", "another"),
    ]
    broken = []
    with connection.cursor() as cursor:
        for query, expected, found in faults:
            cursor.execute(query, [after, newest])
            if row := cursor.fetchone():
                broken.append(ChainBroken(row[0], "change", expected, found))
    if broken:
        raise min(broken, key=lambda fault: fault.seq)


def open_changes(newest: int) -> int:
    """How many changes have an intent and no outcome yet."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, [newest, newest])
        return int(cursor.fetchone()[0])
