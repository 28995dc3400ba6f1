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
# All changes at once, each by its records in the index: how many are not as they should be, how many have no outcome.
_ALL = """SELECT coalesce(sum(CASE WHEN intents <> 1 OR outcome < intent THEN 1 ELSE 0 END), 0),
 coalesce(sum(CASE WHEN outcome IS NULL THEN 1 ELSE 0 END), 0)
 FROM (SELECT sum(CASE WHEN outcome = '' THEN 1 ELSE 0 END) AS intents,
  min(CASE WHEN outcome = '' THEN seq END) AS intent, min(CASE WHEN outcome <> '' THEN seq END) AS outcome
  FROM keys_record WHERE change <> '' AND seq <= %s GROUP BY change) AS changes"""


def check_pairs(after: int, newest: int) -> int | None:
    """How many changes have an intent and no outcome yet, None where only the records behind `after` are looked at.

    newest: the last one to look at. Raises ChainBroken.
    """
    if after:
        _name_first(after, newest)
        return None
    with connection.cursor() as cursor:
        cursor.execute(_ALL, [newest])
        bad, still_open = cursor.fetchone()
    if bad:
        _name_first(after, newest)
    return int(still_open)


def _name_first(after: int, newest: int) -> None:
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
