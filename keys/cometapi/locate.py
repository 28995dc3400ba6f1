"""Is a key in the listing? Asked when CometAPI refused to give it, since one refusal alone does not say "deleted".

A proxy's 404, or one `success: false`, reads the same as a key that is gone; who believed it would leave a leaked key
enabled. Imports only the ground.
"""

from collections.abc import Callable

from keys.errors import Unclear
from keys.types import KeyPage


def is_listed(key_id: int, listed: Callable[[int], KeyPage]) -> bool:
    """listed: gives page n of the listing, newest first (cometapi.md), from 1. A few pages are asked for, not all.

    Raises Unclear when the listing does not tell: it ends short of its own total, or entries there cannot be read.
    """
    page = listed(1)
    first, last = 2, -(-page.total // page.page_size)
    while True:
        ids = [item.id for item in page.items]
        if key_id in ids:
            return True
        if page.skipped or not ids and page.total:
            raise Unclear("CometAPI refused this key, and its list of keys cannot be read in full.", kind="not_listed")
        if not ids or min(ids) < key_id < max(ids):
            return False
        if key_id > max(ids):
            last = page.page - 1
        else:
            first = page.page + 1
        if first > last:
            return _ended(page, ids)
        page = listed((first + last) // 2)


def _ended(page: KeyPage, ids: list[int]) -> bool:
    """Nothing is left to look at: the key is not there, unless the page should have held more than it does."""
    if len(ids) < min(page.page_size, page.total - (page.page - 1) * page.page_size):
        raise Unclear("CometAPI refused this key, and its list of keys is shorter than it says.", kind="not_listed")
    return False
