"""The history's filters as they stand in the address: in plain words, each of them possible or said not to be."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as now_in
from django.utils.translation import gettext_lazy as _

from keys.forms.meant import meanings
from keys.forms.plain import PlainForm
from keys.forms.typed_moment import typed_moment
from keys.ledger.labels import ACTIONS, FIELDS, OUTCOMES
from keys.ledger.recordable import OWN_REQUEST_ID
from keys.models import Person, Record, Team
from keys.permissions import Verb, allowed, visible_teams
from keys.redact import escape_visible, looks_secret, mask
from keys.selectors import known
from keys.selectors.history_filter import HistoryFilter
from keys.selectors.ledger_filter import LedgerFilter

OTHERS: Final = ("before", "not_searched")
"""What may stand in the address beside the filters."""
LONGEST: Final = 200
_ID = re.compile(r"#([0-9]{1,18})")
_NUMBER = re.compile(r"#?([0-9]{1,18})")


def without_secrets(query: QueryDict) -> QueryDict:
    """What may stay in the address: what has a secret's shape is named in `not_searched`, and gone.

    A request id of ours has such a shape and is none: it is written with dashes.
    """
    kept, dropped = QueryDict(mutable=True), []
    for name, texts in query.lists():
        texts = [dashed(text) if name == "request" else text for text in texts]
        if looks_secret(name) or any(map(looks_secret, texts)):
            dropped.append(name if name in HistoryForm.base_fields else "other")
        else:
            kept.setlist(name, texts)
    if dropped:
        kept["not_searched"] = ",".join(dict.fromkeys(dropped))
    return kept


def dashed(text: str) -> str:
    return str(UUID(text)) if OWN_REQUEST_ID.fullmatch(text) else text


def _text(label: Any, **attrs: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", "maxlength": LONGEST, **attrs})
    return forms.CharField(required=False, max_length=LONGEST, label=label, widget=widget)


class HistoryForm(PlainForm):
    """Turns the address's words into a `HistoryFilter`; what names nothing is a fault and never ignored."""

    since = _text(_("From"), placeholder="2026-03-01 00:00")
    until = _text(_("Up to and with"), placeholder="2026-03-31")
    team = forms.CharField(required=False, label=_("Team"))
    key = _text(_("Key number"), inputmode="numeric")
    person = _text(_("Person"))
    action = forms.CharField(required=False, label=_("What"))
    field = forms.CharField(required=False, label=_("Changed field"))
    outcome = forms.CharField(required=False, label=_("Outcome"))
    value = _text(_("Value before or after"))
    text = _text(_("Reason or key name"))
    request = _text(_("Request id"))
    beside: ClassVar[Collection[str]] = OTHERS
    """What may be given beside the filters."""

    def __init__(self, data: Mapping[str, Any], *, reader: Person, zone: ZoneInfo) -> None:
        super().__init__(data)
        self.reader, self.zone = reader, zone
        self.found_team: Team | None = None
        self.found_person: Person | None = None
        self.use_required_attribute = False
        self._offer("team", [(team.slug, team.name) for team in visible_teams(reader)])
        self._offer("action", [(str(name), words) for name, words in ACTIONS.items()])
        self._offer("field", [(name, FIELDS.get(name, name)) for name in known.FIELDS_OFFERED])
        self._offer("outcome", [(name, words) for name, (words, _tone) in OUTCOMES.items()])

    def _offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        given = mask(str(self.data.get(name, "")))
        if given and given not in dict(choices):
            choices = [*choices, (given, escape_visible(given)[:LONGEST])]  # shown as it was asked for, known or not
        self.fields[name].widget = forms.Select(choices=[("", now_in("any")), *choices])

    @property
    def any_given(self) -> bool:
        return any(self.data.get(name) for name in HistoryForm.base_fields)

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Label and value of each filter that is given, as the form shows them."""
        given = [name for name in HistoryForm.base_fields if self.data.get(name)]
        return [(str(self.fields[name].label), self._shown(name, str(self.data[name]))) for name in given]

    def _shown(self, name: str, given: str) -> str:
        choices = dict(getattr(self.fields[name].widget, "choices", ()))
        return str(choices.get(given) or escape_visible(mask(given)))

    def to_filter(self) -> HistoryFilter:
        """Only of a form that is valid."""
        given = self.cleaned_data
        team = self.found_team
        records = LedgerFilter(
            team=team.pk if team else given["team"] or None,
            key_id=given["key"],
            actor=given["person"],
            action=given["action"],
            outcome=given["outcome"],
            since=given["since"],
            until=given["until"],
            text=given["text"],
            request_id=given["request"],
        )
        return HistoryFilter(records, given["field"], given["value"], meanings(given["value"], self.zone))

    def clean_since(self) -> datetime | None:
        return self._moment("since")

    def clean_until(self) -> datetime | None:
        """The end of what is named: of that day, minute or second."""
        return self._moment("until")

    def clean_team(self) -> int | str:
        """A team's short name; `#7` for one that is gone, by its number in the records."""
        given = self.cleaned_data["team"]
        self.found_team = visible_teams(self.reader).filter(slug=given).first() if given else None
        number = _ID.fullmatch(given)
        if not given or self.found_team:
            return ""
        sees_all = allowed(self.reader, Verb.VIEW_ALL_HISTORY)
        if number and sees_all and Record.objects.filter(team_id=int(number[1])).exists():
            return int(number[1])
        raise forms.ValidationError(_("There is no such team, or you may not see it."))

    def clean_key(self) -> int | None:
        given = self.cleaned_data["key"]
        number = _NUMBER.fullmatch(given)
        if given and not number:
            raise forms.ValidationError(
                _("A key is named by its number here. Search its name as “Reason or key name”.")
            )
        return int(number[1]) if number else None

    def clean_person(self) -> str:
        """As `LedgerFilter.actor` wants it. Who exists elsewhere is told only to who may see everything."""
        given = self.cleaned_data["person"]
        if not given:
            return ""
        number = _ID.fullmatch(given)
        named = Person.objects.filter(pk=int(number[1])) if number else Person.objects.filter(username__iexact=given)
        self.found_person = named.first()
        actor = f"#{self.found_person.pk}" if self.found_person else given
        if not self.found_person and allowed(self.reader, Verb.VIEW_ALL_HISTORY) and not known.actor_recorded(actor):
            raise forms.ValidationError(known.nobody_such())
        return actor

    def clean_request(self) -> str:
        return known.recorded_request_id(str(self.cleaned_data["request"]))

    def clean_action(self) -> str:
        return self._known("action", known.action_known)

    def clean_outcome(self) -> str:
        return self._known("outcome", known.outcome_known)

    def clean_field(self) -> str:
        return self._known("field", known.field_known)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        since, until = given.get("since"), given.get("until")
        if since and until and since >= until:
            self.add_error("until", _("This is before the time from which on is asked."))
        for name in self.data:
            if name not in self.fields and name not in self.beside:
                message = now_in("There is no filter called %(name)s.") % {"name": escape_visible(name)[:40]}
                self.add_error(None, message)
            elif len(set(getattr(self.data, "getlist", lambda _n: [])(name))) > 1:
                self.add_error(name if name in self.fields else None, _("This was given more than once."))
        return given

    def _known(self, name: str, is_known: Callable[[str], bool]) -> str:
        given = str(self.cleaned_data[name])
        if given and not is_known(given):
            raise forms.ValidationError(known.nothing_such())
        return given

    def _moment(self, name: str) -> datetime | None:
        return typed_moment(self.cleaned_data[name], self.zone, later=name == "until")
