"""Is a key that CometAPI refused to give still in its list? A few pages tell, whatever the length of the list."""

from dataclasses import replace

import pytest

from keys.cometapi.locate import is_listed
from keys.errors import Unclear
from keys.types import KeyPage
from tests.forms.keyforms import key

pytestmark = pytest.mark.dbfree


class Listing:
    """Ids, newest first, in pages of ten; asked counts the pages that were asked for."""

    def __init__(self, ids: list[int]) -> None:
        self.ids, self.asked = sorted(ids, reverse=True), 0

    def __call__(self, page: int) -> KeyPage:
        self.asked += 1
        items = tuple(replace(key(), id=key_id) for key_id in self.ids[(page - 1) * 10 : page * 10])
        return KeyPage(page=page, page_size=10, total=len(self.ids), items=items)


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 25, 100, 1_000])
def test_each_key_is_found_and_no_other(size: int) -> None:
    ids = list(range(10, 10 + 3 * size, 3))

    for key_id in {*range(1, 60), *range(3 * size - 40, 3 * size + 20)}:
        listing = Listing(ids)
        assert is_listed(key_id, listing) is (key_id in ids)
        assert listing.asked <= 8


@pytest.mark.parametrize("lacks", ["skipped", "short", "empty"])
def test_a_page_that_hides_something_says_nothing(lacks: str) -> None:
    def listed(page: int) -> KeyPage:
        whole = Listing(list(range(100, 130)))(page)
        shown = {"skipped": whole.items[1:], "short": whole.items[1:], "empty": ()}[lacks]
        return replace(whole, items=shown, skipped=int(lacks == "skipped"))

    with pytest.raises(Unclear) as fault:
        is_listed(99, listed)
    assert fault.value.kind == "not_listed"
