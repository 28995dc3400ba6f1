"""From the text of a setting to its value. Each function raises `Wrong` with what is wrong and what to do.

A message never repeats what was given where that may be a secret: keys, and addresses that can hold a password.
"""

import base64
import binascii
import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environ

LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?"
HOST_NAME: Final = re.compile(rf"\.?{LABEL}(\.{LABEL})*\.?")
KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
ENGINES: Final = {"sqlite": "sqlite3", "postgres": "postgresql", "postgresql": "postgresql"}


class Wrong(ValueError):
    """A setting cannot be used; the text says why and what to do, without its name."""


def secret_key(text: str) -> str:
    if len(text) < 50 or len(set(text)) < 5:
        raise Wrong("is too short or too simple; at least 50 random characters, such as `manage.py make_keys` makes")
    return text


def secret_keys(text: str) -> list[str]:
    return [secret_key(line.strip()) for line in text.splitlines() if line.strip()]


def keyring(text: str) -> dict[str, bytes]:
    """`id:base64(32 bytes)`, divided by commas or new lines; order kept, since the first one seals."""
    ring: dict[str, bytes] = {}
    for place, entry in enumerate(re.split(r"[,\s]+", text.strip(", \t\r\n")), start=1):
        key_id, colon, encoded = entry.partition(":")
        if not colon or not KEY_ID.fullmatch(key_id):
            raise Wrong(f"entry {place} is not of the form id:base64; `manage.py make_keys` writes such a file")
        if key_id in ring:
            raise Wrong(f"entry {place} has the id of an earlier one; every key needs an id of its own")
        ring[key_id] = _key_bytes(encoded, place)
    return ring


def _key_bytes(encoded: str, place: int) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise Wrong(f"entry {place} is not base64; `manage.py make_keys` writes such a file") from None
    if len(key) != 32:
        raise Wrong(f"entry {place} is a key of {len(key)} bytes; 32 are needed")
    return key


def database_url(text: str) -> dict[str, Any]:
    """Django's settings of one database, without our options."""
    scheme = text.partition(":")[0].lower()
    if scheme not in ENGINES:
        raise Wrong("is not a database we know; write sqlite:///path or postgres://user:password@host/name")
    try:
        config: dict[str, Any] = dict(environ.Env.db_url_config(text))
    except (ValueError, LookupError, TypeError, AttributeError):  # its message would repeat the password
        raise Wrong("cannot be read; write sqlite:///path or postgres://user:password@host/name") from None
    if config.get("NAME") in (None, "", ":memory:"):
        raise Wrong("names no database; write sqlite:///path or postgres://user:password@host/name")
    if "\0" in str(config["NAME"]):
        raise Wrong("holds a NUL; write sqlite:///path or postgres://user:password@host/name")
    if scheme == "sqlite" and config.get("OPTIONS"):
        raise Wrong("has options, which SQLite is not given here; write sqlite:///path alone")
    return {**config, "ENGINE": f"django.db.backends.{ENGINES[scheme]}"}


def base_url(text: str) -> str:
    """An https address, or http to this machine, without a slash at its end."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Wrong("is not an address; write one such as https://api.cometapi.com") from None
    if parts.username is not None or parts.password is not None:
        raise Wrong("holds a user or a password; access tokens are set per team, in the dashboard")
    if parts.scheme not in ("http", "https") or not _is_host(host) or port == 0:
        raise Wrong("is not an address; write one such as https://api.cometapi.com")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise Wrong("has a query or a fragment; write one such as https://api.cometapi.com")
    if parts.scheme == "http" and not is_loopback(host):
        raise Wrong("is plain http to another machine, where access tokens could be read on the way; use https")
    return text.rstrip("/")


def rate_limit(text: str) -> tuple[int, float]:
    """requests/seconds"""
    requests, slash, seconds = (part.strip() for part in text.partition("/"))
    if not slash or not _is_count(requests) or not _is_count(seconds):
        raise Wrong(f"is {text!r}; write requests/seconds, such as 180/180")
    return int(requests), float(seconds)


def host_names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise Wrong("names no host; write one such as dashboard.example.com")
    for name in names:
        if name != "*" and not _is_host(name.removeprefix("[").removesuffix("]") if name.startswith("[") else name):
            raise Wrong(f"{name!r} is not a host name; write it without scheme and port")
    return names


def bind_host(text: str) -> str:
    """An address or host name; IPv6 with or without brackets, returned without."""
    host = text.removeprefix("[").removesuffix("]")
    if not _is_host(host) or host.startswith("."):
        raise Wrong(f"{text!r} is not an address to listen on; write one such as 127.0.0.1 or 0.0.0.0")
    return host


def port(text: str) -> int:
    return whole_number(1, 65535)(text)


def whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,15}", text) or not least <= int(text) <= most:
            raise Wrong(f"is {text!r}; write a whole number from {least} to {most}")
        return int(text)

    return parse


def true_or_false(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise Wrong(f"is {text!r}; write true or false")
    return text.lower() == "true"


def file_path(text: str) -> Path | None:
    """An absolute path, None for none: what runs under another working directory must mean the same file."""
    if not text:
        return None
    if not text.startswith("/") or "\0" in text or text.endswith("/"):
        raise Wrong("is not an absolute path of a file; write one such as /mnt/elsewhere/checkpoints.jsonl")
    return Path(text)


def time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise Wrong(f"{text!r} is not a time zone; write an IANA name such as Europe/Berlin") from None
    return text


def words(text: str) -> tuple[str, ...]:
    if not text.isprintable():
        raise Wrong("holds a control character; write names divided by commas")
    return tuple(word.strip() for word in text.split(",") if word.strip())


def log_level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        raise Wrong(f"is {text!r}; write DEBUG, INFO, WARNING, ERROR or CRITICAL")
    return text.upper()


def factor(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise Wrong(f"is {text!r}; write a number above 0, such as 1")
    return value


def plain_http_fault(values: Mapping[str, Any]) -> str | None:
    """Plain http shows passwords and sessions to the network, so it may not leave this machine."""
    if not values["PLAIN_HTTP"]:
        return None
    if not is_loopback(values["HOST"]):
        return "is true while HOST is not this machine; listen on 127.0.0.1 or serve behind TLS without it"
    if not all(is_loopback(name) for name in values["ALLOWED_HOSTS"]):
        return "is true while ALLOWED_HOSTS names other machines; name localhost alone or serve behind TLS without it"
    return None


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine."""
    bare = host.removeprefix("[").removesuffix("]")
    if bare.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # A name of digits and dots alone would be read as an address by some and as a name by others.
        return bool(HOST_NAME.fullmatch(host)) and not re.fullmatch(r"[0-9.]+", host)
    return "%" not in host


def _is_count(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,9}", text)) and int(text) >= 1
