"""Each field edited alone, and fields that hang together: accepted input gives exactly the wish written out here."""

from typing import Any

import pytest

from keys.types import KeyWish, QuotaMode, QuotaWish
from tests.forms.keyforms import NOW_S, as_browser, edited, form_of, key, posted

pytestmark = pytest.mark.dbfree
SET, ADD, TAKE = QuotaMode


@pytest.mark.parametrize(
    ("base", "texts", "fields", "quota"),
    [
        ({}, {"name": " new \t"}, {"name": "new"}, None),
        ({}, {"name": "e\u0301"}, {"name": "é"}, None),
        ({}, {"status": "2"}, {"status": 2}, None),
        ({}, {"expired_time": "2030-06-01T12:00"}, {"expired_time": 1_906_538_400}, None),
        ({}, {"expired_time": "2030-06-01T12:00:01"}, {"expired_time": 1_906_538_401}, None),
        ({}, {"expiry": "never"}, {"expired_time": -1}, None),
        ({}, {"expired_time": "-1"}, {"expired_time": -1}, None),
        ({}, {"expiry": "never", "expired_time": "2030-06-01T12:00"}, {"expired_time": -1}, None),
        (
            {"expired_time": -1},
            {"expiry": "at", "expired_time": "2030-06-01T12:00"},
            {"expired_time": 1_906_538_400},
            None,
        ),
        ({}, {"expired_time": "2026-11-25T05:00:01"}, {"expired_time": NOW_S + 86_401}, None),
        ({}, {"expired_time": "2030-10-27T02:30", "expired_time_fold": "later"}, {"expired_time": 1_919_295_000}, None),
        (
            {},
            {"expired_time": "2030-10-27T02:30", "expired_time_fold": "earlier"},
            {"expired_time": 1_919_291_400},
            None,
        ),
        ({"expired_time": 1_919_291_400}, {"expired_time_fold": "later"}, {"expired_time": 1_919_295_000}, None),
        ({}, {"remain_quota": "5"}, {}, QuotaWish(SET, 5)),
        ({}, {"remain_quota": "0"}, {}, QuotaWish(SET, 0)),
        ({}, {"remain_quota": "0.40", "quota_unit": "usd"}, {}, QuotaWish(SET, 200_000)),
        ({}, {"remain_quota": "1,000", "quota_mode": "add"}, {}, QuotaWish(ADD, 1_000)),
        ({}, {"remain_quota": "1 000", "quota_mode": "take"}, {}, QuotaWish(TAKE, 1_000)),
        ({}, {"quota_mode": "add", "quota_meant": "add"}, {}, QuotaWish(ADD, 100_000)),
        ({}, {"quota_mode": "take", "quota_meant": "take"}, {}, QuotaWish(TAKE, 100_000)),
        ({"remain_quota": -5}, {"remain_quota": "5", "quota_mode": "add"}, {}, QuotaWish(ADD, 5)),
        ({}, {"unlimited_quota": "on"}, {"unlimited_quota": True}, None),
        ({}, {"unlimited_quota": "on", "remain_quota": " "}, {"unlimited_quota": True}, None),
        ({"unlimited_quota": True}, {"unlimited_quota": "-"}, {"unlimited_quota": False}, None),
        ({"unlimited_quota": True}, {"remain_quota": "7"}, {}, QuotaWish(SET, 7)),
        ({}, {"model_limits": "a, b\r\na"}, {"model_limits": "a,b"}, None),
        ({"model_limits": "a,b"}, {"model_limits": ""}, {"model_limits": ""}, None),
        (
            {},
            {"model_limits_enabled": "on", "model_limits": "gpt-4o"},
            {"model_limits_enabled": True, "model_limits": "gpt-4o"},
            None,
        ),
        ({"model_limits": "a"}, {"model_limits_enabled": "on"}, {"model_limits_enabled": True}, None),
        (
            {"model_limits_enabled": True, "model_limits": "a"},
            {"model_limits_enabled": "-", "model_limits": ""},
            {"model_limits_enabled": False, "model_limits": ""},
            None,
        ),
        ({}, {"allow_ips": "1.1.1.1,2.2.2.2"}, {"allow_ips": "1.1.1.1\n2.2.2.2"}, None),
        (
            {"allow_ips": "1.1.1.1"},
            {"allow_ips": "", "allow_ips_confirmed": "everyone"},
            {"allow_ips": None},
            None,
        ),
        ({}, {"group": "vip"}, {"group": "vip"}, None),
        ({}, {"group": ""}, {"group": ""}, None),
        ({}, {"group": "auto", "cross_group_retry": "on"}, {"group": "auto", "cross_group_retry": True}, None),
        ({"group": "auto"}, {"cross_group_retry": "on"}, {"cross_group_retry": True}, None),
        ({"group": "auto", "cross_group_retry": True}, {"cross_group_retry": "-"}, {"cross_group_retry": False}, None),
        ({"group": "auto", "cross_group_retry": True}, {"group": "vip"}, {"group": "vip"}, None),
        ({"status": 3, "expired_time": 5}, {"status": "1", "expiry": "never"}, {"status": 1, "expired_time": -1}, None),
        (
            {"status": 4, "remain_quota": -5},
            {"status": "1", "remain_quota": "6", "quota_mode": "add"},
            {"status": 1},
            QuotaWish(ADD, 6),
        ),
        (
            {"status": 4, "remain_quota": 0},
            {"status": "1", "unlimited_quota": "on"},
            {"status": 1, "unlimited_quota": True},
            None,
        ),
        ({"status": 2, "expired_time": 5}, {"name": "x"}, {"name": "x"}, None),
        ({}, {"reason": "ticket 12"}, {}, None),
    ],
)
def test_accepted(base: dict[str, Any], texts: dict[str, str], fields: dict[str, Any], quota: QuotaWish | None) -> None:
    form = edited(key(**base), texts)

    assert form.is_valid(), form.errors
    assert form.to_wish() == KeyWish(fields, quota)
    assert {type(v) for v in form.to_wish().fields.values()} <= {str, int, bool, type(None)}


@pytest.mark.parametrize(
    ("base", "texts", "field", "code"),
    [
        ({}, {"name": "x" * 51}, "name", "name_long"),
        ({}, {"name": " "}, "name", "name_empty"),
        ({}, {"name": "a\u202eb"}, "name", "bidi"),
        ({}, {"status": "9"}, "status", "status_unknown"),
        ({}, {"status": ""}, "status", "status_unknown"),
        ({}, {"expired_time": "2026-11-24T05:00"}, "expired_time", "expiry_past"),
        ({}, {"expired_time": ""}, "expired_time", "expiry_empty"),
        ({"expired_time": -1}, {"expiry": "at"}, "expired_time", "expiry_empty"),
        ({"expired_time": -1}, {"expired_time": "2030-06-01T12:00"}, "expired_time", "expiry_both"),
        ({}, {"expiry": "soon"}, "expired_time", "expiry_mode"),
        ({}, {"expired_time": "2030-10-27T02:30"}, "expired_time", "moment_twice"),
        ({}, {"expired_time": "2030-03-31T02:30"}, "expired_time", "moment_skipped"),
        ({}, {"expired_time": "10000-01-01T00:00"}, "expired_time", "expiry_far"),
        ({}, {"expired_time": "999999999999999"}, "expired_time", "expiry_far"),
        ({}, {"remain_quota": ""}, "remain_quota", "amount_empty"),
        ({}, {"remain_quota": "1.5"}, "remain_quota", "units_decimal"),
        ({}, {"remain_quota": "x", "unlimited_quota": "on"}, "remain_quota", "amount_junk"),
        ({}, {"quota_mode": "double"}, "remain_quota", "quota_mode"),
        ({}, {"quota_unit": "eur"}, "remain_quota", "quota_unit"),
        ({}, {"quota_unit": "usd"}, "remain_quota", "amount_shown"),
        ({"remain_quota": -5}, {"quota_unit": "usd"}, "remain_quota", "amount_shown"),
        ({}, {"quota_unit": "usd", "quota_mode": "add", "quota_meant": "add"}, "remain_quota", "amount_shown"),
        ({}, {"quota_mode": "add"}, "remain_quota", "amount_kept"),
        ({}, {"quota_mode": "take", "quota_meant": "add"}, "remain_quota", "amount_kept"),
        ({}, {"remain_quota": "0", "quota_mode": "add"}, "remain_quota", "amount_zero"),
        ({}, {"remain_quota": "500000000000000", "quota_mode": "add"}, "remain_quota", "amount_high"),
        ({"remain_quota": -5}, {"remain_quota": "-4"}, "remain_quota", "amount_negative"),
        ({}, {"unlimited_quota": "maybe"}, "unlimited_quota", "switch"),
        ({}, {"model_limits_enabled": "on"}, "model_limits", "models_none"),
        ({"model_limits_enabled": True, "model_limits": "a"}, {"model_limits": " "}, "model_limits", "models_none"),
        ({"model_limits": " , "}, {"model_limits_enabled": "on"}, "model_limits", "models_none"),
        ({}, {"allow_ips": "203.0.113.5/24"}, "allow_ips", "host_bits"),
        ({}, {"group": "svip"}, "group", "group_unknown"),
        ({}, {"cross_group_retry": "on"}, "cross_group_retry", "retry_group"),
        ({}, {"reason": "y" * 501}, "reason", "reason_long"),
        ({"status": 3, "expired_time": 5}, {"status": "1"}, "expired_time", "enable_expired"),
        (
            {"status": 4, "remain_quota": -5},
            {"status": "1", "remain_quota": "5", "quota_mode": "add"},
            "remain_quota",
            "enable_dry",
        ),
        ({"status": 2}, {"status": "1", "remain_quota": "0"}, "remain_quota", "enable_dry"),
    ],
)
def test_refused(base: dict[str, Any], texts: dict[str, str], field: str, code: str) -> None:
    form = edited(key(**base), texts)

    assert not form.is_valid()
    assert list(form.errors) == [field]
    assert [error.code for error in form.errors.as_data()[field]] == [code]
    assert str(form[field]).encode()
    with pytest.raises(ValueError, match="invalid form"):
        form.to_wish()


def test_refusal_keeps_everything_typed() -> None:
    texts = {"name": "neu", "allow_ips": "1.1.1.1\r\nbad", "remain_quota": "1,5", "reason": "why"}
    form = edited(key(), texts, quota_unit="usd", quota_mode="add", unlimited_quota="on", group="vip", status="2")
    assert not form.is_valid()
    again = as_browser(form)
    assert {name: again[name] for name in texts} == texts
    assert (again["quota_unit"], again["quota_mode"], again["unlimited_quota"]) == ("usd", "add", "on")
    assert (again["group"], again["status"]) == ("vip", "2")


def test_all_mistakes_are_said_at_once() -> None:
    form = edited(key(), name="", allow_ips="bad", remain_quota="x", expired_time="x")
    assert set(form.errors) == {"name", "allow_ips", "remain_quota", "expired_time"}


@pytest.mark.parametrize("name", ["name", "unlimited_quota", "allow_ips", "reason"])
def test_a_field_posted_twice_with_two_texts_is_refused(name: str) -> None:
    data = posted(as_browser(form_of(key())))
    data.setlist(name, ["on", "off"])
    assert [e.code for e in form_of(key(), data).errors.as_data()[name]][-1:] == ["twice"]
    data.setlist(name, ["on", "on"])
    assert "twice" not in [e.code for e in form_of(key(), data).errors.as_data().get(name, [])]


def test_only_what_was_posted_counts() -> None:
    base = key(unlimited_quota=True, model_limits_enabled=True, model_limits="a", group="auto", cross_group_retry=True)
    form = form_of(base, posted({"name": "x"}))
    assert form.is_valid(), form.errors
    assert form.to_wish() == KeyWish({"name": "x"})
    assert form_of(base, posted({})).to_wish() == KeyWish()


def test_expiry_is_inferred_without_its_radio() -> None:
    never, dated = key(expired_time=-1), key()
    assert form_of(never, posted({"expired_time": "2030-06-01T12:00"})).to_wish().fields == {
        "expired_time": 1_906_538_400
    }
    assert form_of(dated, posted({"expired_time": "never"})).to_wish().fields == {"expired_time": -1}
    assert form_of(dated, posted({"expired_time": "1893456000"})).to_wish().fields == {"expired_time": 1_893_456_000}


def test_doubled_hour_is_asked_about() -> None:
    assert not form_of(key()).fold_needed
    form = edited(key(), expired_time="2030-10-27T02:30")
    assert form.fold_needed
    assert "<select" in str(form["expired_time_fold"])
    assert form_of(key(expired_time=1_919_291_400)).fold_needed


def test_group_is_typed_where_nobody_lists_them() -> None:
    assert 'type="text"' in str(form_of(key(), groups=None)["group"])
    assert edited(key(), groups=None, group="anything").to_wish().fields == {"group": "anything"}


def test_reason_is_kept_apart_from_the_wish() -> None:
    form = edited(key(), name="x", reason=" ticket 12\r\nsecond ")
    assert form.is_valid()
    assert form.reason == "ticket 12\r\nsecond"


def test_touched_names_settings_not_controls() -> None:
    form = edited(key(), quota_mode="add", remain_quota="5", name="x", expiry="never")
    assert form.is_valid()
    assert form.touched == ("name", "expired_time", "remain_quota")
