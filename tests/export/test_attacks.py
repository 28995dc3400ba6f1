"""Bundles as an enemy would hand them over: none is called proven, none is waited for, nothing is repeated raw."""

import json
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from keys.ledger import checkpoint
from keys.models import Team
from keys.services.bundle import VERIFIER
from keys.services.checkpoints import make_checkpoint
from tests.export.support import Entries, bundle, checked, entries, fingerprint, rewritten
from tests.ledger.making import append, change, ledger_of


@pytest.fixture
def teams(real_db: Any) -> list[Team]:
    teams = ledger_of(24)
    make_checkpoint()
    change(teams[0], 2, name="Zürich")
    append(team=teams[0], reason="the new office")
    return teams


def edit(name: str, how: Callable[[str], str]) -> Callable[[Entries], None]:
    def changed(inside: Entries) -> None:
        inside[name] = how(inside[name])

    return changed


def by_line(how: Callable[[list[str]], list[str]]) -> Callable[[str], str]:
    return lambda text: "".join(how(text.splitlines(keepends=True)))


def of_first(how: Callable[[Any], Any]) -> Callable[[str], str]:
    """The first line, as JSON, changed and written in the bundle's own form."""
    return by_line(lambda lines: [json.dumps(how(json.loads(lines[0])), separators=(",", ":")) + "\n", *lines[1:]])


def reordered(text: str) -> str:
    return by_line(lambda lines: lines[::-1])(text)


def other_filter(inside: Entries) -> None:
    said = json.loads(inside["export.json"])
    body = json.loads(said["text"])
    body["body"]["filter"] = {"team": 999}
    inside["export.json"] = json.dumps({**said, "text": json.dumps(body)}, separators=(",", ":")) + "\n"


def moved_to_neighbours(inside: Entries) -> None:
    first, *others = inside["records.jsonl"].splitlines(keepends=True)
    inside["records.jsonl"], inside["neighbours.jsonl"] = "".join(others), first


ALTERED = {
    **{f"{name} reordered": edit(name, reordered) for name in ("records.jsonl", "digests.txt", "checkpoints.jsonl")},
    **{
        f"{name}, last one cut": edit(name, by_line(lambda lines: lines[:-1]))
        for name in ("records.jsonl", "digests.txt", "checkpoints.jsonl")
    },
    **{
        f"{name}, each twice": edit(name, by_line(lambda lines: [line for line in lines for _ in range(2)]))
        for name in ("records.jsonl", "digests.txt", "checkpoints.jsonl", "export.json")
    },
    "line ends of Windows": edit("records.jsonl", lambda text: text.replace("\n", "\r\n")),
    "empty lines": edit("records.jsonl", lambda text: text.replace("\n", "\n\n")),
    "a letter that looks the same": edit("records.jsonl", lambda text: text.replace("key.edit", "k\u0435y.edit")),
    "the same, escaped": edit("records.jsonl", lambda text: text.replace("key.edit", "k\\\\u0435y.edit", 1)),
    "a mark that no eye sees": edit("records.jsonl", lambda text: "\ufeff" + text),
    "more beside the record": edit("records.jsonl", of_first(lambda said: {**said, "note": "approved by the board"})),
    "its number told otherwise": edit("records.jsonl", of_first(lambda said: {**said, "seq": float(said["seq"])})),
    "a name twice": edit("records.jsonl", lambda text: text.replace('{"seq":', '{"text":"forged","seq":', 1)),
    "a number that is none": edit("records.jsonl", lambda text: text.replace('{"seq":', '{"seq":NaN,"was":', 1)),
    "a number below 1": edit("records.jsonl", of_first(lambda said: {**said, "seq": -1})),
    "a match as a neighbour": moved_to_neighbours,
    "the filter in the record": other_filter,
    "digests behind the end": edit("digests.txt", lambda text: text + "00" * 32 + "\n"),
    "half a digest": edit("digests.txt", lambda text: text[:32] + text[64:]),
    "a checkpoint of nobody": edit("checkpoints.jsonl", of_first(lambda said: {**said, "signature": "00" * 64})),
    "a checkpoint without its number": edit("checkpoints.jsonl", of_first(lambda said: {**said, "seq": "1"})),
    "depth": edit("records.jsonl", lambda text: '{"seq":' + "[" * 100_000 + "\n" + text),
    "a number of 5,000 digits": edit("records.jsonl", lambda text: '{"seq":' + "9" * 5_000 + ',"text":""}\n' + text),
}


@pytest.mark.parametrize("wanted", ["all", "team", "changed name"])
def test_whatever_is_done_to_it_is_refused(teams: list[Team], tmp_path: Path, wanted: str) -> None:
    asked: dict[str, Any] = {"all": {}, "team": {"team": teams[0].pk}, "changed name": {"field": "name"}}
    path = bundle(tmp_path / "b.zip", **asked[wanted])
    assert checked(path).code == 0

    sound, accepted, tried = entries(path), [], 0
    for name, attack in ALTERED.items():
        altered = rewritten(path, attack)
        if entries(altered) != sound:  # one line alone cannot be reordered
            tried += 1
            accepted += [name] if checked(altered).code not in (1, 2) else []
    assert (accepted, tried >= len(ALTERED) - 1) == ([], True)


def test_another_ledgers_checkpoint_and_key_are_refused(teams: list[Team], tmp_path: Path) -> None:
    """All of a bundle is signed anew by a key of the enemy's own: without the fingerprint it is never called proven."""
    path, key = bundle(tmp_path / "b.zip"), Ed25519PrivateKey.generate()

    def signed_anew(inside: Entries) -> None:
        name = inside["public_key.txt"].split()[0]
        inside["public_key.txt"] = f"{name} {key.public_key().public_bytes_raw().hex()}\n"
        points = [json.loads(line) for line in inside["checkpoints.jsonl"].splitlines()]
        for p in points:
            text = f"cometadmin checkpoint v1\n{p['seq']}\n{p['link']}\n{p['time']}\n{p['key']}"
            p["signature"] = key.sign(text.encode()).hex()
        inside["checkpoints.jsonl"] = "".join(json.dumps(p) + "\n" for p in points)

    forged = rewritten(path, signed_anew)
    held = tmp_path / "held.jsonl"
    held.write_text(make_checkpoint().line + "\n")

    assert checked(forged).code == 1
    assert checked(forged, known=False).code == 3
    assert checked(forged, "--checkpoint", str(held), known=False).code == 1


def test_nothing_in_it_steers_the_terminal(teams: list[Team], tmp_path: Path) -> None:
    """Escape sequences that would write PROVEN over what the script says."""
    path = bundle(tmp_path / "b.zip")
    escape = "\x1b[2J\x1b[HPROVEN.\n"
    attacks = [
        edit("checkpoints.jsonl", of_first(lambda said: {**said, "seq": escape})),
        edit("records.jsonl", of_first(lambda said: {**said, "seq": escape})),
        edit("public_key.txt", lambda text: text.replace(" ", f" {escape.strip()}")),
    ]
    for attack in attacks:
        verdict = checked(rewritten(path, attack))

        assert verdict.code in (1, 2)
        assert "\x1b" not in verdict.said and "\nPROVEN" not in verdict.said, verdict.said


def written(path: Path, inside: list[tuple[str, Any]]) -> Path:
    target = path.with_name("altered.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an entry twice is warned of
        for name, content in inside:
            with archive.open(name, "w", force_zip64=True) as file:
                for piece in content:
                    file.write(piece)
    return target


def test_an_entry_that_is_there_twice_is_refused(teams: list[Team], tmp_path: Path) -> None:
    """One tool shows the first one, another the last."""
    path = bundle(tmp_path / "b.zip")
    inside = [(name, [text.encode()]) for name, text in entries(path).items()]

    verdict = checked(written(path, [("records.jsonl", [b"forged\n"]), *inside]))

    assert (verdict.code, "there twice" in verdict.said) == (1, True), verdict.said


BOMBS = {
    "one endless line": ("records.jsonl", b"0"),
    "no end of checkpoints": ("checkpoints.jsonl", b"\n"),
    "no end of digests": ("digests.txt", b"00" * 32 + b"\n"),
    "no end of records": ("records.jsonl", b'{"seq":1,"text":""}\n'),
    "an endless key": ("public_key.txt", b"0"),
}


LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_AS, (2**28, 2**28))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a script in 256 MB of address space, where what is unpacked would not fit."""


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_zip_that_unpacks_to_gigabytes_takes_no_memory(teams: list[Team], tmp_path: Path, bomb: str) -> None:
    path = bundle(tmp_path / "b.zip")
    name, piece = BOMBS[bomb]
    block, blocks = piece * (2**22 // len(piece)), 48
    inside = [(entry, [text.encode()]) for entry, text in entries(path).items() if entry != name]
    forged = written(path, [*inside, (name, (block for _ in range(blocks)))])

    command = [sys.executable, "-I", "-c", LIMITED, str(VERIFIER), str(forged), "--fingerprint", fingerprint()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode in (1, 2), "MemoryError" in done.stdout + done.stderr) == (True, False), done


def test_what_is_no_checkpoint_in_the_auditors_own_file_is_passed_over(teams: list[Team], tmp_path: Path) -> None:
    """The product's own sink can hold a torn line, its standard output records and words of any kind."""
    from keys.ledger import ecs
    from keys.models import Record
    from keys.services.shipping import FIELDS

    path, held = bundle(tmp_path / "b.zip"), tmp_path / "held.jsonl"
    line, record = make_checkpoint().line, ecs.line(Record.objects.values(*FIELDS)[0])
    append()
    rubbish = ["", line[:40], "[]", "7", "[" * 50_000, record, "Zürich \x00", json.dumps({"checkpoint": 1})]
    held.write_text("".join(one + "\n" for one in [*rubbish, line]), "utf-8")

    later = bundle(tmp_path / "later.zip")
    verdict = checked(later, "--checkpoint", str(held), known=False)
    assert (verdict.code, "and agree: 1. Lines passed over: 7." in verdict.said) == (0, True), verdict.said

    held.write_text("".join(one + "\n" for one in rubbish), "utf-8")
    assert checked(path, "--checkpoint", str(held), known=False).code == 3
    said = json.loads(line)
    held.write_text(f"{record}\n{json.dumps({**said, 'signature': '00' * 64})}\n")
    assert checked(later, "--checkpoint", str(held)).code == 1


@pytest.mark.parametrize("true", [True, False])
def test_a_checkpoint_of_before_a_rotation_is_held_against_by_its_link(
    teams: list[Team], tmp_path: Path, settings: Any, true: bool
) -> None:
    """Its key is not in the bundle; passed over, it would let history be written anew by rotating the key."""
    held = tmp_path / "held.jsonl"
    line = make_checkpoint().line
    said = json.loads(line)
    held.write_text(line if true else json.dumps({**said, "link": "0" * 63 + "1"}))
    append()
    settings.CHECKPOINT_KEYS = {"next": bytes(range(32)), **settings.CHECKPOINT_KEYS}
    later = bundle(tmp_path / "later.zip")
    assert said["key"] not in entries(later)["public_key.txt"]

    verdict, alone = (checked(later, "--checkpoint", str(held), known=known) for known in (True, False))

    assert (verdict.code, alone.code) == ((0, 3) if true else (1, 1)), (verdict.said, alone.said)
    told = "links could be compared, which agree: 1." if true else f"up to record {said['seq']} something differs"
    assert told in verdict.said and "Lines passed over: 1" not in verdict.said


def test_two_checkpoints_over_one_record_that_differ_are_not_proven(teams: list[Team], tmp_path: Path) -> None:
    """Whatever their order: the later one of the auditor's file does not hide the earlier one."""
    (key, seed), held = next(iter(settings.CHECKPOINT_KEYS.items())), tmp_path / "held.jsonl"
    line = make_checkpoint().line
    path, said = bundle(tmp_path / "b.zip"), json.loads(line)
    forged = checkpoint.sign(seed, key, said["seq"], "0" * 63 + "1", said["time"]).line
    for order in ([line, forged], [forged, line]):
        held.write_text("\n".join(order))
        verdict = checked(path, "--checkpoint", str(held))
        assert (verdict.code, "is not yours" in verdict.said) == (1, True), verdict.said
