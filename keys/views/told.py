"""What became of a change, as the templates show it: its tone, and whether to look again."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from keys.models import Change, Team
from keys.selectors.unknown import begun_at
from keys.services.outcome import Answer, Kind, Outcome, Pairs, Result
from keys.services.undo import can_be_undone
from keys.trouble import whole_seconds

TONES: Final[dict[Outcome, str]] = {
    Outcome.UNCHANGED: "info",
    Outcome.CONFIRMED: "good",
    Outcome.APPLIED: "good",
    Outcome.DIFFERS: "warn",
    Outcome.OTHER: "warn",
    Outcome.UNKNOWN: "warn",
    Outcome.NOT_APPLIED: "warn",
    Outcome.REFUSED: "bad",
    Outcome.NOT_SENT: "bad",
}
NOTHING_CHANGED: Final = (Outcome.REFUSED, Outcome.NOT_SENT, Outcome.NOT_APPLIED)
STATUSES: Final[dict[Outcome, int]] = {Outcome.REFUSED: 422, Outcome.NOT_SENT: 503, Outcome.NOT_APPLIED: 409}
"""HTTP status of an answer that says that nothing changed; every other outcome is a 200."""
LOOKS: Final = ((20, 5), (60, 10), (120, 20), (300, 30))
"""Unknown for less than so many seconds -> how many to the next look; `SELDOM_S` from there on."""
SELDOM_S: Final = 60
DISABLE_LOOKS_S: Final = 10

TOKEN_REFUSED: Final = ("http_401", "http_403")
ADVICE: Final = {
    "name": _("CometAPI refused this name: try a shorter one."),
    "remain_quota": _("CometAPI refused this quota: leave more than 0."),
    "group": _("CometAPI refused this group: choose another one."),
}
"""What to do at the field that a refusal is about, beside CometAPI's own words."""


@dataclass(frozen=True, slots=True)
class Told:
    """result: what was read. fields are named in the order in which they were asked for. undone: what it takes back."""

    result: Result
    team: Team
    key_id: int
    undone: Change | None = None

    @property
    def tone(self) -> str:
        if self.result.gone:
            return "bad"
        done = (Outcome.CONFIRMED, Outcome.APPLIED, Outcome.UNCHANGED)
        if self.result.kind is Kind.DISABLE and self.result.outcome not in done:
            return "bad"  # a key that may still work is never a mere warning
        return TONES[self.result.outcome]

    @property
    def template(self) -> str:
        return f"keys/said/{self.result.kind}.html"

    @property
    def looks_again(self) -> bool:
        """Still open: the page part asks again by itself."""
        return self.result.outcome is Outcome.UNKNOWN

    @property
    def looks_again_s(self) -> int:
        """In how many seconds: the longer it is unknown, the less often, since every look may cost requests.

        A key that may still work is looked at more often.
        """
        age_s = (timezone.now() - (begun_at(self.change_id) or timezone.now())).total_seconds()
        wait_s = next((wait_s for until_s, wait_s in LOOKS if age_s < until_s), SELDOM_S)
        return min(wait_s, DISABLE_LOOKS_S) if self.result.kind is Kind.DISABLE else wait_s

    @property
    def as_asked(self) -> bool:
        """Does the key read as it was asked for?"""
        return self.result.outcome in (Outcome.CONFIRMED, Outcome.APPLIED)

    @property
    def accepted(self) -> bool:
        """The last word was that CometAPI took it; what it reads is another matter."""
        return bool(self.result.steps) and self.result.steps[-1].answer is Answer.SUCCESS

    @property
    def refused(self) -> bool:
        """The last word was a refusal; what the key reads is another matter."""
        return bool(self.result.steps) and self.result.steps[-1].answer in (Answer.REFUSED, Answer.LIMITED)

    @property
    def token_refused(self) -> bool:
        """Was it the team's access token that CometAPI did not take, last or before anything was sent?"""
        if self.result.outcome is Outcome.NOT_SENT:
            return self.result.why in TOKEN_REFUSED
        return self.refused and self.result.steps[-1].kind in TOKEN_REFUSED

    @property
    def held_back(self) -> bool:
        """A second request that was needed never left us."""
        unsent = bool(self.result.steps) and self.result.steps[-1].answer is Answer.NOT_SENT
        return unsent or self.result.why == "superseded"

    @property
    def in_part(self) -> bool:
        """It took two requests, and what the first one asked for reads as wanted."""
        return bool(self.as_wanted) and (len(self.result.steps) > 1 or self.held_back)

    @property
    def as_wanted(self) -> Pairs:
        """What was asked for and reads so, where something else does not."""
        differs = self.result.differs
        return {field: pair for field, pair in self.result.changed.items() if differs and field not in differs}

    @property
    def undoable(self) -> bool:
        """May one press take it back, or what it failed to take back? Who may press is another matter."""
        return self.still_to_undo is not None or can_be_undone(self.result)

    @property
    def still_to_undo(self) -> Change | None:
        """What this was to take back, where nothing changed by it."""
        return self.undone if self.result.outcome in NOTHING_CHANGED and not self.result.gone else None

    @property
    def undo_of(self) -> UUID:
        """The change that the button takes back."""
        return self.still_to_undo.pk if self.still_to_undo else self.change_id

    @property
    def undo_kind(self) -> str:
        return self.still_to_undo.kind if self.still_to_undo else str(self.result.kind)

    @property
    def undo_id(self) -> UUID:
        """For the button that undoes it: a change of its own."""
        return uuid4()

    @property
    def retry_after_s(self) -> int | None:
        return whole_seconds(self.result.retry_after_s)

    @property
    def change_id(self) -> UUID:
        return self.result.change_id

    @property
    def status_code(self) -> int:
        if self.result.gone:
            return 404
        return STATUSES.get(self.result.outcome, 200)
