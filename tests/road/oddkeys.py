"""Random keys: such as upstream takes back as they are, and such as no rule would ever let in."""

import random
import time
from typing import Any

GROUPS = ("", "default", "vip", "auto")
LETTERS = "abcdefghij XYZ-_.0123456789äßéمفتاح鍵🔑"
LONG = ("مفتاح الإنتاج الرئيسي لفريق التطوير والبحث العلمي", "x" * 60, "鍵" * 17, "🔑" * 13, "ä" * 26)
MODELS = ("", "gpt-5", "gpt-5,claude", "gpt-5, claude", " gpt-5 ,", "ein modell,noch eins")
ALLOWED = (
    None,
    "",
    "203.0.113.7",
    "203.0.113.0/24\n2001:db8::/32",
    "1.1.1.1,2.2.2.2",
    "junk\n10.0.0.1",
    " 10.0.0.5/24 ",
)


def random_key(rng: random.Random) -> dict[str, Any]:
    """Settings that any dialect takes back as they are, with spending behind them."""
    now = int(time.time())
    fields: dict[str, Any] = {
        "name": _name(rng),
        "status": rng.choice((1, 1, 1, 2)),
        "expired_time": rng.choice((-1, -1, now + rng.randrange(1_000, 10**8), now - rng.randrange(1_000, 10**8))),
        "remain_quota": rng.choice((0, 1, rng.randrange(10**4), rng.randrange(10**12))),
        "unlimited_quota": rng.random() < 0.3,
        "model_limits_enabled": rng.random() < 0.4,
        "model_limits": rng.choice(MODELS),
        "allow_ips": rng.choice(ALLOWED),
        "group": rng.choice(GROUPS),
        "used_quota": rng.choice((0, rng.randrange(10**9))),
    }
    fields["cross_group_retry"] = fields["group"] == "auto" and rng.random() < 0.5
    return fields


def _name(rng: random.Random) -> str:
    """1 to 50 bytes."""
    text = "".join(rng.choices(LETTERS, k=rng.randrange(1, 40)))
    return text.encode()[:50].decode("utf-8", "ignore").strip() or "k"


def odd_key(rng: random.Random) -> dict[str, Any]:
    """Settings of which each may break a rule: past expiry, blanks, junk, a lost group, no name, an overspent quota."""
    now = int(time.time())
    return {
        **random_key(rng),
        "name": rng.choice(("", " ", "a\r\nb", "\x00", "\ud800", "\u202egnp.exe", "<b>&amp;", *LONG, "fine")),
        "status": rng.choice((1, 1, 2, 3, 4, 0, 7)),
        "expired_time": rng.choice((-1, 0, -2, 1, now - 60, now + 60, 253_402_300_800, 4_000_000_000)),
        "remain_quota": rng.choice((-700, -1, 0, 1, 6 * 10**14, 100_000)),
        "model_limits": rng.choice((*MODELS, ",", " ", "a,\n,b\r", "\t", "m" * 300)),
        "allow_ips": rng.choice((*ALLOWED, " ", "\n", "1.1.1.1\n\n", "junk\rmore", "\x00")),
        "group": rng.choice((*GROUPS, "gone", " ", "VIP")),
        "cross_group_retry": rng.random() < 0.5,
    }
