"""What the history says of damage: in plain words, short, without what stands in records; and the way to the proof."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

import keys.ledger
from keys.errors import ChainBroken
from keys.ledger.columns import COLUMNS
from keys.ledger.damage import WORDS, in_words
from keys.models import CompanyRole, Membership, TeamRole
from keys.services.checkpoints import make_checkpoint
from keys.services.verification import verify_new, verify_whole
from tests.ledger.damage import put, without_guards
from tests.ledger.making import append
from tests.people import making

LONG, OTHER = "0123456789abcdef" * 4, "fedcba9876543210" * 4
PROOF = '<a href="/history/proof/">What the ledger proves</a>'


@pytest.mark.parametrize(("broken", "said"), [
    (
        ChainBroken(512, "link", LONG, OTHER),
        "record 512: its link is not as it was made (expected 0123456789ab…, found fedcba987654…)",
    ),
    (ChainBroken(3, "seq", "3", "5"), "record 3: its number is not the next one (expected 3, found 5)"),
    (
        ChainBroken(9, "missing", "records up to 12, as the head says", "no such record"),
        "record 9: it is missing (expected records up to 12, as the head says, found no such record)",
    ),
    (
        ChainBroken(7, "checkpoint", f"link {LONG}, as the checkpoint of 2026-11-26T10:00:00Z says", "link None"),
        "record 7: a signed checkpoint tells otherwise (expected link 0123456789ab…, as the checkpoint of"
        " 2026-11-26T10:00:00Z says, found link none)",
    ),
    (ChainBroken(4, "reason", "why it was", "why not"), "record 4: its column reason tells otherwise than its text"),
    (ChainBroken(4, "text", "a record of this format", '{"a'), "record 4: its text is no record of this ledger"),
])  # fmt: skip
def test_it_says_what_was_expected_and_what_was_found(broken: ChainBroken, said: str) -> None:
    assert in_words(broken) == said


def test_there_are_words_for_all_that_verifying_names() -> None:
    sources = "".join(path.read_text() for path in Path(keys.ledger.__file__).parent.glob("*.py"))
    named = set(re.findall(r'ChainBroken\([^"()]*(?:\([^()]*\)[^"()]*)*"(\w+)"', sources))

    assert named >= {"seq", "digest", "seal", "head", "missing", "row", "rotation", "change", "checkpoint"}
    assert named - {"text"} - set(WORDS) == set()
    assert set(WORDS) & set(COLUMNS) == {"change", "team_n", "key_n"}


@pytest.mark.parametrize("path", ["/history/", "/history/proof/"])
def test_members_of_another_team_read_nothing_of_the_record(real_db: Any, path: str) -> None:
    blue, red = making.team("blue"), making.team("red")
    append(team=blue, reason="the quiet reason")
    with without_guards() as cursor:
        put(cursor, 1, "reason", "another reason")
    verify_whole()
    mia = making.person("mia")
    Membership.objects.create(person=mia, team=red, role=TeamRole.MEMBER)
    client = Client()
    client.force_login(mia)

    text = client.get(path).content.decode()

    assert "record 1: its column reason tells otherwise than its text" in text
    assert "quiet" not in text and "another reason" not in text


def test_the_history_leads_to_the_proof_whatever_it_says(real_db: Any, settings: Any, tmp_path: Path) -> None:
    append()
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    make_checkpoint()
    client = Client()
    client.force_login(making.person("ann", CompanyRole.AUDITOR))

    settings.CHECKPOINT_FILE.unlink()
    assert verify_new().outcome == "cannot"
    unable = client.get("/history/").content.decode()
    assert "The ledger could not be verified" in unable and unable.count(PROOF) == 1

    with without_guards() as cursor:
        put(cursor, 1, "digest", "zz")
    verify_whole()
    damaged = client.get("/history/").content.decode()
    assert "The ledger is damaged" in damaged and damaged.count(PROOF) == 1
    assert PROOF not in client.get("/history/proof/").content.decode()
