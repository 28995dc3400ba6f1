"""Random forms out of the table, and what the table says must come of each."""

import random
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes

from tests.secrets.typed_table import AMOUNTS, BAD, MOMENTS, NEITHER, OFF, ON, TEXTS

SWITCHES = ("unlimited_quota", "model_limits_enabled", "cross_group_retry")


@dataclass
class Typed:
    """One form. posted: what differs from the form as it came. after: settings that must follow. bad: it is refused."""

    posted: dict[str, str]
    after: dict[str, Any]
    before: dict[str, Any]
    bad: bool = False
    twice: list[tuple[str, str]] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        return not self.bad and self.after != self.before


def drawn(rng: random.Random, stored: dict[str, Any]) -> Typed:
    """A few fields typed into, each with a good or a bad text, at times one of them twice."""
    typed = Typed({}, dict(stored), stored)
    kinds = [*TEXTS, "remain_quota", "expired_time", *SWITCHES]
    for kind in rng.sample(kinds, rng.choice((1, 1, 1, 2, 2, 3))):
        if kind in TEXTS:
            _text(rng, typed, kind)
        elif kind == "remain_quota":
            _amount(rng, typed)
        elif kind == "expired_time":
            _moment(rng, typed)
        else:
            _switch(rng, typed, kind)
    _together(typed)
    if rng.random() < 0.05:
        _twice(rng, typed)
    return typed


def _balanced(rng: random.Random, cases: list[Any], is_bad: Any) -> Any:
    """Good and bad ones equally often, though there are more ways to be wrong."""
    wanted = rng.random() < 0.4
    return rng.choice([case for case in cases if is_bad(case) == wanted])


def _text(rng: random.Random, typed: Typed, name: str) -> None:
    text, stored = _balanced(rng, TEXTS[name], lambda case: case[1] is BAD)
    typed.posted[name] = text
    typed.bad |= stored is BAD
    if name != "reason":
        typed.after[name] = stored


def _amount(rng: random.Random, typed: Typed) -> None:
    mode, unit, text, left = _balanced(rng, AMOUNTS, lambda case: case[3] is BAD)
    typed.posted |= {"quota_mode": mode, "quota_unit": unit, "remain_quota": text}
    typed.bad |= left is BAD
    if left:
        typed.after["remain_quota"] = left(typed.before["remain_quota"])


def _moment(rng: random.Random, typed: Typed) -> None:
    posted, moment = _balanced(rng, MOMENTS, lambda case: case[1] is BAD)
    typed.posted |= {"expiry": "at", **posted}
    typed.bad |= moment is BAD
    typed.after["expired_time"] = moment


def _switch(rng: random.Random, typed: Typed, name: str) -> None:
    word = rng.choice((rng.choice(ON), rng.choice(OFF), rng.choice(NEITHER)))
    typed.posted[name] = word
    typed.bad |= word in NEITHER
    typed.after[name] = word in ON


def _together(typed: Typed) -> None:
    """Rules over several fields: those of the reference page for model limits and for cross-group retry."""
    after, posted = typed.after, typed.posted
    if posted.get("remain_quota") == "" and after["unlimited_quota"]:
        typed.bad = typed.bad and _others_bad(typed)
        after["remain_quota"] = typed.before["remain_quota"]
    if {"model_limits", "model_limits_enabled"} & posted.keys():
        typed.bad |= bool(after["model_limits_enabled"] and not after["model_limits"])
    if after["cross_group_retry"] and not typed.before["cross_group_retry"]:
        typed.bad |= after["group"] != "auto"


def _others_bad(typed: Typed) -> bool:
    """Is anything refused but the amount, which an unlimited key does not need?"""
    texts = any(stored is BAD for name in TEXTS for text, stored in TEXTS[name] if typed.posted.get(name) == text)
    switches = any(typed.posted.get(name) in NEITHER for name in SWITCHES)
    return texts or switches or typed.after["expired_time"] is BAD


def _twice(rng: random.Random, typed: Typed) -> None:
    """A field posted once more with another text: which one was meant nobody can say."""
    name = rng.choice(sorted(typed.posted))
    typed.twice.append((name, typed.posted[name] + "x"))
    typed.bad = True


def encoded(pairs: list[tuple[str, str]]) -> bytes:
    """As a browser would, had it lone surrogates to send."""
    return b"&".join(_quoted(name) + b"=" + _quoted(text) for name, text in pairs)


def _quoted(text: str) -> bytes:
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="").encode()


def multipart(pairs: list[tuple[str, str]]) -> tuple[str, bytes]:
    """The content type, and the body."""
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        + text.encode("utf-8", "surrogatepass")
        + b"\r\n"
        for name, text in pairs
    ]
    return "multipart/form-data; boundary=b", b"".join([*parts, b"--b--\r\n"])
