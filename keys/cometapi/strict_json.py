"""JSON as CometAPI may send it, and nothing laxer: what two readers could read differently is refused.

Imports nothing of ours and no Django.
"""

import json
from math import isfinite
from typing import Any, NoReturn


class NotStrict(ValueError):
    """Not JSON in UTF-8, or JSON that could be read in two ways. The text says why and never quotes the body."""


def parse(body: bytes) -> Any:
    r"""Python values of `body`. Raises NotStrict.

    Refused: invalid UTF-8, duplicate names in an object, NaN and infinities (also as 1e400), nesting beyond the
    interpreter's depth, ints of thousands of digits. Lone surrogates can only come as escapes (`"\ud800"`) and stay
    in the text as they are: a name that holds one must go back exactly as it was read.
    """
    try:
        return json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_constant, parse_float=_finite
        )
    except NotStrict:
        raise
    except UnicodeDecodeError:
        raise NotStrict("not UTF-8") from None
    except RecursionError:
        raise NotStrict("nested too deeply") from None
    except ValueError:
        raise NotStrict("not JSON") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotStrict("a name occurs twice")
    return found


def _constant(text: str) -> NoReturn:
    raise NotStrict(f"{text} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise NotStrict("a number is too large")
    return value
