"""Rows filled into the gaps of their kind are, letter for letter, what the template gives for each by itself."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from keys.models import Team
from keys.selectors.keys import NOTHING, Beside, KeyRow
from keys.templatetags.keys_format import expiry, moment
from keys.types import KeySettings, KeySnapshot
from keys.views.links import labels
from keys.views.row_html import row_htmls
from keys.views.rows import RowText, row_text, words_now

pytestmark = pytest.mark.django_db

NAMES = ("plain", "", "<b>&amp;\"'", "\ue0000\ue000 \ue0003\ue000", "{{ t.id }}{% if %}", "مفتاح", "\\1 \\g<0>")
BESIDES = (
    NOTHING,
    Beside("Ann <i>", "", (), drifted=True, gone_at=None),
    Beside("", "", ("prod", "a&b"), drifted=False, gone_at=None),
    Beside("Bo", "The shop's <search>", (), drifted=False, gone_at=None),
    Beside("", 'What "x" & y are for, ' * 9, (), drifted=False, gone_at=None),
    Beside("", "Long enough to be cut, " * 9, ("prod",), drifted=False, gone_at=None),
    Beside("", "", (), drifted=False, gone_at=datetime(2026, 11, 1, tzinfo=UTC)),
    Beside("Bo", first_seen_at=datetime(2026, 10, 1, tzinfo=UTC)),
)


def texts(team: Team) -> Iterator[RowText]:
    odd = itertools.product(NAMES, BESIDES, (True, False), ("", "vip\ue000"), (1, 2, 99))
    for number, (name, beside, unlimited, group, stored) in enumerate(odd):
        settings = KeySettings(name, stored, -1, number, unlimited, False, "", None, group, False)
        key = KeySnapshot(number, 7, "sk-a**********b", settings, 0, number * 1_000_000, number * 77)
        row = KeyRow(key, 1 if number % 3 else stored, number % 4 or None, None, uuid4(), beside)
        yield row_text(
            row, team, words_now(), may_switch=number % 5 > 0, head="Let 10.0.0.1 in" if number % 7 == 0 else ""
        )


@pytest.mark.parametrize("may_switch", [True, False])
@pytest.mark.parametrize("mark_open", [True, False])
def test_each_row_is_what_its_template_says(may_switch: bool, mark_open: bool) -> None:
    team = Team.objects.create(slug="blue", name="Blue <&>", account_id=7)
    rows = list(texts(team))
    context = {"labels": labels(), "may": {"disable_key": may_switch}, "mark_open": mark_open}

    filled = row_htmls(rows, may_switch=may_switch, mark_open=mark_open)

    alone = [render_to_string("keys/_row.html", {"t": row, **context}) for row in rows]
    assert [one.html for one in filled] == alone
    assert [one.head for one in filled] == [row.head for row in rows]
    assert len({row.name for row in rows}) > 5 and len(set(alone)) == len(rows)


def test_the_words_for_a_moment_go_with_the_clock_and_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are kept, since fifty rows ask for the same ones again."""
    team, begun, used = Team(slug="blue", name="Blue"), timezone.now(), 1_700_000_000
    settings = KeySettings("a", 1, used + 600, 1, False, False, "", None, "", False)
    row = KeyRow(KeySnapshot(1, 7, "a", settings, 0, used, 0), 1, None, None, uuid4(), Beside(first_seen_at=begun))
    told = {}
    for zone, seconds in itertools.product(("UTC", "Asia/Tokyo"), (30, 90, 7_200, 400_000)):
        monkeypatch.setattr(timezone, "now", lambda late=seconds: datetime.fromtimestamp(used + late, UTC))
        with timezone.override(zone):
            for _ in range(2):
                text = row_text(row, team, words_now(), may_switch=False)
                assert (text.last_used, text.expires) == (moment(used), expiry(used + 600)), (zone, seconds)
        told[zone, seconds] = (text.last_used, text.expires, text.first_seen)

    assert len(set(told.values())) == 8
    assert "in 8 minutes" in told["UTC", 90][1] and "1 minute ago" in told["UTC", 90][0]
