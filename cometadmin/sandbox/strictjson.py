"""Reads a key from a JSON body as strictly, and as laxly, as a Go server does."""

import json
from typing import Any, Never

from .rules import Record

KINDS: dict[str, str] = {
    "id": "int",
    "name": "string",
    "status": "int",
    "expired_time": "int64",
    "remain_quota": "int",
    "unlimited_quota": "bool",
    "model_limits_enabled": "bool",
    "model_limits": "string",
    "allow_ips": "string",
    "group": "string",
    "cross_group_retry": "bool",
}
INT64 = 2**63


class BadBody(Exception):
    """The body is no key; the text is the server's message."""


def decode_key(body: bytes) -> Record:
    """The fields that were sent, known ones only, with their own types; a null counts as omitted but for allow_ips.

    Field names match without regard to case, of a repeated field the last one wins, text after the value is ignored.
    """
    value = _decode(body)
    if value is None:
        return {}
    if not isinstance(value, Pairs):
        raise BadBody(f"json: cannot unmarshal {_kind(value)} into Go value of type model.Token")
    fields: Record = {}
    for sent_name, item in value:
        name = sent_name if sent_name in KINDS else sent_name.lower()
        if name in KINDS:
            _take(fields, name, item)
    return fields


class Pairs(list[tuple[str, Any]]):
    """A JSON object with its order and its repeated names kept."""


class Fraction(str):
    """A JSON number that is not written as a whole number."""


def _decode(body: bytes) -> Any:
    text = body.decode("utf-8", "replace").lstrip(" \t\r\n")
    if not text:
        raise BadBody("EOF")
    reader = json.JSONDecoder(object_pairs_hook=Pairs, parse_float=Fraction, parse_constant=_constant)
    try:
        return reader.raw_decode(text)[0]
    except (ValueError, RecursionError) as error:
        raise BadBody(f"invalid character: {type(error).__name__}") from error


def _constant(name: str) -> Never:
    raise ValueError(name)


def _take(fields: Record, name: str, item: Any) -> None:
    kind = KINDS[name]
    if item is None:
        if name == "allow_ips":
            fields[name] = None
        return
    fits = {"bool": type(item) is bool, "string": type(item) is str}.get(kind, type(item) is int)
    if not fits:
        raise BadBody(f"json: cannot unmarshal {_kind(item)} into Go struct field Token.{name} of type {kind}")
    if type(item) is int and not -INT64 <= item < INT64:
        raise BadBody(f"json: cannot unmarshal number into Go struct field Token.{name} of type {kind}")
    fields[name] = _scrub(item) if kind == "string" else item


def _scrub(text: str) -> str:
    """A lone surrogate becomes the replacement character, as in Go."""
    return "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)


def _kind(item: Any) -> str:
    if isinstance(item, bool):
        return "bool"
    if isinstance(item, int | Fraction):
        return "number"
    if isinstance(item, str):
        return "string"
    return "object" if isinstance(item, Pairs) else "array"
