"""How pasted lists are taken apart, and the rule for model ids."""

import re
from collections.abc import Iterable

from keys.rules.fault import Fault, RuleBroken
from keys.rules.fault import gettext_noop as _
from keys.rules.names import invisible

LIST_MAX_CHARACTERS = 100_000
LIST_MAX_ENTRIES = 1_000
FAULTS_SHOWN = 20
MODEL_ID_MAX_CHARACTERS = 200
LISTS = ("allow_ips", "model_limits")
"""Settings that hold a list in one text."""

# Blanks of every kind, but no control characters; commas and semicolons, also the Arabic and full-width ones.
_BLANKS = " \t\n\r\f\v\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_SEPARATORS = re.compile(f"[{_BLANKS},;\u060c\u061b\uff0c\uff1b\u3001]+")
# What JSON, Python and YAML write around the entries of a list, and before them.
_QUOTES = "\"'`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2039\u203a\u00ab\u00bb"
_OPENING, _CLOSING = "[({", "])}"
_BULLETS = ("-", "*", "\u2022", "\u2013", "\u2014")
AROUND_ENTRIES = _QUOTES + _OPENING + _CLOSING
_NONE_OF_AN_ID = re.compile(f"[{re.escape(AROUND_ENTRIES)}]")
_ONLY_BLANKS = re.compile(f"[{_BLANKS}]*")


def split_list(text: str) -> list[str]:
    """The entries of a pasted list, none of them empty. Raises RuleBroken for more than anybody can mean."""
    if len(text) > LIST_MAX_CHARACTERS:
        message = _("This list has %(length)s characters; at most %(limit)s are read.")
        raise RuleBroken(Fault("list_long", message, {"length": f"{len(text):,}", "limit": f"{LIST_MAX_CHARACTERS:,}"}))
    entries = [entry for entry in _SEPARATORS.split(text) if entry]
    if len(entries) > LIST_MAX_ENTRIES:
        message = _("This list has %(count)s entries; at most %(limit)s are taken.")
        raise RuleBroken(Fault("list_many", message, {"count": f"{len(entries):,}", "limit": f"{LIST_MAX_ENTRIES:,}"}))
    if not entries and not _ONLY_BLANKS.fullmatch(text):
        raise RuleBroken(Fault("list_separators", _("There are only commas here. Empty the field to mean none.")))
    return entries


def refuse(faults: list[Fault]) -> None:
    """Raises all faults together, the first 20 by name and the others by their number; nothing when there are none."""
    if not faults:
        return
    more = len(faults) - FAULTS_SHOWN
    if more > 0:
        faults = [*faults[:FAULTS_SHOWN], Fault("more", _("And %(count)s more like these."), {"count": more})]
    raise RuleBroken(*faults)


def split_models(model_limits: str) -> list[str]:
    """The ids of a stored `model_limits`, exactly as CometAPI takes them apart: at commas, untrimmed (trap 10)."""
    return model_limits.split(",") if model_limits else []


def entries_of(field: str, value: str | None) -> list[str]:
    """The entries of a stored list, one of `LISTS`, as CometAPI takes them apart; empty ones are none."""
    entries = split_models(value or "") if field == "model_limits" else (value or "").split("\n")
    return [entry for entry in entries if entry]


def list_changes(one: Iterable[str], other: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What comes into a list and what leaves it, each in its own order, repeats once."""
    old, new = dict.fromkeys(one), dict.fromkeys(other)
    return tuple(entry for entry in new if entry not in old), tuple(entry for entry in old if entry not in new)


def pasted_models(text: str) -> list[str]:
    """The ids of a pasted list, none of them empty, without what JSON, Python and YAML write around each.

    Raises RuleBroken as `split_list`, and where nothing but such signs is there.
    """
    entries = split_list(text)
    ids = [model_id for entry in entries if (model_id := _bare(entry))]
    if entries and not ids:
        raise RuleBroken(Fault("models_signs", _("There is no model id here. Empty the field to mean none.")))
    return ids


def check_models(text: str) -> str:
    """Pasted model ids as they will be saved: joined by commas, without blanks, repeats dropped, order kept.

    Source: reference page, `model_limits`; cometapi.md trap 10 (CometAPI does not trim, so blanks must not be sent).
    """
    ids = list(dict.fromkeys(pasted_models(text)))
    refuse([fault for fault in map(_model_fault, ids) if fault])
    return ",".join(ids)


def check_restriction(enabled: bool, model_limits: str) -> None:
    """A restriction that is on names at least one model: on with none refuses every model (trap 10)."""
    if enabled and not has_ids(split_models(model_limits)):
        message = _("Name at least one model, or switch the restriction off: with none, CometAPI refuses every model.")
        raise RuleBroken(Fault("models_none", message))


def has_ids(ids: Iterable[str]) -> bool:
    return any(model_id.strip() for model_id in ids)


def _bare(entry: str) -> str:
    """Without quotes and brackets around it; a bracket that closes one within the entry is the entry's own."""
    bare = entry.lstrip(_QUOTES + _OPENING).rstrip(_QUOTES)
    if not any(sign in bare for sign in _OPENING):
        bare = bare.rstrip(_QUOTES + _CLOSING)
    return "" if bare in _BULLETS else bare


def _model_fault(model_id: str) -> Fault | None:
    if len(model_id) > MODEL_ID_MAX_CHARACTERS:
        message = _("A model id has at most %(limit)s characters: %(entry)s is longer.")
        return Fault("model_long", message, {"limit": MODEL_ID_MAX_CHARACTERS, "entry": model_id})
    if invisible(model_id):
        return Fault("model_control", _("The model id %(entry)s holds an invisible character."), {"entry": model_id})
    if _NONE_OF_AN_ID.search(model_id):
        message = _("The model id %(entry)s holds a quote or a bracket: write the id alone, as gpt-4o.")
        return Fault("model_signs", message, {"entry": model_id})
    return None
