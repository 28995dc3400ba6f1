"""A promised limit that is passed ends the measurement with a failure, and is named."""

import re
from typing import Any

import pytest

from tests.bench import bench_history
from tests.people import making


@pytest.mark.django_db
def test_the_history_s_measurement_fails_where_a_page_takes_longer(capsys: Any) -> None:
    making.person("boss", company_role="admin")

    slow = bench_history.report({"0": {"nothing": "", "team": "action=key.edit"}, "600000": {"outcome": ""}}, 1)

    said = capsys.readouterr().out
    assert slow == ["nothing", "team"]
    assert re.findall(r"(\w+): 0 entries *(OVER .*)?", said) == [
        ("nothing", "OVER 0 ms"),
        ("team", "OVER 0 ms"),
        ("outcome", ""),
    ]


@pytest.mark.parametrize(("slow", "grown", "code"), [([], 10.0, 0), (["team"], 10.0, 1), ([], 1_000.0, 1)])
def test_it_ends_with_what_was_seen(slow: list[str], grown: float, code: int, capsys: Any) -> None:
    assert bench_history.verdict(slow, grown) == code

    said = capsys.readouterr().out
    assert ("FAILED" in said) == bool(code) and ("team" in said) == bool(slow) and ("memory" in said) == (grown > 100)
