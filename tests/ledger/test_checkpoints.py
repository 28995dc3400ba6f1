"""Checkpoints: when one is due, where it goes, what happens when it cannot go there, what it speaks against."""

import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from keys.ledger import checkpoint, sink
from keys.ledger.chain import GENESIS
from keys.models import Checkpoint, CompanyRole, Delivery, Person, Record
from keys.selectors.evidence import verdict_for
from keys.services import checkpoints
from keys.services.checkpoints import Contradicted, checkpoint_if_due, make_checkpoint
from tests.ledger.damage import cut, without_guards
from tests.ledger.making import append


@pytest.fixture
def file(tmp_path: Path, settings: Any) -> Path:
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    return tmp_path / "checkpoints.jsonl"


def publics(settings: Any) -> dict[str, bytes]:
    return checkpoint.public_keys(settings.CHECKPOINT_KEYS)


def test_one_over_an_empty_ledger(real_db: Any, settings: Any) -> None:
    made = checkpoint_if_due()

    assert made and (made.seq, made.link) == (0, GENESIS)
    assert made.signed_by(publics(settings))


def test_it_says_what_the_ledger_is(real_db: Any, file: Path, capsys: Any, settings: Any) -> None:
    record = append()

    make_checkpoint()

    said = json.loads(file.read_text())
    assert (said["seq"], said["link"], said["key"]) == (1, record.link, "checkpoint-test")
    assert capsys.readouterr().out == file.read_text()
    assert checkpoint.Signed.parse(file.read_text()).signed_by(publics(settings))
    assert Delivery.objects.get(name="checkpoint_file").seq == 1


@pytest.mark.parametrize(("name", "value"), [("seq", 2), ("link", "0" * 64), ("time", "2026-01-01T00:00:00.000000Z")])
def test_altered_it_is_signed_by_nobody(real_db: Any, settings: Any, name: str, value: Any) -> None:
    append()
    said = json.loads(make_checkpoint().line)

    assert not checkpoint.Signed.parse(json.dumps({**said, name: value})).signed_by(publics(settings))


def test_another_is_due_after_100_records_or_5_minutes(real_db: Any, settings: Any, monkeypatch: Any) -> None:
    append()
    assert checkpoint_if_due() and not checkpoint_if_due()

    monkeypatch.setattr(checkpoints, "RECORDS", 3)
    append()
    append()
    assert not checkpoint_if_due()
    append()
    assert checkpoint_if_due()

    settings.WAITS = settings.WAITS.scaled(0)
    idle = checkpoint_if_due()
    assert idle and idle.seq == 4
    assert list(Checkpoint.objects.order_by("seq").values_list("seq", flat=True)) == [1, 4]
    assert Checkpoint.objects.get(seq=4).time == idle.time


def test_a_clock_that_was_set_back_does_not_stop_them(real_db: Any, monkeypatch: Any) -> None:
    ahead = timezone.now() + timedelta(days=400)
    monkeypatch.setattr(checkpoints, "_now", lambda: f"{ahead:%Y-%m-%dT%H:%M:%S.%f}Z")
    make_checkpoint()

    assert checkpoint_if_due()


def test_a_sink_that_fails_blocks_nothing_and_gets_it_later(real_db: Any, file: Path) -> None:
    file.mkdir()
    append()

    assert make_checkpoint().seq == 1
    row = Delivery.objects.get(name="checkpoint_file")
    assert row.failing_since and row.fault == "Is a directory"
    since = row.failing_since
    assert checkpoint_if_due() is None
    assert Delivery.objects.get(name="checkpoint_file").failing_since == since

    file.rmdir()
    assert checkpoint_if_due() is None
    again = Delivery.objects.get(name="checkpoint_file")
    assert (again.failing_since is None, again.fault, again.seq) == (True, "", 1)
    assert json.loads(file.read_text())["seq"] == 1


def test_a_torn_line_spoils_itself_alone(real_db: Any, file: Path) -> None:
    append()
    make_checkpoint()
    with file.open("a") as out:
        out.write('{"checkpoint":1,"se')
    append()
    make_checkpoint()

    assert [found and found.seq for _, found in sink.read(file)] == [1, None, 2]
    newest = sink.newest(file)
    assert newest and newest.seq == 2


@pytest.mark.parametrize("arguments", [[], ["--if-due"]])
def test_the_command_fails_where_the_file_takes_nothing(real_db: Any, file: Path, arguments: list[str]) -> None:
    append()
    file.mkdir()
    with pytest.raises(CommandError, match="Signed and kept, but not written: checkpoint_file: Is a dir") as e:
        call_command("checkpoint_ledger", *arguments)
    assert e.value.returncode == 1 and Checkpoint.objects.count() == 1
    with pytest.raises(CommandError):  # nothing is due, and the file has not taken the newest yet
        call_command("checkpoint_ledger", "--if-due")

    file.rmdir()
    call_command("checkpoint_ledger", "--if-due")
    assert len(file.read_text().splitlines()) == 1


def test_nothing_is_signed_that_an_earlier_one_speaks_against(real_db: Any, file: Path) -> None:
    for _ in range(3):
        append()
    make_checkpoint()
    with without_guards() as cursor:
        cut(cursor, 2, 3, None)  # type: ignore[arg-type]
        cursor.execute("UPDATE keys_ledgerhead SET seq = 1, link = (SELECT link FROM keys_record)")

    with pytest.raises(Contradicted):
        make_checkpoint()
    Checkpoint.objects.all().delete()
    with pytest.raises(Contradicted):  # by the file
        make_checkpoint()
    assert Delivery.objects.get(name="checkpoint").failing_since
    for arguments in ([], ["--if-due"]):
        with pytest.raises(CommandError, match="Nothing was signed: the checkpoint of .* says otherwise. Run"):
            call_command("checkpoint_ledger", *arguments)
    assert checkpoint_if_due() is None

    assert Record.objects.count() == 1 and len(file.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "1",
        "{}",
        '{"checkpoint":1}',
        "\x00",
        "[" * 9_000,
        '{"checkpoint":1,"seq":"1","link":1,"time":1,"key":1}',
    ],
)
def test_what_is_no_checkpoint_is_told_so(line: str) -> None:
    with pytest.raises(checkpoint.NoCheckpoint):
        checkpoint.Signed.parse(line)


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def test_a_broken_standard_output_keeps_none_from_the_file(
    real_db: Any, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append()
    with monkeypatch.context() as patched:
        patched.setattr("sys.stdout", Broken())
        made = checkpoint_if_due()

    assert made and [found and found.seq for _, found in sink.read(file)] == [1]
    row = Delivery.objects.get(name="checkpoint_stdout")
    assert row.failing_since and row.fault == "Broken pipe"
    auditor = Person.objects.create_user("aud", password="x", company_role=CompanyRole.AUDITOR)
    assert [alarm.title for alarm in verdict_for(auditor).alarms] == [
        "Checkpoints cannot be written to standard output"
    ]

    out = io.StringIO()
    monkeypatch.setattr("sys.stdout", out)
    assert checkpoint_if_due() is None
    assert out.getvalue() == made.line + "\n"
    assert Delivery.objects.get(name="checkpoint_stdout").failing_since is None
    assert len(file.read_text().splitlines()) == 1


def figures() -> dict[str, str]:
    """The proof page's, by their words."""
    client = Client()
    client.force_login(Person.objects.get_or_create(username="ann")[0])
    html = client.get("/history/proof/").content.decode()
    plain = {}
    for title, value in re.findall(r"<dt>(.*?)</dt>\s*<dd[^>]*>(.*?)</dd>", html, re.S):
        plain[title] = " ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", value, flags=re.S).split())
    return plain


def test_the_proof_tells_of_both_sinks_when_they_last_worked(
    real_db: Any, file: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    append()
    told = figures()
    assert (told["Written to a file"], told["Written to standard output"]) == ("nothing yet", "nothing yet")

    make_checkpoint()
    Delivery.objects.filter(name="checkpoint_file").update(at=timezone.now() - timedelta(hours=2))
    told = figures()
    assert re.fullmatch(r"last 2.hours ago , up to record 1", told["Written to a file"])
    assert told["Written to standard output"] == "last just now , up to record 1"

    append()
    with monkeypatch.context() as patched:
        patched.setattr("sys.stdout", Broken())
        make_checkpoint()
    told = figures()
    assert told["Written to standard output"] == "failing last time it worked: just now , up to record 1"
    assert told["Written to a file"] == "last just now , up to record 2"

    Delivery.objects.filter(name="checkpoint_stdout").update(at=None)
    settings.CHECKPOINT_FILE = None
    told = figures()
    assert told["Written to standard output"] == "failing it has never worked"
    assert told["Written to a file"] == "no: CHECKPOINT_FILE names none"
