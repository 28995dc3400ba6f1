"""One of a thing is told as one, several as several."""

from types import SimpleNamespace as Row
from typing import Any

import pytest
from django.template.loader import render_to_string

pytestmark = pytest.mark.dbfree


def told(template: str, **given: Any) -> str:
    return " ".join(render_to_string(template, given).split())


@pytest.mark.parametrize("n", [1, 2])
def test_what_a_scan_left_out(n: int) -> None:
    words = told("leaks/_unread.html", unread={"cut": n, "beyond": n, "masked": list(range(3, 3 + n))})
    for one, many in (
        ("The last byte was over", "The last 2 bytes were over"),
        ("1 more candidate was over", "2 more candidates were over"),
        ("Masked in line 3:", "Masked in lines 3, 4:"),
    ):
        assert (one if n == 1 else many) in words


@pytest.mark.parametrize(("lines", "said"), [([3], "Line 3"), ([3, 7], "Lines 3, 7")])
def test_where_a_stray_stood(lines: list[int], said: str) -> None:
    stray = Row(row=Row(lines=lines), hidden="", asked="", name="")
    assert f"<li>{said}</li>" in told("leaks/_strays.html", strays=[stray], not_found=1)


@pytest.mark.parametrize(("n", "said"), [(51, "1 more address is not shown."), (52, "2 more addresses are not shown.")])
def test_addresses_and_models_that_are_not_shown(n: int, said: str) -> None:
    part = Row(name="x", requests=1, units=1, first=None, last=None, new=False)
    uses = Row(addresses=[part] * n, models=[part] * n, before=None)
    assert said in told("leaks/_addresses.html", uses=uses)
    models = said.replace("addresses", "models").replace("address", "model")
    assert models in told("leaks/_models.html", uses=uses)


@pytest.mark.parametrize(("n", "said"), [(1, "Look for it in the"), (2, "Look for them in the")])
def test_entries_that_cannot_be_read(n: int, said: str) -> None:
    assert said in told("panic/_said.html", progress=Row(panic=Row(skipped=n)))
