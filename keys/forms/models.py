"""The model list of a form as people read it: what is chosen, what the catalogue offers, what a tick does to the text.

An id is named in a button by a digest of its text; what was typed is shown escaped and with secrets masked.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from keys import rules
from keys.forms.key import KeyForm
from keys.forms.rendered import ON, same_text
from keys.forms.words import say
from keys.redact import escape_visible, mask
from keys.rules import RuleBroken
from keys.types import Model


@dataclass(frozen=True, slots=True)
class Pick:
    """One chosen id. unknown: the catalogue is there and does not have it. fault: why it cannot be saved."""

    token: str
    text: str
    provider: str = ""
    unknown: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Picks:
    """What is chosen. unread: why the text was not taken apart. off: the restriction is not switched on."""

    picks: tuple[Pick, ...] = ()
    unknown: int = 0
    unread: str = ""
    off: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    id: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """One provider's models. name: "" for those whose provider is not said."""

    name: str
    offers: tuple[Offer, ...]

    @property
    def chosen(self) -> int:
        return sum(offer.chosen for offer in self.offers)


def picks(form: KeyForm, models: Collection[Model] | None) -> Picks:
    """models: the catalogue's, None when it was never read."""
    off = form["model_limits_enabled"].value() != ON
    try:
        ids = ids_of(form)
    except RuleBroken as broken:
        return Picks(unread=say(broken.broken[0]), off=off)
    providers = {model.id: model.provider for model in models or ()}
    found = tuple(_pick(model_id, providers, known=models is not None) for model_id in ids)
    return Picks(found, sum(pick.unknown for pick in found), off=off)


def ids_of(form: KeyForm) -> list[str]:
    """The ids in the text, repeats dropped: read as pasted, but as they are where nobody has touched them.

    Raises RuleBroken for a text that is too long to be read, or has no id.
    """
    text = str(form["model_limits"].value() or "")
    if same_text("model_limits", text, form.judged.shown):
        return list(dict.fromkeys(rules.split_list(text)))
    return _ids(text)


def shelves(models: Iterable[Model], chosen: Collection[str]) -> tuple[Shelf, ...]:
    """The catalogue by provider, both in the order of the alphabet; those without a provider last."""
    found: dict[str, list[Offer]] = {}
    for model in sorted(models, key=lambda model: model.id.casefold()):
        found.setdefault(model.provider, []).append(Offer(model.id, model.id in chosen))
    names = sorted(found, key=lambda name: (not name, name.casefold()))
    return tuple(Shelf(name, tuple(found[name])) for name in names)


def token_of(model_id: str) -> str:
    return hashlib.sha256(model_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def without(text: str, token: str) -> tuple[str, str]:
    """The text without one id, and what was done; the text as it is, and "", where it has none of that name."""
    for read in (_ids, rules.split_list):  # the second: as CometAPI has them, in quotes too
        try:
            ids = list(read(text))
        except RuleBroken:
            continue
        gone = [model_id for model_id in ids if token_of(model_id) == token]
        if gone:
            left = "\n".join(model_id for model_id in ids if model_id != gone[0])
            return left, _("Removed %(entry)s.") % {"entry": _shown(gone[0])}
    return text, ""


def retaken(text: str, were: Collection[str], ticked: Collection[str]) -> tuple[str, str]:
    """The text after ticks in the catalogue, and what was done; untouched ticks touch nothing.

    were: ids that stood there ticked. What the catalogue does not have stays.
    """
    gone, new = set(were) - set(ticked), [model_id for model_id in dict.fromkeys(ticked) if model_id not in were]
    try:
        ids = _ids(text)
    except RuleBroken:
        return text, ""
    new = [model_id for model_id in new if model_id not in ids]
    if not new and not gone.intersection(ids):
        return text, ""
    left = [model_id for model_id in ids if model_id not in gone]
    said = _("Chosen: %(new)s more, %(gone)s fewer.") % {"new": len(new), "gone": len(ids) - len(left)}
    return "\n".join([*left, *new]), said


def _ids(text: str) -> list[str]:
    return list(dict.fromkeys(rules.pasted_models(text)))


def _pick(model_id: str, providers: dict[str, str], *, known: bool) -> Pick:
    token, text = token_of(model_id), _shown(model_id)
    try:
        rules.check_models(model_id)
    except RuleBroken as broken:
        return Pick(token, text, fault=say(broken.broken[0]))
    return Pick(token, text, providers.get(model_id, ""), unknown=known and model_id not in providers)


def _shown(model_id: str) -> str:
    safe = escape_visible(mask(model_id))
    return safe if len(safe) <= 80 else safe[:80] + "…"
