"""The columns as a function of the text alone: a part of the format, so it never changes."""

import hashlib

import pytest

from keys.ledger.columns import COLUMNS, REASON_WIDTH, WIDTHS, columns_of
from keys.models import Record

SAID = {
    "time": "2026-11-24T03:52:51.123000Z",
    **dict.fromkeys(WIDTHS, "x"),
    "reason": "line\nline\r",
    **dict.fromkeys(("team_id", "key_id", "team_n", "key_n"), 5),
}


def test_every_character_is_escaped_as_it_always_was() -> None:
    """Another digest means another format: every ledger with such a character would be called damaged."""
    every = [chr(c) for c in range(0x110000)]
    some = ("".join(every[at : at + 60]) for at in range(0, len(every), 60))  # too few to be cut, however escaped
    shown = "".join(columns_of({**SAID, "actor": text})["actor"] for text in some)

    assert (
        hashlib.sha256(shown.encode()).hexdigest() == "c1821038cc5ca70c8815b21f72a90797983abd5d5ea30d384840c6ff419f653a"
    )


def test_columns_are_cut_after_escaping() -> None:
    columns = columns_of({**SAID, **dict.fromkeys(WIDTHS, "\u202e" * 1000), "reason": "\x00" * 5000})

    assert {name: len(columns[name]) for name in WIDTHS} == WIDTHS
    assert columns["team"] == ("\\u202e" * 1000)[:200]
    assert len(columns["reason"]) == REASON_WIDTH


def test_a_reason_keeps_its_lines_and_nothing_else() -> None:
    assert columns_of(SAID)["reason"] == "line\nline\\u000d"


def test_every_column_of_a_record_is_either_chained_or_compared() -> None:
    chained = {"seq", "text", "digest", "previous", "link", "seal", "seal_key"}

    assert {field.column for field in Record._meta.concrete_fields} == chained | set(COLUMNS)


@pytest.mark.parametrize("name", list(WIDTHS))
def test_no_column_is_narrower_than_its_text(name: str) -> None:
    assert getattr(Record._meta.get_field(name), "max_length", None) == WIDTHS[name]


def test_it_needs_every_field() -> None:
    with pytest.raises(KeyError):
        columns_of({name: value for name, value in SAID.items() if name != "team_n"})
