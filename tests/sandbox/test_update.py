"""PUT /api/token/: what each dialect writes, refuses, and in which order it looks."""

import json
import time
from typing import Any

import pytest

from tests.sandbox.conftest import Desk

pytestmark = pytest.mark.dbfree
RESET = {
    "expired_time": 0,
    "remain_quota": 0,
    "unlimited_quota": False,
    "model_limits_enabled": False,
    "model_limits": "",
    "allow_ips": None,
    "group": "",
    "cross_group_retry": False,
}
FULL = {
    "expired_time": 4_000_000_000,
    "remain_quota": 7_000,
    "unlimited_quota": True,
    "model_limits_enabled": True,
    "model_limits": "gpt-5",
    "allow_ips": "203.0.113.5",
    "group": "auto",
    "cross_group_retry": True,
}


def test_a_full_put_stores_every_field_and_answers_with_the_record(everywhere: Desk) -> None:
    answer = everywhere.put({"id": everywhere.key_id, "name": "two", "status": 1, **FULL})

    assert answer["success"] is True
    assert answer["message"] == ""
    assert answer["data"] == everywhere.get()
    assert FULL.items() <= answer["data"].items()
    assert list(answer["data"])[:4] == ["id", "user_id", "key", "name"]


@pytest.mark.parametrize(("dialect", "status"), [("A", 2), ("B", 1), ("C", 2)])
def test_a_full_put_writes_status_in_a_and_c_alone(desk: Desk, dialect: str, status: int) -> None:
    desk.sandbox.configure(dialect=dialect)

    answer = desk.put(desk.body(name="two", status=2))

    assert answer["data"]["status"] == status == desk.stored()["status"]
    assert desk.stored()["name"] == "two"


@pytest.mark.parametrize(("dialect", "name"), [("A", "two"), ("B", "one"), ("C", "two")])
def test_status_only_is_a_full_put_but_in_b(desk: Desk, dialect: str, name: str) -> None:
    desk.sandbox.configure(dialect=dialect)

    desk.put(desk.body(name="two", status=2), status_only=True)

    assert desk.stored()["status"] == 2
    assert desk.stored()["name"] == name


@pytest.mark.parametrize("dialect", ["A", "B", "C"])
def test_omitted_fields_are_reset_but_in_c(desk: Desk, dialect: str) -> None:
    desk.sandbox.configure(dialect=dialect)
    desk.sandbox.console_edit(desk.key_id, **FULL)

    desk.put({"id": desk.key_id, "name": "two"})

    now = desk.stored()
    assert {name: now[name] for name in RESET} == (FULL if dialect == "C" else RESET)
    assert now["status"] == (0 if dialect == "A" else 1)
    assert now["name"] == "two"


def test_a_null_is_an_omitted_field_but_empties_the_allowlist(everywhere: Desk) -> None:
    everywhere.sandbox.console_edit(everywhere.key_id, allow_ips="203.0.113.5")

    everywhere.put(everywhere.body(allow_ips=None, cross_group_retry=None))

    assert everywhere.stored()["allow_ips"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"remain_quota": "100"},
        {"remain_quota": 1.5},
        {"remain_quota": 1.0},
        {"remain_quota": 2**63},
        {"status": "2"},
        {"status": True},
        {"id": "1000"},
        {"unlimited_quota": 1},
        {"unlimited_quota": "false"},
        {"name": 7},
        {"allow_ips": ["203.0.113.5"]},
        {"group": {}},
    ],
)
def test_types_are_strict(everywhere: Desk, wrong: dict[str, Any]) -> None:
    before = everywhere.stored()

    answer = everywhere.put(everywhere.body() | wrong)

    assert answer["success"] is False
    assert answer["message"].startswith("invalid parameter: json: cannot unmarshal")
    assert everywhere.stored() == before


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"x"', b'{"id":NaN}', b'{"id":' + b"9" * 5000 + b"}"])
def test_a_body_that_is_no_key_is_refused(desk: Desk, body: bytes) -> None:
    answer = desk.put(body)

    assert answer["success"] is False
    assert "data" not in answer


def test_names_of_fields_match_without_case_and_the_last_one_wins(desk: Desk) -> None:
    text = json.dumps(desk.body())[:-1] + ', "name": "first", "NAME": "last", "unknown": 1} trailing'

    assert desk.put(text.encode())["data"]["name"] == "last"


@pytest.mark.parametrize(
    ("dialect", "name", "taken"),
    [
        ("A", "م" * 50, True),
        ("A", "م" * 51, False),
        ("B", "م" * 25, True),
        ("B", "م" * 26, False),
        ("B", "a" * 50, True),
        ("C", "م" * 50, True),
        ("C", "a" * 51, False),
    ],
)
def test_a_name_is_counted_in_bytes_in_b(desk: Desk, dialect: str, name: str, taken: bool) -> None:
    desk.sandbox.configure(dialect=dialect)

    answer = desk.put(desk.body(name=name))

    assert answer["success"] is taken
    assert answer["message"] == ("" if taken else "token name is too long")


@pytest.mark.parametrize(
    ("quota", "unlimited", "refused"),
    [
        (-1, False, "quota value cannot be negative"),
        (-1, True, ""),
        (0, False, ""),
        (500_000_000_000_000, False, ""),
        (500_000_000_000_001, False, "quota value exceeds the valid range"),
        (500_000_000_000_001, True, ""),
    ],
)
def test_the_quota_has_bounds_unless_unlimited(everywhere: Desk, quota: int, unlimited: bool, refused: str) -> None:
    answer = everywhere.put(everywhere.body(remain_quota=quota, unlimited_quota=unlimited))

    assert answer["message"] == refused
    assert answer["success"] is not bool(refused)


def test_a_quota_of_zero_is_refused_where_that_is_switched_on(everywhere: Desk) -> None:
    everywhere.sandbox.configure(quota_zero_refused=True)

    assert everywhere.put(everywhere.body(remain_quota=0))["success"] is False
    assert everywhere.put(everywhere.body(remain_quota=0, unlimited_quota=True))["success"] is True


@pytest.mark.parametrize(("dialect", "taken"), [("A", False), ("B", True), ("C", False)])
def test_a_group_that_the_account_lacks_is_refused_but_in_b(desk: Desk, dialect: str, taken: bool) -> None:
    desk.sandbox.configure(dialect=dialect)

    answer = desk.put(desk.body(group="gone"))

    assert answer["success"] is taken
    assert taken or answer["message"] == "no access to group gone"


def test_any_group_but_auto_drops_the_cross_group_retry(everywhere: Desk) -> None:
    assert everywhere.put(everywhere.body(group="vip", cross_group_retry=True))["data"]["cross_group_retry"] is False
    assert everywhere.put(everywhere.body(group="auto", cross_group_retry=True))["data"]["cross_group_retry"] is True


@pytest.mark.parametrize(
    ("stored", "repair"),
    [
        ({"status": 3, "expired_time": 1_000}, {"expired_time": -1}),
        ({"status": 4, "remain_quota": 0}, {"remain_quota": 500}),
    ],
)
def test_enabling_is_judged_against_the_stored_record(
    everywhere: Desk, stored: dict[str, Any], repair: dict[str, Any]
) -> None:
    everywhere.sandbox.console_edit(everywhere.key_id, **stored)

    both = everywhere.put(everywhere.body(status=1, **repair))
    assert both["success"] is False
    assert "cannot be enabled" in both["message"]
    assert everywhere.put(everywhere.body(**repair))["success"] is True
    assert everywhere.put(everywhere.body(status=1), status_only=True)["success"] is True
    assert everywhere.stored()["status"] == 1


@pytest.mark.parametrize(
    ("dialect", "sent", "words"),
    [
        ("A", {"name": "a" * 51, "remain_quota": -1, "group": "gone", "id": 7}, "too long"),
        ("A", {"remain_quota": -1, "group": "gone", "id": 7}, "negative"),
        ("A", {"group": "gone", "id": 7}, "not found"),
        ("A", {"group": "gone", "status": 1}, "cannot be enabled"),
        ("A", {"group": "gone", "status": 2}, "no access"),
        ("B", {"name": "م" * 30, "remain_quota": -1, "status": 2}, "too long"),
        ("B", {"remain_quota": -1, "status": 2}, "negative"),
        ("B", {"group": "gone", "status": 1}, "cannot be enabled"),
        ("B", {"group": "gone", "status": 2}, ""),
    ],
)
def test_the_order_of_the_checks_holds_for_status_only_too(
    desk: Desk, dialect: str, sent: dict[str, Any], words: str
) -> None:
    desk.sandbox.configure(dialect=dialect)
    desk.sandbox.console_edit(desk.key_id, status=3, expired_time=1_000)

    message = desk.put(desk.body() | sent, status_only=True)["message"]

    assert words in message
    assert bool(words) is bool(message)


def test_the_body_that_no_rule_can_refuse_disables_any_key(everywhere: Desk) -> None:
    everywhere.sandbox.configure(quota_zero_refused=True)
    everywhere.sandbox.console_edit(everywhere.key_id, name="م" * 50, remain_quota=-9, group="gone")
    kind = {"name": "م" * 25, "remain_quota": 1, "group": "", "cross_group_retry": False, "status": 2}

    assert everywhere.put(everywhere.body(status=2), status_only=True)["success"] is False
    assert everywhere.put(everywhere.body(**kind), status_only=True)["success"] is True
    assert everywhere.stored()["status"] == 2


@pytest.mark.parametrize("status", [0, 5, -1])
def test_a_status_that_is_none_is_refused_but_in_b(desk: Desk, status: int) -> None:
    assert desk.put(desk.body(status=status))["success"] is False
    desk.sandbox.configure(dialect="B")
    assert desk.put(desk.body(status=status), status_only=True)["data"]["status"] == status


def test_another_accounts_key_and_an_absent_one_answer_alike(everywhere: Desk) -> None:
    other = everywhere.sandbox.add_key(everywhere.sandbox.add_account("other"), name="theirs")

    answers = [everywhere.put(everywhere.body(id=number, name="mine")) for number in (other, 999_999)]

    assert answers[0] == answers[1] == {"success": False, "message": "record not found"}
    assert everywhere.sandbox.key(other)["name"] == "theirs"


def test_counters_and_the_secret_cannot_be_written(everywhere: Desk) -> None:
    before = everywhere.stored()

    everywhere.put(everywhere.body() | {"used_quota": 5, "key": "x", "user_id": 1, "created_time": 1})

    assert everywhere.stored() == before


def test_a_masked_record_keeps_its_secret_over_a_put(desk: Desk) -> None:
    desk.sandbox.configure(masked=True)
    whole = desk.stored()["key"]

    shown = desk.put(desk.body(name="two"))["data"]["key"]

    assert shown == f"{whole[:4]}**********{whole[-4:]}"
    assert desk.stored()["key"] == whole


def test_the_log_shows_a_write_with_the_record_before_and_after_and_no_secret(desk: Desk) -> None:
    began = time.time()
    desk.put(desk.body(name="two"))

    write = desk.sandbox.writes()[-1]

    assert (write["operation"], write["key_id"], write["account"]) == ("update", desk.key_id, "Atlas")
    assert (write["before"]["name"], write["after"]["name"], write["body"]["name"]) == ("one", "two", "two")
    assert began <= write["began"] <= write["applied"] <= time.time()
    assert write["headers"]["authorization"] == "<Atlas>"
    text = json.dumps(desk.sandbox.log())
    assert desk.account.token not in text
    assert desk.stored()["key"] not in text
