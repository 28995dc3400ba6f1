"""Bars of a chart as numbers for an SVG template: attributes alone, no style and no script."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from keys.selectors.spending import Spend

HEIGHT: Final = 48
STEP: Final = 8
BAR: Final = 6
LEAST: Final = 1.5
"""A day on which anything was spent is seen, however little it was."""


@dataclass(frozen=True, slots=True)
class Bar:
    day: date
    units: int
    x: int
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One team's spending. width, height: of the view box."""

    spend: Spend
    bars: Sequence[Bar]
    width: int
    height: int = HEIGHT
    bar: int = BAR


def chart(spend: Spend, most: int) -> Chart:
    """most: units of the highest bar of all charts beside each other, so that they can be compared."""
    bars = [_bar(number, day, units, most) for number, (day, units) in enumerate(spend.days)]
    return Chart(spend, bars, STEP * len(bars))


def _bar(number: int, day: date, units: int, most: int) -> Bar:
    height = max(HEIGHT * units / most, LEAST) if units > 0 and most else 0.0
    return Bar(day, units, number * STEP + 1, f"{HEIGHT - height:.1f}", f"{height:.1f}")
