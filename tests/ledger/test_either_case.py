"""The history's text search finds in either case, whatever the script and the database."""

import pytest

from keys.models import Record
from keys.selectors.ledger_filter import LedgerFilter
from tests.ledger.damage import without_guards
from tests.ledger.making import append

pytestmark = pytest.mark.django_db

TOLD = "Ключ УКРАДЕН у Müller; 100%*?_[Ж]^-\\ ΣΊΣΥΦΟΣ 钥匙"


def found(text: str) -> int:
    return LedgerFilter(text=text).apply(Record.objects.all()).count()


@pytest.mark.parametrize(
    "text",
    [
        *("ключ", "КЛЮЧ", "кЛюЧ украден", "müLLER", "MÜLLER", "钥匙", "σίσυφοσ", "у müller; 100%"),
        *("*?_[ж]^-\\ Σ", "[Ж]^", "]^-\\ σ", "^-\\ Σ", "-\\ Σ", "\\ Σ"),
    ],
)
def test_it_is_found_in_either_case(text: str) -> None:
    append(reason=TOLD)
    append(key_name=TOLD)

    assert found(text) == 2


@pytest.mark.parametrize("text", ["ключи", "к*ч", "клю?", "[а-я]", "ключ_", "клю%", "[ключ]", "[^я]", "Ж-Ж"])
def test_nothing_stands_for_anything_else(text: str) -> None:
    append(reason=TOLD)

    assert found(text) == 0


@pytest.mark.sqlite
def test_a_damaged_text_is_passed_over() -> None:
    append(reason=TOLD)
    append(reason="x")
    with without_guards() as cursor:
        cursor.execute("UPDATE keys_record SET reason = CAST(x'ff41' AS TEXT) WHERE seq = 2")

    assert found("КЛЮЧ") == 1


def test_a_long_text_against_a_long_one_takes_no_time() -> None:
    append(reason="ж" * 500)

    assert found("ж" * 199 + "к") == 0 and found("Ж" * 200) == 1
