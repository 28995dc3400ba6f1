"""What is written into an evidence bundle for people: in English, as the ledger itself."""

import json

from keys.ledger.checkpoint import Signed
from keys.selectors.ledger_filter import Among
from keys.services.exporting import Export

COUNTED = {
    Among.ALL: "that none was left out, since all records are numbered without a gap",
    Among.TEAM: "that none was left out, since the records of a team are numbered without a gap (team_n)",
    Among.KEY: "that none was left out, since the records of a key are numbered without a gap (key_n)",
}
CANNOT = """but NOT that none was left out: a record that is told only by its digest shows neither who nor what, nor
which fields it changed. Ask for a team, a key of a team, a time span or everything, and it can be shown."""
READ = """
The script checks that team, key, action, outcome, request id, changed field and time are those that were asked for.
Whether {names} fits as well is for you to read in the records.
"""
TO_READ = {"actor": "the person", "text": "the reason or the key's name", "value": "the value before or after"}
SPAN = """
A time span is told by the dashboard's own clock. What stands on both sides of it is in neighbours.jsonl; should the
clock have been set back between, a record with a time in this span may stand elsewhere.
"""

TEXT = """Evidence from the ledger of cometadmin
======================================

{records}, exported {time} by {actor}.
Asked for: {asked}
Of: {scope}

To check it yourself, on a machine of your own, with Python 3.9 or newer and `pip install cryptography`:

    python3 verify_export.py THIS_FILE.zip --fingerprint FINGERPRINT

Get the fingerprint of the public key from the people who run the dashboard by another way than this file: by phone, or
from the dashboard's page /history/proof/. Whoever made this file up would have put another key into it. In here it is

    {fingerprint}

If you hold a checkpoint from an earlier day (one JSON line), add --checkpoint FILE. One that an earlier key signed is
compared by its link alone. The script lies in the project's repository too (keys/ledger/verify_export.py); take it from
there if you do not trust the one in here.

The dashboard shows a change and what became of it as one entry: here are {records}, told as {entries}. Each change is
here with all its records, though one alone may be what was asked for.

What it shows: that no record was altered; that none is missing from what was exported (the export's own record tells
how many there were, and a digest over all of them);
{completeness}
{read}{span}
What it cannot show: that what people wrote is true; that a change which was never made through the dashboard is in the
ledger; what happened after record {seq}. The seals (HMAC) can be checked only where the ledger key is.

Files: records.jsonl, one record a line: its number and its text exactly as it was hashed. export.json, the record of
this export. digests.txt, the digests of all records from behind the first checkpoint up to the export's.
neighbours.jsonl, what stands beside a span. checkpoints.jsonl, signed; public_key.txt, the key that signed the last.
"""


def readme(export: Export, last: Signed, fingerprint: str) -> str:
    body = json.loads(export.record.text)["body"]
    shown = COUNTED[export.countable] + "." if export.countable else CANNOT
    span = SPAN if export.countable and (body["filter"].keys() & {"since", "until"}) else ""
    to_read = [words for name, words in TO_READ.items() if name in body["filter"]]
    return TEXT.format(
        records=f"{export.count} record" + "s" * (export.count != 1),
        time=last.time,
        actor=export.record.actor,
        asked=json.dumps(body["filter"]),
        scope="all teams" if body["scope"] == "all" else f"the teams {body['scope']}",
        fingerprint=fingerprint,
        completeness=shown,
        span=span,
        read=READ.format(names=" and ".join(to_read)) if to_read else "",
        entries="1 entry" if export.entries == 1 else f"{export.entries} entries",
        seq=export.record.seq,
    )
