"""The evidence bundle: what an outsider with script and fingerprint finds proven, altered, missing or left out."""

import json
import random
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from keys.models import Record, Team
from keys.selectors import search
from keys.services.bundle import VERIFIER
from keys.services.checkpoints import make_checkpoint
from tests.export.support import Entries, bundle, checked, entries, outside, rewritten, rows
from tests.ledger.making import LEA, append, ledger_of
from tests.support.mutants import mutated
from tests.support.report import Promise


@pytest.fixture
def teams(real_db: Any) -> list[Team]:
    teams = ledger_of(20)
    make_checkpoint()
    ledger_more(teams)
    return teams


def ledger_more(teams: list[Team]) -> None:
    for n in range(12):
        append(team=teams[n % 3], key_id=n % 2 + 1, reason="the new office")


def middle() -> tuple[Any, Any]:
    """A span in which some records lie, and others on both sides."""
    times = list(Record.objects.order_by("seq").values_list("time", flat=True))
    return times[8], times[-5] + timedelta(microseconds=500)


ASKED = ["all", "team", "key", "span", "team and span", "key and span", "before all", "after all"]


def asked(name: str, teams: list[Team]) -> dict[str, Any]:
    since, until = middle()
    span = {"since": since, "until": until}
    long_ago = {"until": since - timedelta(days=400)}
    team = {"team": teams[1].pk}
    return {
        "all": {},
        "team": team,
        "key": {**team, "key_id": 2},
        "span": span,
        "team and span": {**team, **span},
        "key and span": {**team, "key_id": 2, **span},
        "before all": {**team, **long_ago},
        "after all": {"since": until + timedelta(days=400)},
    }[name]


def test_what_can_be_counted_is_proven_to_be_all(teams: list[Team], tmp_path: Path) -> None:
    for name in ASKED:
        verdict = checked(bundle(tmp_path / "b.zip", **asked(name, teams)))

        assert (verdict.code, verdict.said.splitlines()[-1]) == (0, "PROVEN."), (name, verdict.said)
        assert "None was left out: counted by" in verdict.said, name


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_number_of_records_is_said_rightly_whatever_it_is(real_db: Any, tmp_path: Path, count: int) -> None:
    for _ in range(count):
        append()

    path = bundle(tmp_path / "b.zip")

    assert re.match(rf"Records of all, asked for \{{\}}, at [^ ]+: {count}\n", checked(path).said)


def test_what_cannot_be_counted_is_said_so(teams: list[Team], tmp_path: Path) -> None:
    for wanted in ({"text": "office"}, {"actor": "Léa Müller"}, {"outcome": "confirmed"}):
        verdict = checked(bundle(tmp_path / "b.zip", **wanted))

        assert verdict.code == 0, verdict.said
        assert "Whether some were left out of it CANNOT be shown." in verdict.said


def test_a_request_of_ours_is_asked_for_by_its_own_id(teams: list[Team], tmp_path: Path) -> None:
    """32 hex digits have a secret's shape; of a request id they are none."""
    path = bundle(tmp_path / "b.zip", request_id=LEA.request_id)

    body = json.loads(json.loads(entries(path)["export.json"])["text"])["body"]
    assert body["filter"] == {"request_id": LEA.request_id}
    assert (checked(path).code, body["count"] > 0) == (0, True), checked(path).said


def test_it_holds_exactly_what_was_asked_for(teams: list[Team], tmp_path: Path) -> None:
    expected = list(Record.objects.filter(team_id=teams[1].pk).order_by("seq").values_list("seq", "text"))

    inside = entries(bundle(tmp_path / "b.zip", team=teams[1].pk))

    assert [(row["seq"], row["text"]) for row in rows(inside["records.jsonl"])] == expected
    body = json.loads(json.loads(inside["export.json"])["text"])["body"]
    assert (body["count"], body["filter"], body["scope"]) == (len(expected), {"team": teams[1].pk}, "all")
    others = Record.objects.exclude(team_id=teams[1].pk).values_list("text", flat=True)
    assert not any(text in everything for text in others for everything in inside.values())


def test_without_a_fingerprint_it_is_consistent_only(teams: list[Team], tmp_path: Path) -> None:
    verdict = checked(bundle(tmp_path / "b.zip"), known=False)

    assert verdict.code == 3
    assert "only with the key that came with it" in verdict.said


def test_a_checkpoint_from_own_hands_proves_it_too(teams: list[Team], tmp_path: Path) -> None:
    held = tmp_path / "held.jsonl"
    held.write_text(make_checkpoint().line + "\n")
    append()
    path = bundle(tmp_path / "b.zip")

    verdict = checked(path, "--checkpoint", str(held), known=False)
    assert (verdict.code, "and agree: 1" in verdict.said) == (0, True), verdict.said

    said = json.loads(held.read_text())
    held.write_text(json.dumps({**said, "link": "0" * 64}))
    assert checked(path, "--checkpoint", str(held)).code == 1


def test_a_ledger_written_anew_does_not_fit_a_checkpoint_of_before(teams: list[Team], tmp_path: Path) -> None:
    """Even by whoever has all keys: the auditor's own checkpoint speaks against it."""
    from tests.ledger.damage import rehashed, without_guards

    held = tmp_path / "held.jsonl"
    held.write_text(make_checkpoint().line + "\n")
    with without_guards() as cursor:
        rehashed(cursor, 5, Record.objects.count(), None)  # type: ignore[arg-type]
    from keys.models import Checkpoint

    Checkpoint.objects.all().delete()
    path = bundle(tmp_path / "b.zip")

    assert checked(path).code == 0
    verdict = checked(path, "--checkpoint", str(held))
    assert verdict.code == 1 and "differs from the checkpoint" in verdict.said


def test_another_key_is_refused(teams: list[Team], tmp_path: Path) -> None:
    verdict = checked(bundle(tmp_path / "b.zip"), "--fingerprint", "0" * 64, known=False)

    assert verdict.code == 1 and "signed by another key" in verdict.said


def reduced(inside: Entries) -> None:
    """A matching record is told by its digest alone."""
    inside["records.jsonl"] = without(inside["records.jsonl"], 3)


def without(text: str, place: int) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[:place] + lines[place + 1 :])


def last_cut(inside: Entries) -> None:
    inside["records.jsonl"] = without(inside["records.jsonl"], len(inside["records.jsonl"].splitlines()) - 1)


def first_cut(inside: Entries) -> None:
    inside["records.jsonl"] = without(inside["records.jsonl"], 0)


def altered(inside: Entries) -> None:
    inside["records.jsonl"] = (
        inside["records.jsonl"].replace("key.edit", "key.edlt", 1).replace("192.0.2", "192.0.3", 1)
    )


def digest_changed(inside: Entries) -> None:
    lines = inside["digests.txt"].splitlines()
    lines[1] = lines[1][::-1]
    inside["digests.txt"] = "\n".join(lines) + "\n"


def digests_cut(inside: Entries) -> None:
    inside["digests.txt"] = "".join(inside["digests.txt"].splitlines(keepends=True)[:-1])


def other_count(inside: Entries) -> None:
    said = json.loads(inside["export.json"])
    body = json.loads(said["text"])
    body["body"]["count"] -= 1
    inside["export.json"] = json.dumps({**said, "text": json.dumps(body, sort_keys=True, separators=(",", ":"))})
    last_cut(inside)


def checkpoint_changed(inside: Entries) -> None:
    points = inside["checkpoints.jsonl"].splitlines()
    said = json.loads(points[-1])
    points[-1] = json.dumps({**said, "time": "2020-01-01T00:00:00.000000Z"})
    inside["checkpoints.jsonl"] = "\n".join(points) + "\n"


def doubled(inside: Entries) -> None:
    inside["records.jsonl"] += inside["records.jsonl"].splitlines(keepends=True)[-1]


FRAUDS = [
    *(reduced, last_cut, first_cut, altered, digest_changed, digests_cut, other_count, checkpoint_changed, doubled),
]


@pytest.mark.parametrize("wanted", [{}, {"text": "office"}], ids=["all", "text"])
def test_what_was_done_to_it_is_seen(teams: list[Team], tmp_path: Path, wanted: Any) -> None:
    path = bundle(tmp_path / "b.zip", **wanted)

    for fraud in FRAUDS:
        verdict = checked(rewritten(path, fraud))
        assert (verdict.code, verdict.said[:12]) == (1, "NOT PROVEN: "), (fraud, verdict.said)


def test_a_bundle_without_an_entry_is_unreadable(teams: list[Team], tmp_path: Path) -> None:
    path = bundle(tmp_path / "b.zip")

    for entry in ("export.json", "records.jsonl", "digests.txt", "checkpoints.jsonl", "public_key.txt"):
        assert checked(rewritten(path, lambda inside, entry=entry: inside.pop(entry) and None)).code == 2  # type: ignore[misc]


def test_what_is_no_zip_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(b"PK no zip")

    assert checked(tmp_path / "b.zip").code == 2


def test_the_script_in_the_bundle_is_the_one_of_the_repository(teams: list[Team], tmp_path: Path) -> None:
    inside = entries(bundle(tmp_path / "b.zip"))
    own = tmp_path / "own.py"
    own.write_text(inside["verify_export.py"])

    assert len(inside["verify_export.py"].splitlines()) <= 150
    assert outside(tmp_path / "b.zip", script=own).code == 0


def test_a_team_that_is_gone_can_still_be_exported(teams: list[Team], tmp_path: Path) -> None:
    pk = teams[1].pk
    teams[1].delete()

    verdict = checked(bundle(tmp_path / "b.zip", team=pk))

    assert (verdict.code, "counted by team_n" in verdict.said) == (0, True), verdict.said


def test_an_empty_ledger(real_db: Any, tmp_path: Path) -> None:
    assert checked(bundle(tmp_path / "b.zip")).code == 0


def test_a_ledger_that_was_signed_before_its_first_record(real_db: Any, tmp_path: Path) -> None:
    held = tmp_path / "held.jsonl"
    held.write_text(make_checkpoint().line + "\n")
    ledger_of(5)
    path = bundle(tmp_path / "b.zip")

    verdict = checked(path, "--checkpoint", str(held))

    assert (verdict.code, "and agree: 1" in verdict.said) == (0, True), verdict.said
    assert checked(rewritten(path, first_cut)).code == 1


@pytest.mark.prove
def test_nothing_of_a_bundle_can_be_changed_unseen(
    teams: list[Team], tmp_path: Path, scale: str, promise: Promise
) -> None:
    promise.number, promise.title = "4", "a bundle altered anywhere is refused"
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    for wanted in ({}, {"team": teams[0].pk}, {"text": "office"}):
        path = bundle(tmp_path / "b.zip", **wanted)
        assert checked(path).code == 0
        for n in range(400 if scale == "full" else 40):
            verdict = checked(rewritten(path, lambda inside: one_character(inside, chance)))
            promise.tried()
            if verdict.code not in (1, 2):
                promise.broke(f"{wanted}, seed {seed}, {n}: {verdict}")


def one_character(inside: Entries, chance: random.Random) -> None:
    """Of an entry that is evidence: all but the two that are for people."""
    name = chance.choice([name for name in inside if name not in ("README.txt", "verify_export.py") and inside[name]])
    text = inside[name].rstrip("\n")
    place = chance.randrange(len(text))
    inside[name] = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :] + "\n"


@pytest.mark.prove
def test_a_script_that_does_not_count_is_caught(teams: list[Team], tmp_path: Path, promise: Promise) -> None:
    promise.number, promise.title = "4", "mutant: no count in the export's record"
    path = bundle(tmp_path / "b.zip", text="office")
    uncounted = tmp_path / "uncounted.py"
    shipped = VERIFIER.read_text()
    assert shipped.count("need((count, ") == 1
    uncounted.write_text(
        shipped.replace('need((count, over.hexdigest()) == (body["count"], body["matches"]),', "need(True,")
    )

    accepted = [fraud for fraud in (reduced, last_cut) if outside(rewritten(path, fraud), uncounted).code == 0]

    assert accepted == [reduced, last_cut]
    promise.tried(2)
    promise.caught("no count in the export's record")


@pytest.mark.prove
def test_a_script_that_forgets_the_ordinals_is_caught(teams: list[Team], tmp_path: Path, promise: Promise) -> None:
    """An export that left records out, honestly counted: only the numbers tell."""
    promise.number, promise.title = "4", "mutant: exports leave records out"
    left_out = Record.objects.filter(team_id=teams[0].pk).order_by("seq").values_list("seq", flat=True)[2]
    with mutated(search._lots, "matches.filter(seq__lt=high)", f"matches.filter(seq__lt=high).exclude(seq={left_out})"):
        path = bundle(tmp_path / "b.zip", team=teams[0].pk)

    verdict = checked(path)

    assert (verdict.code, "left out: team_n from 3 on" in verdict.said) == (1, True), verdict.said
    promise.tried()
    promise.caught("exports leave records out")
