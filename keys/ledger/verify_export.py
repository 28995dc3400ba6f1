"""Checks an evidence bundle of cometadmin; needs Python 3.9 or newer and `cryptography`, and nothing of cometadmin.

    python3 verify_export.py BUNDLE.zip --fingerprint HEX [--checkpoint FILE]

Get both by another way. Exit 0: proven. 1: altered, missing, left out. 2: unreadable. 3: by no key but its own.
"""

import argparse
import hashlib
import heapq
import io
import json
import zipfile
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DIGEST, LINK, MATCHES = (f"cometadmin ledger v1 {of}\n".encode() for of in ("digest", "link", "export matches"))
EXACT = {"team": "team_id", "key_id": "key_id", "action": "action", "outcome": "outcome", "request_id": "request_id"}
NUMBERED = {(): "seq", ("team",): "team_n", ("key_id", "team"): "key_n"}


def need(good: object, words: str) -> None:
    if not good:
        raise AssertionError(words)


def lines(file: Any) -> Any:
    text = io.TextIOWrapper(file, "ascii", newline="\n")
    for line in iter(lambda: text.readline(2**24), ""):
        need(len(line) < 2**24, "a line has more than 16 million characters")
        yield line.rstrip("\n")


def told(archive: zipfile.ZipFile, name: str) -> Any:
    seq = 0
    for line in lines(archive.open(name)):
        before, seq, text = seq, (said := json.loads(line))["seq"], said["text"]
        need(seq > before and line == f'{{"seq":{seq:d},"text":{json.dumps(text)}}}', f"{name}: {seq} is out of place")
        yield seq, text, name


def point(line: str) -> Any:  # a file of your own may hold more: a torn line, what else was printed there
    try:
        return {"checkpoint", "seq", "link", "time", "key", "signature"} <= set(p := json.loads(line)) and p
    except (ValueError, TypeError, LookupError, RecursionError):
        return False


def signed(public: str, key: str, told_by: Any, mine: bool) -> Any:
    before, known = -1, Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    for p in told_by:
        need(p["key"] == key and (mine or p["seq"] > before), f"the checkpoint over {p['seq']} does not belong here")
        text = f"cometadmin checkpoint v{p['checkpoint']}\n{p['seq']}\n{p['link']}\n{p['time']}\n{p['key']}".encode()
        known.verify(bytes.fromhex(p["signature"]), text)
        before = p["seq"]
        yield p


class Asked:  # what was asked for, as the export's own record tells it, and by which numbers matches are counted
    def __init__(self, body: Any) -> None:
        self.filter, self.scope = body["filter"], body["scope"]
        self.since, self.until = self.filter.get("since", ""), self.filter.get("until", "~")
        numbered = self.scope == "all" or "team" in self.filter
        self.by = NUMBERED.get(tuple(sorted(set(self.filter) - {"since", "until"}))) if numbered else None
        self.last, self.closed, self.lacks = 0, False, dict[str, Any]()

    def check(self, seq: int, said: Any, beside: bool) -> None:  # of a change's records any may tell what was asked for
        changed = {**said["body"].get("changed", {}), **said["body"].get("altered", {})}
        lacks = {name for name, value in self.filter.items() if name in EXACT and said[EXACT[name]] != value}
        lacks |= {"field"} - {"field" if self.filter.get("field") in {None, *changed} else ""}
        inside = self.since <= said["time"] < self.until
        ours = self.scope == "all" or said["team_id"] in [None, *self.scope]
        need(ours and not lacks & {"team", "key_id"}, f"record {seq} is not of whom was asked for")
        if said["change"] and not beside and set(self.filter) - {"team", "key_id"}:
            lacks |= set() if inside else {"time"}
            self.lacks[said["change"]] = frozenset(lacks & self.lacks.get(said["change"], lacks))
        else:
            need(not lacks and inside != beside, f"record {seq} is not what was asked for, or left out of it")
        if self.by and (inside or beside):
            number, begins = {**said, "seq": seq}[self.by], not self.last and beside and said["time"] < self.since
            need(begins or number == self.last + 1, f"left out: {self.by} from {self.last + 1} on")
            self.last, self.closed = number, beside and said["time"] >= self.until


def follow(archive: zipfile.ZipFile, points: Any, own: Any) -> Any:
    end, export = (first := next(told(archive, "export.json")))[0], json.loads(first[1])
    need(export["action"] == "ledger.export" and points[-1]["seq"] == end, "the last checkpoint is not of this export")
    body, asked, count, over = export["body"], Asked(export["body"]), 0, hashlib.sha256(MATCHES)
    links = dict(known := {(p["seq"], p["link"]) for p in (*points, *own)})
    seq, link = start = (points[0]["seq"], points[0]["link"]) if len(points) > 1 else (0, "0" * 64)
    need(len(links) == len(known) and links.get(seq, link) == link, f"a checkpoint, perhaps over {seq}, is not yours")
    records = heapq.merge(*(told(archive, name) for name in ("records.jsonl", "neighbours.jsonl", "export.json")))
    record = next(records)
    for seq, digest in enumerate(lines(archive.open("digests.txt")), start[0] + 1):
        while record and record[0] == seq:
            (_, text, name), record = record, next(records, None)
            need(hashlib.sha256(DIGEST + text.encode()).hexdigest() == digest, f"record {seq} was altered")
            if name != "export.json":
                asked.check(seq, json.loads(text), name == "neighbours.jsonl")
            count += name == "records.jsonl"
            over.update(bytes.fromhex(digest) if name == "records.jsonl" else b"")
        link = hashlib.sha256(LINK + bytes.fromhex(link) + seq.to_bytes(8, "big") + bytes.fromhex(digest)).hexdigest()
        need(links.get(seq, link) == link, f"up to record {seq} something differs from the checkpoint over it")
        need(seq <= end, f"there are digests behind the export, which is record {end}")
    need(seq == end and not record and link == points[-1]["link"], f"the digests end at {seq}, the export is {end}")
    need((count, over.hexdigest()) == (body["count"], body["matches"]), f"its records ({count}) are not those exported")
    need(not any(asked.lacks.values()), "a change is not what was asked for")
    number = {**export, "seq": end}.get(asked.by)  # it follows the last one that there was
    need(not asked.by or asked.closed or number == asked.last + 1, f"left out: {asked.by} from {asked.last + 1} on")
    return export["time"], body, asked.by, range(start[0], end + 1)


def check(bundle: str, fingerprint: Any, checkpoint: Any) -> int:
    with zipfile.ZipFile(bundle) as archive:
        need(len(set(archive.namelist())) == len(archive.namelist()), "an entry of the file is there twice")
        key, _, public = next(lines(archive.open("public_key.txt"))).partition(" ")
        need(fingerprint in (None, hashlib.sha256(bytes.fromhex(public)).hexdigest()), "signed by another key")
        points = list(signed(public, key, map(json.loads, lines(archive.open("checkpoints.jsonl"))), False))
        own = [point(line) for line in (open(checkpoint, errors="replace") if checkpoint else ()) if line.strip()]
        mine = list(signed(public, key, [p for p in own if p and p["key"] == key], True))
        time, body, by, within = follow(archive, points, list(filter(None, own)))
    agreed = [p in mine for p in own if p and p["seq"] in within]  # False: of another key, by its link
    print(ascii(f"Records of {body['scope']}, asked for {body['filter']}, at {time}: {body['count']}")[1:-1])
    left_out = f"None was left out: counted by {by}." if by else "Whether some were left out of it CANNOT be shown."
    print("No record was altered, and none is missing from what was exported.", left_out, sep="\n")
    print(f"Checkpoints of yours that lie in it, and agree: {sum(agreed)}. Lines passed over: {own.count(False)}.")
    print(f"Of another key, so that nothing but their links could be compared, which agree: {agreed.count(False)}.")
    return 0 if fingerprint or any(agreed) else 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle")
    parser.add_argument("--fingerprint", type=str.lower, help="SHA-256 of the public key, told to you by another way")
    parser.add_argument("--checkpoint", metavar="FILE", help="checkpoints from your own hands, one JSON line each")
    try:
        code = check(**vars(parser.parse_args()))
    except Exception as error:  # told by ascii(): nothing in a bundle may steer the terminal
        words = ascii(str(error) or "a checkpoint is not signed by the key")[1:-1]
        wrong = isinstance(error, (AssertionError, InvalidSignature))  # else whatever a broken file brings about
        print(f"NOT PROVEN: {words}" if wrong else f"unreadable: {type(error).__name__}: {words}")
        return 1 if wrong else 2
    print("CONSISTENT, but only with the key that came with it: ask for its fingerprint." if code else "PROVEN.")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
