"""CometAPI's rules, restated from cometapi.md; pure functions over plain values."""

import ipaddress
import random
from typing import Any

Record = dict[str, Any]

ENABLED, DISABLED, EXPIRED, EXHAUSTED = 1, 2, 3, 4
MAX_NAME = 50
MAX_QUOTA = 500_000_000_000_000  # units (trap 7)
PAGE_CAP = 100
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
SECRET_LENGTH = 48

# What a full PUT makes of an omitted field (trap 1). `status` is listed for the dialect that writes it in a full PUT.
ZERO: Record = {
    "name": "",
    "status": 0,
    "expired_time": 0,
    "remain_quota": 0,
    "unlimited_quota": False,
    "model_limits_enabled": False,
    "model_limits": "",
    "allow_ips": None,
    "group": "",
    "cross_group_retry": False,
}
EDITABLE = tuple(ZERO)


def new_secret(rng: random.Random) -> str:
    """48 letters and digits, without the `sk-` that callers put before it (trap 12)."""
    return "".join(rng.choices(ALPHABET, k=SECRET_LENGTH))


def mask(secret: str) -> str:
    """The masked form, as `abcd**********wxyz`."""
    if len(secret) <= 4:
        return "*" * len(secret)
    if len(secret) <= 8:
        return f"{secret[:2]}****{secret[-2:]}"
    return f"{secret[:4]}**********{secret[-4:]}"


def bare_secret(credential: str) -> str:
    """The secret in what a caller sent: `Bearer `, `sk-` and the `-<channel>` behind it taken off (trap 12)."""
    text = credential.strip()
    if text[:7].lower() == "bearer ":
        text = text[7:].strip()
    return text.removeprefix("sk-").split("-")[0]


def name_too_long(name: str, in_bytes: bool) -> bool:
    return len(name.encode("utf-8", "surrogatepass") if in_bytes else name) > MAX_NAME


def is_expired(record: Record, now: float) -> bool:
    """Past its time; 0 is in the past, only -1 is never."""
    return bool(record["expired_time"] != -1 and record["expired_time"] < int(now))


def is_exhausted(record: Record) -> bool:
    return bool(not record["unlimited_quota"] and record["remain_quota"] <= 0)


def allowed_entries(allow_ips: str | None) -> list[str]:
    """The allowlist as the family reads it: blanks removed, commas deleted and not split (trap 11)."""
    cleaned = (allow_ips or "").replace(" ", "")
    return [entry.strip().replace(",", "") for entry in cleaned.split("\n")] if cleaned else []


def ip_allowed(allow_ips: str | None, address: str) -> bool:
    """Unparsable entries are skipped; a list in which nothing parses lets nobody in (trap 11)."""
    entries = allowed_entries(allow_ips)
    if not entries:
        return True
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        return False
    for entry in entries:
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            continue
        if caller.version == network.version and caller in network:
            return True
    return False


def model_allowed(record: Record, model: str) -> bool:
    """Split on commas without trimming; enabled with an empty list refuses every model (trap 10)."""
    if not record["model_limits_enabled"]:
        return True
    return bool(record["model_limits"]) and model in str(record["model_limits"]).split(",")


def whole(text: str, default: int) -> int:
    """A number in a query: anything unreadable counts as the default, as the family does."""
    try:
        return int(text)
    except ValueError:
        return default


def page_bounds(query: dict[str, str]) -> tuple[int, int]:
    """(page, page size): page from 1, size capped at 100."""
    page = max(1, whole(query.get("p", ""), 1))
    size = whole(query.get("page_size", "") or query.get("size", ""), 20)
    return page, min(size if size > 0 else 20, PAGE_CAP)


def is_auto_group(group: str) -> bool:
    """Only an auto-routed group keeps `cross_group_retry` (trap 9)."""
    return group == "auto"
