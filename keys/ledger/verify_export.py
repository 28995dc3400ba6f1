"""Checks an evidence bundle of cometadmin. Needs Python 3.9 or newer and `cryptography`, and nothing of cometadmin.

    python3 verify_export.py BUNDLE.zip --fingerprint HEX [--checkpoint FILE]

Get the fingerprint, and if you can a checkpoint, by another way than the bundle. Exit 0: proven. 1: altered, missing or
left out, in words. 2: unreadable. 3: consistent, but only with the key that came with it.
"""

import argparse
import hashlib
import heapq
import io
import json
import sys
import zipfile
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DIGEST, LINK = b"cometadmin ledger v1 digest\n", b"cometadmin ledger v1 link\n"
MATCHES = b"cometadmin ledger v1 export matches\n"
EXACT = {"team": "team_id", "key_id": "key_id", "action": "action", "outcome": "outcome", "request_id": "request_id"}
NUMBERED = {(): "seq", ("team",): "team_n", ("key_id", "team"): "key_n"}


class Wrong(Exception):
    """The bundle is not what it claims to be."""


def need(good: object, words: str) -> None:
    if not good:
        raise Wrong(words)


def lines(file: Any) -> Any:
    return (line.strip() for line in io.TextIOWrapper(file, "ascii") if line.strip())


def told(archive: zipfile.ZipFile, name: str) -> Any:
    before = 0
    for said in map(json.loads, lines(archive.open(name))):
        need(said["seq"] > before, f"{name}: record {said['seq']} is not in order")
        before = said["seq"]
        yield before, said["text"], name


def signed(public: bytes, p: Any) -> bool:
    text = f"cometadmin checkpoint v{p['checkpoint']}\n{p['seq']}\n{p['link']}\n{p['time']}\n{p['key']}".encode()
    try:
        return Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(p["signature"]), text) is None
    except InvalidSignature:
        return False


class Asked:
    """What was asked for, as the export's own record tells it, and by which numbers matches are counted, if any."""

    def __init__(self, body: Any) -> None:
        self.filter, self.scope = body["filter"], body["scope"]
        self.since, self.until = self.filter.get("since", ""), self.filter.get("until", "~")
        numbered = self.scope == "all" or "team" in self.filter
        self.by = NUMBERED.get(tuple(sorted(set(self.filter) - {"since", "until"}))) if numbered else None
        self.last, self.closed = 0, False

    def check(self, seq: int, said: Any, beside: bool) -> None:
        """beside: it is a neighbour, which must lie outside the time span; a match must lie inside, and fit."""
        fits = all(said[EXACT[name]] == value for name, value in self.filter.items() if name in EXACT)
        fits = fits and (self.scope == "all" or said["team_id"] is None or said["team_id"] in self.scope)
        inside = self.since <= said["time"] < self.until
        need(fits and inside != beside, f"record {seq} is not what was asked for, or left out of it")
        number = {**said, "seq": seq}.get(self.by) or 0
        begins = self.last == 0 and beside and said["time"] < self.since
        need(not self.by or begins or number == self.last + 1, f"left out: {self.by} from {self.last + 1} on")
        self.last, self.closed = number, beside and said["time"] >= self.until


def follow(archive: zipfile.ZipFile, points: Any, own: Any) -> Any:
    """Walk from the first checkpoint to the last, link by link. own: links of the auditor's checkpoints by seq."""
    end, text, _ = next(told(archive, "export.json"))
    export = json.loads(text)
    need(export["action"] == "ledger.export" and points[-1]["seq"] == end, "the last checkpoint is not of this export")
    body, asked, count, over = export["body"], Asked(export["body"]), 0, hashlib.sha256(MATCHES)
    links = {**{point["seq"]: point["link"] for point in points}, **own}
    seq, link = (points[0]["seq"], points[0]["link"]) if len(points) > 1 else (0, "0" * 64)
    need(links.get(seq, link) == link, f"the first checkpoint, over record {seq}, is not yours")
    records = heapq.merge(*(told(archive, name) for name in ("records.jsonl", "neighbours.jsonl", "export.json")))
    record = next(records)
    for digest in lines(archive.open("digests.txt")):
        seq += 1
        while record and record[0] == seq:
            _, text, name = record
            need(hashlib.sha256(DIGEST + text.encode()).hexdigest() == digest, f"record {seq} was altered")
            if name != "export.json":
                asked.check(seq, json.loads(text), name == "neighbours.jsonl")
            if name == "records.jsonl":
                count += 1
                over.update(bytes.fromhex(digest))
            record = next(records, None)
        link = hashlib.sha256(LINK + bytes.fromhex(link) + seq.to_bytes(8, "big") + bytes.fromhex(digest)).hexdigest()
        need(links.get(seq, link) == link, f"up to record {seq} something differs from the checkpoint over it")
    need(
        seq == end and record is None and link == points[-1]["link"],
        f"the digests end at {seq}, the export is record {end}",
    )
    same = count == body["count"] and over.hexdigest() == body["matches"]
    need(same, f"the {count} records here are not the {body['count']} that were exported")
    number = {**export, "seq": end}.get(asked.by)  # it follows the last one that there was
    need(not asked.by or asked.closed or number == asked.last + 1, f"left out: {asked.by} from {asked.last + 1} on")
    return export, asked.by


def check(bundle: str, fingerprint: Any, file: Any) -> int:
    with zipfile.ZipFile(bundle) as archive:
        key, _, public = next(lines(archive.open("public_key.txt"))).partition(" ")
        public, points = bytes.fromhex(public), list(map(json.loads, lines(archive.open("checkpoints.jsonl"))))
        need(fingerprint in (None, hashlib.sha256(public).hexdigest()), "signed by another key than that one")
        mine = [point for point in map(json.loads, lines(open(file, "rb")) if file else ()) if point["key"] == key]
        for p in points + mine:
            need(p["key"] == key and signed(public, p), f"the checkpoint over {p['seq']} is not signed by the key")
        export, by = follow(archive, points, {point["seq"]: point["link"] for point in mine})
    body, first = export["body"], points[0]["seq"] if len(points) > 1 else 0
    agreed = sum(first <= point["seq"] <= points[-1]["seq"] for point in mine)
    print(f"{body['count']} records of {body['scope']}, asked for {json.dumps(body['filter'])}, at {export['time']}")
    print("No record was altered, and none is missing from what was exported.")
    print(f"None was left out: counted by {by}." if by else "Whether some were left out of it CANNOT be shown.")
    print(f"Checkpoints of yours that lie in it, and agree: {agreed}.")
    return 0 if fingerprint or agreed else 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle")
    parser.add_argument("--fingerprint", type=str.lower, help="SHA-256 of the public key, told to you by another way")
    parser.add_argument("--checkpoint", metavar="FILE", help="checkpoints from your own hands, one JSON line each")
    given = parser.parse_args()
    try:
        code = check(given.bundle, given.fingerprint, given.checkpoint)
    except Wrong as wrong:
        print(f"NOT PROVEN: {wrong}")
        return 1
    except Exception as error:  # whatever else a broken file brings about
        print(f"unreadable: {type(error).__name__}: {error}")
        return 2
    print("CONSISTENT, but only with the key that came with it: ask for its fingerprint." if code else "PROVEN.")
    return code


if __name__ == "__main__":
    sys.exit(main())
