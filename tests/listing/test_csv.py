"""The list as a file: exactly what is filtered, nothing that a spreadsheet would run, never a secret, recorded."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from keys import csvsafe
from keys.models import KeyNote, MirrorKey, Record, Team, TeamSync
from tests.listing.making import listed, mirrored
from tests.pages.house import House

HEAD = (
    "team,id,name,secret,status,stored_status,quota_left_units,unlimited,used_units,expires,group,allowlist,models,"
    "created,last_used,owner,purpose,tags,changed_elsewhere,first_seen,gone_since,read_at"
)


def rows(house: House, query: str = "", path: str = "", username: str = "lead") -> list[dict[str, str]]:
    answer = house.client(username).get((path or f"/teams/{house.team.slug}/keys.csv") + query)
    assert answer.status_code == 200 and answer["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert text.startswith("\ufeff" + HEAD + "\r\n") and "\n" not in text.replace("\r\n", "")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_it_holds_exactly_what_is_filtered_and_every_page_of_it(house: House) -> None:
    for number in range(120):
        mirrored(house.team, 9_000 + number, name=f"bulky {number}", used_quota=number)

    found = rows(house, "?q=bulky&sort=-used")

    assert [row["name"] for row in found] == [f"bulky {number}" for number in reversed(range(120))]
    assert [row["id"] for row in rows(house, "?status=disabled")] == [str(house.keys["disabled"])]
    assert rows(house, "?q=nowhere") == []


def test_what_a_row_says(house: House) -> None:
    MirrorKey.objects.update(first_seen_at=datetime(2026, 3, 1, 8, 30, tzinfo=UTC))
    key = {"account_id": house.account.id, "key_id": house.keys["restricted"]}
    KeyNote.objects.create(**key, owner="Anna", purpose="Portal", tags=",eu,prod,", owner_folded="anna")

    row = next(row for row in rows(house) if row["id"] == str(house.keys["restricted"]))

    assert (row["team"], row["name"], row["status"]) == ("Atlas", "Customer portal", "enabled")
    assert row["allowlist"] == "203.0.113.0/24 198.51.100.7 2001:db8::/32"
    assert (row["models"], row["owner"], row["tags"]) == ("gpt-4o,claude-sonnet-4", "Anna", "eu prod")
    assert row["first_seen"] == "2026-03-01T08:30:00Z"
    assert row["expires"].endswith("Z") and row["gone_since"] == "" and row["unlimited"] == "no"
    overspent = next(row for row in rows(house) if row["id"] == str(house.keys["overspent"]))
    assert (overspent["quota_left_units"], overspent["status"], overspent["stored_status"]) == (
        "-1234",
        "exhausted",
        "enabled",
    )


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ({"allow_ips": "", "model_limits": ""}, ("", "")),
        ({"allow_ips": "  ", "model_limits": "gpt-4o"}, ("", "")),
        ({"allow_ips": "\n"}, ("no address", "")),
        ({"model_limits": "", "model_limits_enabled": True}, ("", "no model")),
        ({"model_limits": " ,", "model_limits_enabled": True}, ("", "no model")),
    ],
)
def test_what_lets_nothing_through_does_not_look_unrestricted(
    house: House, stored: dict[str, object], told: tuple[str, str]
) -> None:
    mirrored(house.team, 9_001, **stored)

    row = next(row for row in rows(house) if row["id"] == "9001")

    assert (row["allowlist"], row["models"]) == told


DANGEROUS = [
    "=cmd()|' /C calc'!A0",
    "+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    " =1",
    "'=1",
    "\uff1d1",
    "|x",
    "%x",
    "\r=1",
    "\u00a0=1",
]


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_spreadsheet_runs_it(text: str, house: House) -> None:
    mirrored(house.team, 9_001, name=text, group=text)

    row = next(row for row in rows(house) if row["id"] == "9001")

    assert row["name"][0] in "'\\" and row["group"][0] in "'\\"


def test_nor_where_lists_are_separated_by_semicolons(house: House) -> None:
    mirrored(house.team, 9_001, name="x;=cmd|'/c calc'!A0", group="y; @SUM(A1)")

    row = next(row for row in rows(house) if row["id"] == "9001")

    assert (row["name"], row["group"]) == ("x;'=cmd|'/c calc'!A0", "y;' @SUM(A1)")


@pytest.mark.parametrize("text", ["plain", "a=b", "مفتاح", "测试", "a-b", "", 'say "hi", please', "C++"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert csvsafe.cell(text) == text


def test_numbers_stay_numbers() -> None:
    assert list(csvsafe.lines([(-5, None, "x,y", 'a"b')])) == ['-5,,"x,y","a""b"\r\n']


def test_hostile_characters_are_visible(house: House) -> None:
    mirrored(house.team, 9_001, name="a\x00\ud800\u202eb\x1b")

    row = next(row for row in rows(house) if row["id"] == "9001")

    assert row["name"] == "a\\u0000\\ud800\\u202eb\\u001b"


def test_no_secret_is_in_it(house: House) -> None:
    text = json.dumps(rows(house))

    for key_id in house.keys.values():
        secret = house.sandbox.secret(key_id).removeprefix("sk-")
        assert not any(secret[at : at + 12] in text for at in range(len(secret) - 11))


def test_it_is_recorded_before_it_leaves(house: House) -> None:
    rows(house, "?status=disabled")
    rows(house, path="/keys.csv")

    one, every = Record.objects.filter(action="keys.export").order_by("seq")
    assert (one.team, json.loads(one.text)["body"]) == ("Atlas", {"count": 1, "listed": "status=disabled"})
    assert (every.team, json.loads(every.text)["body"]) == ("", {"count": 10, "listed": ""})


def test_a_look_at_the_headers_is_no_export(house: House) -> None:
    assert house.client().head("/keys.csv").status_code == 200
    assert not Record.objects.filter(action="keys.export").exists()


def test_a_filter_that_cannot_be_is_explained_on_the_page(house: House) -> None:
    answer = house.client().get(f"/teams/{house.team.slug}/keys.csv?expiring=soon")

    assert (answer.status_code, answer["Location"]) == (302, f"{house.list_path}?expiring=soon")


def test_all_holds_only_what_one_sees(house: House) -> None:
    hidden = Team.objects.get(slug="hidden")
    Team.objects.filter(pk=hidden.pk).update(account_id=77)
    mirrored(hidden, 9_009, name="hidden one", user_id=77)
    listed(hidden, timezone.now())

    assert "9009" not in [row["id"] for row in rows(house, path="/keys.csv")]
    assert "9009" in [row["id"] for row in rows(house, path="/keys.csv", username="auditor")]
    assert house.client().get("/teams/hidden/keys.csv").status_code == 404


def file_name(house: House, path: str, username: str = "auditor") -> str:
    answer = house.client(username).head(path)
    assert answer.status_code == 200
    return answer["Content-Disposition"].removeprefix('attachment; filename="').removesuffix('"')


def test_its_name_says_how_old_it_is_and_whether_it_is_all(house: House) -> None:
    hidden = Team.objects.get(slug="hidden")
    for team in Team.objects.all():
        listed(team, datetime(2026, 3, 2, 9, 30, tzinfo=UTC))
    listed(house.team, datetime(2026, 3, 1, 8, 30, tzinfo=UTC))
    theirs = f"/teams/{house.team.slug}/keys.csv"
    assert file_name(house, theirs) == f"keys-{house.team.slug}-as-of-2026-03-01T0830Z.csv"
    assert file_name(house, "/keys.csv") == "keys-as-of-2026-03-01T0830Z.csv"

    listed(house.team, datetime(2026, 3, 3, tzinfo=UTC), skipped=1)
    assert file_name(house, theirs) == f"keys-{house.team.slug}-partial-as-of-2026-03-03T0000Z.csv"
    assert file_name(house, "/keys.csv") == "keys-partial-as-of-2026-03-02T0930Z.csv"
    TeamSync.objects.filter(team=house.team).update(skipped=0)
    TeamSync.objects.filter(team=hidden).update(listed_at=None)
    assert file_name(house, "/keys.csv") == "keys-partial-as-of-2026-03-02T0930Z.csv"


def test_a_team_never_read_in_whole_has_no_file_and_is_not_in_that_of_all(house: House) -> None:
    """Some of its keys are there already; a file of these would look like all."""
    hidden = Team.objects.get(slug="hidden")
    Team.objects.filter(pk=hidden.pk).update(account_id=77)
    mirrored(hidden, 9_009, name="hidden one", user_id=77)
    TeamSync.objects.update_or_create(team=hidden, defaults={"listed_at": None})
    client = house.client("auditor")

    alone = client.get("/teams/hidden/keys.csv?q=hidden")

    assert (alone.status_code, alone["Location"]) == (302, "/teams/hidden/keys/?q=hidden")
    assert "These keys cannot be searched yet" in client.get(alone["Location"]).content.decode()
    assert "9009" not in [row["id"] for row in rows(house, path="/keys.csv", username="auditor")]
    page = client.get("/keys/").content.decode()
    assert "hidden one" not in page and "they are not in this list" in page
    assert Record.objects.filter(action="keys.export").count() == 1


def test_the_page_says_what_the_file_lacks_and_how_old_it_is_only_where_that_is_so(house: House) -> None:
    client = house.client()

    def beside() -> str:
        html = client.get(house.list_path).content.decode()
        return " ".join(re.sub(r"<[^>]+>", " ", html.split("keys.csv", 1)[1].split("</div>")[0]).split())

    listed(house.team, timezone.now() - timedelta(hours=3), tried_at=timezone.now())
    assert beside().endswith("Take 10 keys away as CSV")
    TeamSync.objects.update(trouble="timeout", message="CometAPI did not answer.")
    assert beside().endswith("as CSV as read 3 hours ago")
    TeamSync.objects.update(skipped=2)
    assert beside().endswith("as read 3 hours ago , not all: some were not read")
