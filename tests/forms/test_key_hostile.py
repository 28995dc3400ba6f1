"""Nothing typed breaks the form, and no secret typed into it is shown again."""

import random
import string
import time
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import rules
from keys.forms.rendered import SWITCHES, TEXTS
from keys.types import KeyWish
from tests.forms.keyforms import as_browser, edited, form_of, key, posted

pytestmark = pytest.mark.dbfree
SECRET = "sk-" + "".join(random.Random(3).choices(string.ascii_letters + string.digits, k=48))
# fmt: off
NASTY = [
    "\x00", "\ud800", "9" * 5_000, "-" + "9" * 5_000, "١٢٣", "１２３", "\u202e", "%s%(x)s", "{}", "<script>", "=cmd()",
    "NaN", "1e400", "0x1", "2030-10-27T02:30", "2030-03-31T02:30", "10000-01-01T00:00", "never", "-1", "on", "off",
    "set", "add", "usd", "at", "auto", "1.1.1.1", "10.0.0.1/8", "a,b", "", " ", "\r\n", "5", "0.20", "\u0301" * 300,
    "1" * 15, "earlier", "later", "default", "2", "1",
]
# fmt: on


@st.composite
def hostile(draw: st.DrawFn) -> QueryDict:
    data = QueryDict(mutable=True)
    names = [*TEXTS, *SWITCHES, *(f"{name}-shown" for name in SWITCHES)]
    for name in draw(st.lists(st.sampled_from(names), max_size=12)):
        data.setlist(
            name,
            draw(
                st.lists(
                    st.one_of(st.sampled_from(NASTY), st.text(st.characters(), max_size=40)), min_size=1, max_size=2
                )
            ),
        )
    return data


@settings(deadline=None, max_examples=400)
@given(hostile())
def test_nothing_typed_crashes_the_form(data: QueryDict) -> None:
    form = form_of(key(), data)
    page = "".join(str(bound) + str(bound.errors) for bound in form) + repr(form.warnings)
    page.encode()
    if form.is_valid():
        _sound(form.to_wish())


def _sound(wish: KeyWish) -> None:
    """What is wished keeps the rules, and saving it again keeps it."""
    for field, value in wish.fields.items():
        again: dict[str, Any] = {
            "name": lambda v: rules.check_name(v),
            "allow_ips": lambda v: rules.check_allow_ips(v or ""),
            "model_limits": lambda v: rules.check_models(v),
            "status": lambda v: rules.check_status(str(v)),
        }
        assert again.get(field, lambda v: v)(value) == value
        str(value).encode()
    assert wish.quota is None or 0 <= wish.quota.units <= rules.MAX_UNITS


@pytest.mark.parametrize("name", [*TEXTS, *SWITCHES])
@pytest.mark.parametrize("unit", ["x", "1", "\x00", "1.1.1.1,", "\n", "\ud800", "\u0301"])
def test_ten_megabytes_are_refused_quickly(name: str, unit: str) -> None:
    base = key()
    data = posted({**as_browser(form_of(base)), name: unit * (10_000_000 // len(unit))})
    began = time.process_time()

    form = form_of(base, data)
    valid = form.is_valid()

    assert not valid or form.to_wish() == KeyWish()
    assert time.process_time() - began < 4


@pytest.mark.parametrize(
    "name", ["name", "expired_time", "remain_quota", "model_limits", "allow_ips", "group", "reason"]
)
@pytest.mark.parametrize("around", ["{}", "see {} please", "x\r\n{}\r\ny", "{}\u200b"])
def test_typed_secret_is_refused_and_not_shown(name: str, around: str) -> None:
    form = edited(key(), {name: around.format(SECRET)}, groups=None)

    assert [error.code for error in form.errors.as_data()[name]] == ["secret"]
    page = "".join(str(bound) + str(bound.errors) for bound in form)
    assert not any(SECRET[at : at + 12] in page for at in range(len(SECRET) - 11))


@pytest.mark.parametrize("name", [*TEXTS, *SWITCHES])
def test_typed_secret_is_shown_nowhere(name: str) -> None:
    form = edited(key(), {name: SECRET})
    page = "".join(str(bound) + str(bound.errors) for bound in form) + repr(form.warnings)
    assert not any(SECRET[at : at + 12] in page for at in range(len(SECRET) - 11))


def test_a_secret_that_upstream_holds_itself_locks_nothing() -> None:
    base = key(name=SECRET[3:], model_limits=f"a,{SECRET}")
    assert edited(base, remain_quota="5").is_valid()
    form = edited(base, model_limits=f"a\r\n{SECRET}\r\nb")
    assert form.to_wish().fields == {"model_limits": f"a,{SECRET},b"}


def test_quoted_entries_are_short_and_visible() -> None:
    form = edited(key(), allow_ips="\u202e" + "x" * 90)
    (error,) = form.errors["allow_ips"]
    said = str(error)
    assert said.startswith(r"\u202exxx")
    assert "…" in said
    assert len(said) < 160
