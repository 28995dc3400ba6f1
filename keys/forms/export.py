"""What an export shall hold, under the names that the history's filters have in its address."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from keys import moments
from keys.forms.plain import Choice, PlainForm
from keys.forms.words import say
from keys.ledger.labels import ACTIONS, OUTCOMES
from keys.models import Person, Record, Team
from keys.permissions import Verb, allowed, visible_teams
from keys.rules import RuleBroken
from keys.selectors.ledger_filter import LedgerFilter
from keys.services.exporting import Format

FORMATS: Final = [
    (str(Format.BUNDLE), _("Evidence bundle (zip): can be checked by outsiders")),
    (str(Format.CSV), _("CSV: for a spreadsheet")),
    (str(Format.JSON_LINES), _("JSON Lines: for programs")),
]
LONGEST: Final = 200
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"#?([0-9]{1,18})")


def _text(label: Any, help_text: Any = "", **attrs: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", **attrs})
    return forms.CharField(required=False, max_length=LONGEST, label=label, help_text=help_text, widget=widget)


class ExportForm(PlainForm):
    """reader: whose teams are offered. zone: in which times are typed."""

    since = _text(_("From"), placeholder="2026-03-01 00:00")
    until = _text(_("Up to and with"), placeholder="2026-03-31")
    team = Choice(label=_("Team"), required=False)
    key = _text(_("Key"), _("Its number."), inputmode="numeric")
    person = _text(_("Person"), _("Name as recorded, or user name."))
    action = Choice(
        label=_("What"), required=False, choices=[("", _("any")), *((str(a), w) for a, w in ACTIONS.items())]
    )
    outcome = Choice(
        label=_("Outcome"), required=False, choices=[("", _("any")), *((o, w) for o, (w, _t) in OUTCOMES.items())]
    )
    text = _text(_("Reason or key name"), _("Part of it."))
    request = _text(_("Request id"))
    format = Choice(label=_("Format"), choices=FORMATS, widget=forms.RadioSelect, initial=str(Format.BUNDLE))

    def __init__(self, data: Any = None, *, reader: Person, zone: ZoneInfo, initial: Mapping[str, Any] | None = None):
        super().__init__(data, initial=dict(initial or {}))
        self.zone, self.use_required_attribute = zone, False
        teams = [(team.slug, team.name) for team in visible_teams(reader)]
        if allowed(reader, Verb.VIEW_ALL_HISTORY):
            teams += _gone()
        self.fields["team"].choices = [("", _("all that you may see")), *teams]  # type: ignore[attr-defined]
        self._ids = {team.slug: team.pk for team in visible_teams(reader)}

    def to_filter(self) -> LedgerFilter:
        """Only of a form that is valid."""
        given = self.cleaned_data
        names = ("action", "outcome", "since", "until", "text")
        about = {
            "team": given["team"],
            "key_id": given["key"],
            "actor": given["person"],
            "request_id": given["request"],
        }
        return LedgerFilter(**about, **{name: given[name] for name in names})

    def clean_team(self) -> int | None:
        given = self.cleaned_data["team"]
        return (self._ids.get(given) or int(given.removeprefix("#"))) if given else None

    def clean_key(self) -> int | None:
        given = self.cleaned_data["key"]
        number = _NUMBER.fullmatch(given)
        if given and not number:
            raise forms.ValidationError(_("A key is named by its number here."))
        return int(number[1]) if number else None

    def clean_person(self) -> str:
        given: str = self.cleaned_data["person"]
        known = Person.objects.filter(username__iexact=given).values_list("pk", flat=True).first() if given else None
        return f"#{known}" if known else given

    def clean_request(self) -> str:
        return str(self.cleaned_data["request"]).replace("-", "")

    def clean_since(self) -> datetime | None:
        return self._moment("since", "earlier")

    def clean_until(self) -> datetime | None:
        """The end of what is named: of that day, or of that second."""
        moment = self._moment("until", "later")
        day = _DAY.fullmatch(self.cleaned_data["until"])
        return moment if moment is None or day else moment + timedelta(seconds=1)

    def _moment(self, name: str, fold: str) -> datetime | None:
        text = self.cleaned_data[name]
        if not text:
            return None
        try:
            if _DAY.fullmatch(text):
                day = datetime.fromisoformat(text) + timedelta(days=name == "until")
                return day.replace(tzinfo=self.zone)
            return datetime.fromtimestamp(moments.parse_moment(text, self.zone, fold), UTC)
        except RuleBroken as broken:
            raise forms.ValidationError([say(fault) for fault in broken.broken]) from None
        except (ValueError, OverflowError, OSError):
            raise forms.ValidationError(_("There is no such date.")) from None


def _gone() -> list[tuple[str, str]]:
    """Teams that are there no more, by their number in the records."""
    there = set(Team.objects.values_list("pk", flat=True))
    told = Record.objects.exclude(team_id=None).order_by().values_list("team_id", flat=True).distinct()
    return [(f"#{pk}", f"#{pk}") for pk in sorted(set(filter(None, told)) - there)]
