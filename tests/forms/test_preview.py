"""What is said before saving: each change old and new, and what follows of it; nothing where nothing changes."""

from typing import Any

import pytest

from keys.forms.preview import Preview, preview_of
from keys.services.usage import Usage
from keys.types import KeySnapshot
from tests.forms.keyforms import NOW_S, edited, form_of, key

pytestmark = pytest.mark.dbfree

WEEK = 7 * 86_400
USED = Usage(300_000, NOW_S - WEEK, NOW_S, {"gpt-4o": 200_000, "claude-sonnet-4": 100_000})
Base = dict[str, Any]


def seen(base: KeySnapshot, texts: dict[str, str], usage: Usage | None = None) -> Preview:
    return preview_of(edited(base, texts), usage)


def test_before_anything_is_typed_there_is_nothing() -> None:
    assert preview_of(form_of(key()), USED) == Preview()


@pytest.mark.parametrize(
    "texts", [{}, {"reason": "because"}, {"remain_quota": "100,000"}, {"expired_time_fold": "later"}]
)
def test_what_changes_nothing_is_no_change(texts: dict[str, str]) -> None:
    found = seen(key(), texts)

    assert found.count == 0 and found.said == {} and found.refused == 0


def test_every_change_is_there_in_the_form_s_order() -> None:
    texts = {"allow_ips": "10.0.0.1", "name": "New", "quota_mode": "add", "remain_quota": "1", "quota_unit": "usd"}

    found = seen(key(), {**texts, "expiry": "at", "expired_time": "2031-01-01T00:00:00", "group": "vip"})

    assert list(found.changed) == ["name", "expired_time", "remain_quota", "allow_ips", "group"]
    assert found.changed["remain_quota"] == (100_000, 600_000) and found.changed["name"] == ("staging", "New")
    assert found.changed["allow_ips"] == (None, "10.0.0.1")


def test_a_refused_field_is_counted_and_the_others_are_shown() -> None:
    found = seen(key(), {"name": "", "allow_ips": "junk", "group": "vip"})

    assert found.refused == 2 and list(found.changed) == ["group"]


@pytest.mark.parametrize(
    ("base", "texts"),
    [
        ({"model_limits_enabled": True, "model_limits": "gpt-4o"}, {"model_limits": ""}),
        ({"group": "vip"}, {"cross_group_retry": "on"}),
    ],
)
def test_what_is_refused_together_with_another_field_is_no_change(base: Base, texts: dict[str, str]) -> None:
    found = seen(key(**base), texts)

    assert (found.refused, found.count, found.said) == (1, 0, {})


@pytest.mark.parametrize(
    ("base", "texts", "field", "words"),
    [
        ({}, {"unlimited_quota": "on"}, "unlimited_quota", "can spend all that the account has"),
        ({}, {"expiry": "never"}, "expired_time", "until somebody disables it"),
        (
            {"allow_ips": "1.1.1.1"},
            {"allow_ips": "", "allow_ips_confirmed": "everyone"},
            "allow_ips",
            "works from everywhere",
        ),
        (
            {},
            {"allow_ips": "10.0.0.1\n0.0.0.0/0", "allow_ips_confirmed": "ipv4"},
            "allow_ips",
            "0.0.0.0/0 lets every IPv4 address in",
        ),
        ({}, {"allow_ips": "::/0", "allow_ips_confirmed": "ipv6"}, "allow_ips", "lets every IPv6 address in"),
        ({}, {"allow_ips": "203.0.113.0/24"}, "allow_ips", "every address was let in. Then only those in this list"),
        ({"allow_ips": " "}, {"allow_ips": "::1"}, "allow_ips", "every address was let in. Then only those in"),
        ({}, {"remain_quota": "0"}, "remain_quota", "refuses every call"),
        ({}, {"quota_mode": "take", "remain_quota": "900000"}, "remain_quota", "refuses every call"),
        ({}, {"remain_quota": "299999"}, "remain_quota", "less than the last 7 days used: $0.60"),
        (
            {"unlimited_quota": True, "remain_quota": 0},
            {"unlimited_quota": "-"},
            "unlimited_quota",
            "refuses every call",
        ),
        ({"unlimited_quota": True}, {"unlimited_quota": "-"}, "unlimited_quota", "less than the last 7 days used"),
        ({}, {"name": "مفتاح الإنتاج للفريق الجديد"}, "name", "bytes in UTF-8"),
        ({}, {"status": "2"}, "status", "stops working"),
        ({}, {"model_limits_enabled": "on", "model_limits": "gpt-4o"}, "model_limits", "any more: claude-sonnet-4."),
        (
            {"model_limits": "gpt-4o"},
            {"model_limits_enabled": "on"},
            "model_limits_enabled",
            "could not any more: claude-sonnet-4.",
        ),
        (
            {"model_limits_enabled": True, "model_limits": "gpt-4o"},
            {"model_limits_enabled": "-"},
            "model_limits_enabled",
            "may use every model",
        ),
        ({"status": 2}, {"remain_quota": "900000"}, "remain_quota", "stays disabled"),
        ({"status": 3}, {"expiry": "7d", "and_enable": "-"}, "expired_time", "stays expired"),
        ({"status": 3, "expired_time": NOW_S - 9}, {"remain_quota": "900000"}, "remain_quota", "stays expired"),
        ({"status": 4, "remain_quota": 0}, {"remain_quota": "900000", "and_enable": "-"}, "remain_quota", "exhausted"),
    ],
)
def test_what_follows_is_said_where_it_has_consequences(
    base: Base, texts: dict[str, str], field: str, words: str
) -> None:
    found = seen(key(**base), texts, USED)

    assert found.refused == 0 and list(found.said) == [field], found
    assert words in " ".join(found.said[field])


@pytest.mark.parametrize(
    ("base", "texts"),
    [
        ({}, {"name": "harmless"}),
        ({}, {"remain_quota": "300000"}),
        ({}, {"remain_quota": "900000"}),
        ({"allow_ips": "10.0.0.1"}, {"allow_ips": "10.0.0.0/8"}),
        ({"expired_time": -1}, {"expiry": "quarter"}),
        ({}, {"model_limits_enabled": "on", "model_limits": "gpt-4o, claude-sonnet-4"}),
        ({"unlimited_quota": True}, {"remain_quota": "0"}),
        ({}, {"group": "vip"}),
    ],
)
def test_what_has_none_is_not_warned_of(base: Base, texts: dict[str, str]) -> None:
    assert seen(key(**base), texts, USED).said == {}


def test_a_list_that_lets_everybody_in_does_not_close_an_open_key() -> None:
    texts = {"allow_ips": "0.0.0.0/0\n::/0", "allow_ips_confirmed": "both"}

    (*said,) = seen(key(), texts).said["allow_ips"]

    assert [words.partition(" ")[0] for words in said] == ["0.0.0.0/0", "::/0"]


def test_what_is_there_already_is_not_warned_of() -> None:
    base = key(unlimited_quota=True, expired_time=-1, allow_ips="", name="مفتاح الإنتاج للفريق الجديد")

    assert seen(base, {"group": "vip"}, USED).said == {}


@pytest.mark.parametrize("texts", [{"remain_quota": "5"}, {"model_limits_enabled": "on", "model_limits": "other"}])
def test_without_a_usage_log_nothing_is_guessed(texts: dict[str, str]) -> None:
    found = seen(key(), texts, None)

    assert found.said == {} and found.lasts_s is None


@pytest.mark.parametrize(
    ("before", "texts", "said"),
    [
        ("gpt-4o,other", {"model_limits": "other"}, ["gpt-4o."]),
        ("gpt-4o", {"model_limits": "gpt-4o-mini"}, ["gpt-4o."]),
        ("gpt-4o", {"model_limits": "gpt-4o,other"}, []),
        ("other", {"model_limits": "gpt-4o"}, []),
    ],
)
def test_only_what_the_key_could_use_is_missed(before: str, texts: dict[str, str], said: list[str]) -> None:
    found = seen(key(model_limits_enabled=True, model_limits=before), texts, USED)

    assert [words.rpartition(": ")[2] for words in found.said.get("model_limits", [])] == said


def test_a_log_that_was_cut_off_says_at_least() -> None:
    half = Usage(300_000, NOW_S - WEEK // 2, NOW_S, {}, whole=False)

    assert "at least $0.60" in seen(key(), {"remain_quota": "5"}, half).said["remain_quota"][0]


@pytest.mark.parametrize(
    ("left", "units", "lasts"),
    [("300000", 300_000, WEEK), ("3000000", 300_000, 10 * WEEK), ("1", 604_800, 1), ("500000000000000", 1, None)],
)
def test_how_long_it_lasts_is_exact(left: str, units: int, lasts: int | None) -> None:
    found = seen(key(), {"remain_quota": left}, Usage(units, NOW_S - WEEK, NOW_S))

    assert found.lasts_s == (lasts if lasts is not None else 500_000_000_000_000 * WEEK)


def test_nothing_left_does_not_last() -> None:
    assert seen(key(), {"remain_quota": "0"}, USED).lasts_s is None
    assert seen(key(), {"remain_quota": "100000", "quota_mode": "take", "quota_meant": "take"}, USED).lasts_s is None


def test_nothing_spent_lasts_for_nobody_knows_how_long() -> None:
    assert seen(key(), {"remain_quota": "5"}, Usage(0, NOW_S - WEEK, NOW_S)).lasts_s is None
    assert seen(key(), {"name": "New"}, USED).lasts_s is None
    assert seen(key(), {"unlimited_quota": "on"}, USED).lasts_s is None


def test_hostile_model_names_are_told_as_text() -> None:
    evil = Usage(5, NOW_S - WEEK, NOW_S, {"<b>\\u202e": 5})

    (said,) = seen(key(), {"model_limits_enabled": "on", "model_limits": "gpt-4o"}, evil).said["model_limits"]

    assert "\u202e" not in said
