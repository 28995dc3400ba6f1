"""What saving a form would change, written out: old and new of each setting, counted, with what follows of it."""

from dataclasses import dataclass, field

from keys.forms.consequences import Change, consequences
from keys.forms.key import KeyForm
from keys.forms.words import say
from keys.services.compare import Differences, same_value
from keys.services.compute import lapsed
from keys.services.usage import Usage
from keys.types import EDITABLE, Status


@dataclass(frozen=True, slots=True)
class Preview:
    """changed: setting -> (as it was read, as it will be), in the reference page's order. said: setting -> warnings.

    refused: how many fields have to be put right first. in_two_steps: the status follows in a request of its own.
    lasts_s: how long what will be left lasts at last week's pace; None where nobody knows, and of nothing.
    """

    changed: Differences = field(default_factory=dict)
    said: dict[str, list[str]] = field(default_factory=dict)
    refused: int = 0
    in_two_steps: bool = False
    lasts_s: int | None = None

    @property
    def count(self) -> int:
        return len(self.changed)


def preview_of(form: KeyForm, usage: Usage | None) -> Preview:
    """For a form that was posted, valid or not; refused fields are counted and change nothing yet."""
    if not form.is_bound:
        return Preview()
    form.is_valid()
    old, new = form.base.settings, form.after
    taken = [name for name in EDITABLE if name in form.touched and name not in form.errors]
    pairs = {name: (getattr(old, name), getattr(new, name)) for name in taken}
    changed = {name: pair for name, pair in pairs.items() if not same_value(name, *pair)}
    said: dict[str, list[str]] = {}
    for name, fault in consequences(Change(form.judged, old, new, frozenset(changed), usage)):
        said.setdefault(name, []).append(say(fault))
    counts = {"remain_quota", "unlimited_quota"} & changed.keys() and not new.unlimited_quota
    return Preview(
        changed=changed,
        said=said,
        refused=len(form.errors),
        in_two_steps=_in_two_steps(form, changed),
        lasts_s=usage.lasts_s(new.remain_quota) if usage and counts and new.remain_quota > 0 else None,
    )


def _in_two_steps(form: KeyForm, changed: Differences) -> bool:
    enabled = changed.get("status", (0, 0))[1] == Status.ENABLED
    return enabled and len(changed) > 1 and lapsed(form.base, form.around.now)
