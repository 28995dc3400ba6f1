"""Every setting that comes from the environment: one table, read once, faults collected instead of raised.

So that `migrate`, `collectstatic` and `help` need no secrets, and a start names all that is wrong, one line each.
`python -m cometadmin.environment` prints the table for the README.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from environ.fileaware_mapping import FileAwareMapping

from cometadmin import parsers
from cometadmin.parsers import Wrong

MAKE_KEYS: Final = "make one with `manage.py make_keys DIR` and set {name}_FILE"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    default: the text used when it is not set; None: required. absent: the value that stands in for a faulty one, so
    that commands which do not use it still run; None: the parsed default. secret: its value is never shown.
    """

    name: str
    parse: Callable[[str], Any]
    what: str
    default: str | None = None
    absent: Any = None
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one setting. missing: it is required and was not given."""

    name: str
    text: str
    missing: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "SECRET_KEY",
        parsers.secret_key,
        "Signs sessions and forms; at least 50 characters.",
        absent="",
        secret=True,
    ),
    Setting(
        "SECRET_KEY_FALLBACKS",
        parsers.secret_keys,
        "Former values of SECRET_KEY that still verify, one a line.",
        default="",
        secret=True,
    ),
    Setting(
        "SEALING_KEYS",
        parsers.keyring,
        "Seal the teams' access tokens: `id:base64 of 32 bytes`, several divided by commas or new lines; "
        "the first seals, all open.",
        absent={},
        secret=True,
    ),
    Setting(
        "LEDGER_KEYS",
        parsers.keyring,
        "Seal the ledger's records: same form; the first seals new records, all verify.",
        absent={},
        secret=True,
    ),
    Setting(
        "FINGERPRINT_KEYS",
        parsers.keyring,
        "Make the digests by which the secret of a key is told again: same form; the first is used.",
        absent={},
        secret=True,
    ),
    Setting(
        "CHECKPOINT_KEYS",
        parsers.keyring,
        "Sign the ledger's checkpoints: same form, seeds of Ed25519 keys; the first signs, all verify.",
        absent={},
        secret=True,
    ),
    Setting(
        "CHECKPOINT_FILE",
        parsers.file_path,
        "Where each checkpoint is added as one line: a file that the database's user cannot write.",
        default="",
    ),
    Setting(
        "SHIP_RECORDS",
        parsers.true_or_false,
        "`true` writes each record as one JSON line (ECS) to standard output of the worker.",
        default="false",
    ),
    Setting(
        "DATABASE_URL",
        parsers.database_url,
        "`sqlite:///path` for one machine, `postgres://user:password@host/name` for more; with "
        "`?server_side_binding=0` where a pooler stands between that does not know prepared statements.",
        default="sqlite:///var/cometadmin.sqlite3",
        absent={},
        secret=True,
    ),
    Setting(
        "COMETAPI_BASE_URL",
        parsers.base_url,
        "Where CometAPI answers: https, or http on this machine.",
        default="https://api.cometapi.com",
    ),
    Setting(
        "COMETAPI_RATE_LIMIT",
        parsers.rate_limit,
        "How many requests CometAPI takes in how many seconds, such as `180/180`.",
        default="180/180",
    ),
    Setting(
        "SYNC_EVERY_S",
        parsers.whole_number(10, 86_400),
        "Seconds between two listings of a team's keys by the worker.",
        default="300",
    ),
    Setting(
        "ALLOWED_HOSTS",
        parsers.host_names,
        "Host names this dashboard is reached by, divided by commas.",
        default="localhost,127.0.0.1,[::1]",
    ),
    Setting("HOST", parsers.bind_host, "Address that `manage.py serve` listens on.", default="127.0.0.1"),
    Setting("PORT", parsers.port, "Port that `manage.py serve` listens on.", default="8000"),
    Setting("WEB_PROCESSES", parsers.whole_number(1, 256), "Processes that answer requests.", default="2"),
    Setting("WEB_THREADS", parsers.whole_number(1, 256), "Threads in each process.", default="4"),
    Setting(
        "TRUSTED_PROXY_COUNT",
        parsers.whole_number(0, 10),
        "Proxies of yours in front that add X-Forwarded-For and set X-Forwarded-Proto.",
        default="0",
    ),
    Setting(
        "PLAIN_HTTP",
        parsers.true_or_false,
        "`true` serves without TLS; only when HOST and all ALLOWED_HOSTS are this machine.",
        default="false",
    ),
    Setting("DEFAULT_TIME_ZONE", parsers.time_zone, "Time zone of people who have not chosen one.", default="UTC"),
    Setting(
        "QUOTA_UNITS_PER_USD",
        parsers.whole_number(1, 10**12),
        "Units of quota that one US dollar buys.",
        default="500000",
    ),
    Setting(
        "AUTO_GROUPS",
        parsers.words,
        "Groups that CometAPI routes by itself, divided by commas; only these take cross-group retry.",
        default="auto",
    ),
    Setting("LOG_LEVEL", parsers.log_level, "DEBUG, INFO, WARNING, ERROR or CRITICAL.", default="INFO"),
    Setting("WAIT_SCALE", parsers.factor, "Factor on every waiting time; 1 but for test runs.", default="1"),
)


def read(environ: Mapping[str, str]) -> tuple[dict[str, Any], list[Fault]]:
    """Values by name, and what is wrong. Every name has a value, a stand-in where there is a fault."""
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for setting in SETTINGS:
        value, fault = _read_one(setting, environ)
        values[setting.name] = value
        if fault is not None:
            faults.append(fault)
    plain = parsers.plain_http_fault(values)
    if plain and not any(fault.name in ("PLAIN_HTTP", "HOST", "ALLOWED_HOSTS") for fault in faults):
        faults.append(Fault("PLAIN_HTTP", plain))
    return values, faults


def _read_one(setting: Setting, environ: Mapping[str, str]) -> tuple[Any, Fault | None]:
    name = setting.name
    if environ.get(name) and environ.get(f"{name}_FILE"):
        return _stand_in(setting), Fault(name, f"is set twice, as {name} and as {name}_FILE; remove one of them")
    try:
        text = _text(name, environ)
        if text is None and setting.default is None:
            return setting.absent, Fault(name, "is not set; " + MAKE_KEYS.format(name=name), missing=True)
        return setting.parse(setting.default or "" if text is None else text), None
    except Wrong as wrong:
        return _stand_in(setting), Fault(name, str(wrong))


def _text(name: str, environ: Mapping[str, str]) -> str | None:
    """What was given, from the variable or the file that it names; None when neither is set or both are empty.

    django-environ's mapping alone, not its `Env`: that one would take a secret beginning with `$` for a reference.
    """
    if environ.get(f"{name}_FILE"):
        try:
            text = str(FileAwareMapping(environ, cache=False)[name]).strip()
        except OSError as error:
            raise Wrong(f"the file that {name}_FILE names cannot be read ({error.strerror}); mend the path") from None
        except ValueError:
            raise Wrong(f"the file that {name}_FILE names is not text in UTF-8") from None
        if not text:
            raise Wrong(f"the file that {name}_FILE names is empty")
        return text
    return environ.get(name, "").strip() or None


def _stand_in(setting: Setting) -> Any:
    if setting.absent is not None or setting.default is None:
        return setting.absent
    return setting.parse(setting.default)


def table() -> str:
    """The README's table of settings, in Markdown."""
    rows = ["| name | what | default |", "| --- | --- | --- |"]
    for setting in SETTINGS:
        default = "required" if setting.default is None else f"`{setting.default}`" if setting.default else "none"
        rows.append(f"| `{setting.name}` | {setting.what} | {default} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
