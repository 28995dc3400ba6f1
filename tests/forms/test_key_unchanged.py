"""A form saved as it came touches nothing, however odd the key; what is odd is said and goes back as it was read."""

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.types import KeySettings, KeySnapshot, KeyWish
from tests.forms.keyforms import GROUPS, NOW_S, as_browser, edited, form_of, key, posted

pytestmark = pytest.mark.dbfree

odd_text = st.one_of(
    st.text(st.characters(), max_size=30),  # surrogates too
    st.sampled_from(
        [
            "",
            " ",
            "\n",
            "\r\n x",
            "<b>&amp;'\"",
            "\x00",
            "\u202egnp",
            "\ud800",
            "=cmd()",
            "x" * 99,
            " a ",
            "\t",
            "\x1b[31m",
        ]
    ),
)
odd_settings = st.builds(
    KeySettings,
    name=odd_text,
    status=st.sampled_from([1, 2, 3, 4, 0, 7, -1]),
    expired_time=st.one_of(
        st.just(-1),
        st.integers(-(2**63), 2**63),
        st.integers(0, 4_000_000_000),
        st.sampled_from([0, -2, 1_792_888_200, 1_792_891_800, 253_402_300_800]),
    ),
    remain_quota=st.integers(-(10**15), 10**15),
    unlimited_quota=st.booleans(),
    model_limits_enabled=st.booleans(),
    model_limits=st.one_of(odd_text, st.sampled_from(["a, b", ",", "a,\n,b\r", "gpt-4o,", " "])),
    allow_ips=st.one_of(st.none(), odd_text, st.sampled_from(["1.1.1.1\n\n", "junk\rmore", " 10.0.0.5/24 "])),
    group=st.one_of(odd_text, st.sampled_from(GROUPS)),
    cross_group_retry=st.booleans(),
)
snapshots = odd_settings.map(lambda s: key(**asdict(s)))
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])


@settings(deadline=None)
@given(snapshots, zones, st.one_of(st.none(), st.just(GROUPS), st.just(())))
def test_saved_unchanged_touches_nothing(base: KeySnapshot, zone: str, groups: tuple[str, ...] | None) -> None:
    shown = form_of(base, zone=zone, groups=groups)
    form = form_of(base, posted(as_browser(shown)), zone=zone, groups=groups)

    assert form.is_valid(), form.errors
    assert form.to_wish() == KeyWish()
    assert form.warnings == shown.warnings
    repr(form.warnings).encode()


@settings(deadline=None)
@given(snapshots)
def test_only_the_name_changed_alters_only_the_name(base: KeySnapshot) -> None:
    form = edited(base, name="renamed, and only that")

    assert form.is_valid(), form.errors
    assert form.to_wish() == KeyWish({"name": "renamed, and only that"})


@pytest.mark.parametrize(
    ("base", "field", "said"),
    [
        ({"name": ""}, "name", "Give the key a name"),
        ({"name": "مفتاح الإنتاج للفريق الجديد"}, "name", "bytes in UTF-8"),
        ({"status": 7}, "status", "not known here: 7"),
        ({"expired_time": NOW_S - 1}, "expired_time", "has expired"),
        ({"expired_time": 10**17}, "expired_time", "which is no date"),
        ({"remain_quota": -100_000}, "remain_quota", "Overspent by $0.20"),
        ({"model_limits_enabled": True}, "model_limits", "refuses every model"),
        ({"model_limits": "a, b"}, "model_limits", "matches no model"),
        ({"allow_ips": "1.1.1.1\n10.0.0.5/24"}, "allow_ips", "host bits"),
        ({"group": "gone"}, "group", "not available"),
        ({"cross_group_retry": True}, "cross_group_retry", "not automatic"),
    ],
)
def test_what_is_odd_is_said(base: dict[str, Any], field: str, said: str) -> None:
    warnings = form_of(key(**base)).warnings
    assert list(warnings) == [field]
    assert said in " ".join(warnings[field])


def test_a_sound_key_has_no_warnings() -> None:
    assert form_of(key()).warnings == {}
    assert form_of(key(unlimited_quota=True, remain_quota=-5, allow_ips="1.1.1.1", model_limits="a")).warnings == {}


def test_a_touched_field_has_faults_instead_of_warnings() -> None:
    form = edited(key(allow_ips="junk"), allow_ips="more junk")
    assert "allow_ips" in form.errors
    assert "allow_ips" not in form.warnings


def test_a_lost_group_stays_chosen() -> None:
    assert 'value="gone" selected' in str(form_of(key(group="gone"))["group"])


def test_an_unknown_status_stays_chosen() -> None:
    assert 'value="7" selected' in str(form_of(key(status=7))["status"])
    junk = edited(key(status=2), status="<script>")
    assert 'value="2" selected' in str(junk["status"])
