"""How far an export over the web has come, and how it ended: never called whole when it is not."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from keys.models import CompanyRole, ExportRun, Record, Team
from keys.selectors import chosen
from keys.services import bundle, export_lines, export_runs, exporting
from keys.services.checkpoints import make_checkpoint
from keys.views import evidence
from tests.export.test_pages import browser
from tests.ledger.damage import cut, without_guards
from tests.ledger.making import append
from tests.people import making

PAGE, UNDER_WAY = "/history/export/", "/history/export/under-way/"


@pytest.fixture
def team(real_db: Any, monkeypatch: pytest.MonkeyPatch) -> Team:
    """Twenty records, written in pieces of a record or two, of which each is told."""
    team = making.team("blue")
    for _ in range(20):
        append(team=team, reason="the new office")
    monkeypatch.setattr(export_runs, "TOLD_EVERY_S", 0.0)
    for module in (export_lines, bundle):
        monkeypatch.setattr(module, "PIECE", 1)
    monkeypatch.setattr(exporting, "BATCH", 2)
    return team


@pytest.fixture
def auditor(team: Team) -> Client:
    return browser(making.person("audrey", CompanyRole.AUDITOR))


def begun(client: Client, form: str = "jsonl", **asked: str) -> Any:
    answer = client.post(PAGE, {"format": form, **asked})
    assert answer.status_code == 200, answer.content
    return answer


def run() -> ExportRun:
    return ExportRun.objects.get()


def words(client: Client, address: str = UNDER_WAY) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("form", ["csv", "jsonl", "bundle"])
def test_one_that_came_to_its_end_is_whole(auditor: Client, form: str) -> None:
    answer = begun(auditor, form)

    size = len(b"".join(answer.streaming_content))
    answer.close()

    assert (run().state, run().found, run().size, run().done == run().total) == ("whole", 20, size, True)
    assert "Sent whole" in words(auditor) and "20 records, " in words(auditor)
    assert "Sent whole" in words(auditor, f"/history/{run().seq}/")


def test_while_it_is_sent_it_says_how_far_it_is(auditor: Client) -> None:
    answer = begun(auditor, "jsonl")
    pieces = iter(answer.streaming_content)
    for _ in range(6):
        next(pieces)

    assert (run().state, run().total) == ("sending", 20)
    assert 0 < run().done < 20
    said = words(auditor)
    assert f'<progress max="20" value="{run().done}"' in said and f"{run().done} of 20 lines" in said
    assert words(auditor, PAGE).count("<progress") == 1
    answer.close()


@pytest.mark.parametrize("form", ["csv", "jsonl", "bundle"])
def test_who_leaves_in_the_middle_leaves_it_broken_off(auditor: Client, form: str) -> None:
    answer = begun(auditor, form)
    next(iter(answer.streaming_content))

    answer.close()

    assert (run().state, run().done < 20 + 21 * (form == "bundle")) == ("stopped", True)
    record = Record.objects.get(action="ledger.export")
    assert run().seq == record.seq
    for page in (words(auditor), words(auditor, f"/history/{record.seq}/")):
        assert "Broken off" in page and "what arrived is not whole" in page and "Sent whole" not in page


def test_one_whose_process_is_gone_is_broken_off(auditor: Client) -> None:
    begun(auditor)
    assert "Broken off" not in words(auditor)

    ExportRun.objects.update(moved_at=timezone.now() - timedelta(minutes=6))

    assert "Broken off" in words(auditor)


def test_the_page_looks_again_often_only_while_one_is_under_way_or_was_just_begun(auditor: Client) -> None:
    def every() -> str:
        return auditor.get(PAGE).content.decode().partition('hx-trigger="every ')[2].partition(",")[0]

    assert every() == "15s"
    answer = begun(auditor)
    assert every() == "2s"
    ExportRun.objects.update(begun_at=timezone.now() - timedelta(minutes=2))
    assert every() == "2s"
    b"".join(answer.streaming_content)
    assert every() == "15s"


def test_while_it_is_counted_it_says_how_many_there_are_so_far(
    auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    monkeypatch.setattr(exporting, "newest_seq", lambda: said.append(words(auditor)) or chosen.newest_seq())  # type: ignore[func-returns-value]

    begun(auditor).close()

    assert "Looking for what matches: 0 records so far" in said[0]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("counting", "Looking for what matches: 1 record so far"),
        ("sending", "0 of 1 line</span>"),
        ("stopped", "0 of 1 line was written"),
    ],
)
def test_one_is_told_as_one(auditor: Client, state: str, told: str) -> None:
    begun(auditor).close()
    ExportRun.objects.update(state=state, found=1, total=1, done=0, moved_at=timezone.now())

    assert told in words(auditor)


def test_what_is_refused_leaves_none(auditor: Client) -> None:
    for typed in ({"text": "sk-abcdefghijklmnop1234567890"}, {"team": "nobody"}, {"format": "pdf"}):
        assert auditor.post(PAGE, {"format": "csv", **typed}).status_code == 422

    assert not ExportRun.objects.exists() and "None yet" in words(auditor)


def test_a_bundle_that_cannot_be_signed_is_broken_off(auditor: Client) -> None:
    make_checkpoint()
    with without_guards() as cursor:
        cut(cursor, 19, 20, None)  # type: ignore[arg-type]
        cursor.execute("UPDATE keys_ledgerhead SET seq = 18, link = (SELECT link FROM keys_record WHERE seq = 18)")

    assert auditor.post(PAGE, {"format": "bundle"}).status_code == 422

    assert (run().state, run().size) == ("stopped", 0)
    assert "Broken off" in words(auditor)


def test_each_sees_their_own(auditor: Client) -> None:
    begun(auditor).close()

    assert "None yet" in words(browser(making.admin()))


def test_counting_alone_records_nothing_and_keeps_the_filters_in_the_address(auditor: Client) -> None:
    before = Record.objects.count()

    answer = auditor.post(PAGE, {"format": "csv", "team": "blue", "text": "office", "key": "", "count": "1"})

    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}?team=blue&text=office&format=csv")
    assert "<b>20 records match</b> the filters that this page came with, told as 20 entries of the history." in words(
        auditor, answer["Location"]
    )
    assert (Record.objects.count(), ExportRun.objects.count()) == (before, 0)
    checked = re.findall(r'value="(\w+)"[^>]* checked', auditor.get(answer["Location"]).content.decode())
    assert checked == ["csv"]


def test_a_secret_is_not_put_into_the_address(auditor: Client) -> None:
    for name in ("text", "value", "person", "request", "key", "team", "action"):
        answer = auditor.post(PAGE, {"format": "csv", name: "sk-abcdefghijklmnop1234567890", "count": "1"})

        assert answer.status_code == 422, name
        assert "abcdefghijkl" not in answer.content.decode(), name


def test_counting_does_not_keep_anybody_waiting(auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "COUNTED_FOR_S", 0.0)

    assert "or more match</b>: counting stopped here" in words(auditor, PAGE)


def test_a_look_at_the_headers_records_nothing(auditor: Client) -> None:
    assert auditor.head(PAGE).status_code == 200
    assert not Record.objects.filter(action="ledger.export").exists()


def test_other_methods_are_refused(auditor: Client) -> None:
    assert auditor.post(UNDER_WAY).status_code == 405
    assert auditor.put(PAGE).status_code == 405
