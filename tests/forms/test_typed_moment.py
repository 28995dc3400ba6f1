"""The end of what is typed into a filter: of that day, minute or second, as exactly as it was named."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from keys.forms.typed_moment import typed_moment

pytestmark = pytest.mark.dbfree


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("2026-03-31", "2026-03-31 22:00:00"),
        ("2026-03-31 10:00", "2026-03-31 08:01:00"),
        ("2026-03-31T10:00:30", "2026-03-31 08:00:31"),
        ("2026-03-31 10:00:30.000", "2026-03-31 08:00:31"),
        ("2026-03-31 10:00+02:00", "2026-03-31 08:01:00"),
        ("2026-03-31 10:00Z", "2026-03-31 10:01:00"),
        ("2026-03-31 10:00:30+02:00", "2026-03-31 08:00:31"),
        ("2026-03-31  10:00:30Z ", "2026-03-31 10:00:31"),
        ("1774944000", "2026-03-31 08:00:01"),
    ],
)
def test_what_is_named_ends_with_what_was_typed_of_it(text: str, ends: str) -> None:
    end = typed_moment(text, ZoneInfo("Europe/Berlin"), later=True)

    assert end == datetime.fromisoformat(f"{ends}Z")
