"""What is wrong with a record that does not verify, in words for whoever reads the history."""

import re
from typing import Final

from keys.errors import ChainBroken

WORDS: Final = {
    "change": "what it says of its change does not hold",
    "checkpoint": "a signed checkpoint tells otherwise",
    "digest": "its text is not the one that was hashed",
    "head": "the ledger's head tells otherwise",
    "key_n": "its number within its key is not the next one",
    "link": "its link is not as it was made",
    "missing": "it is missing",
    "previous": "it is not linked to the record before it",
    "rotation": "it puts a new key in place without the word of the old one",
    "row": "it cannot be read",
    "seal": "its seal does not hold",
    "seal_key": "it is sealed by a key that may not seal it",
    "seq": "its number is not the next one",
    "team_n": "its number within its team is not the next one",
}
"""By what does not verify; anything else is a column."""
_DIGEST: Final = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")


def in_words(broken: ChainBroken) -> str:
    """One line. Of texts and columns no value: all who may see any history read this, whosever record it is."""
    if broken.what == "text":
        return f"record {broken.seq}: its text is no record of this ledger"
    if broken.what not in WORDS:
        return f"record {broken.seq}: its column {broken.what} tells otherwise than its text"
    expected, found = (_DIGEST.sub(r"\1…", told).replace("None", "none") for told in (broken.expected, broken.found))
    return f"record {broken.seq}: {WORDS[broken.what]} (expected {expected}, found {found})"
