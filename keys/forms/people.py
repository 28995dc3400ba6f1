"""What admins type about people, and people about themselves. Rules live in `keys.services.people`."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from keys.forms.plain import Choice, PlainForm, TypedChoice
from keys.models import CompanyRole, Person, Team, TeamRole

COMPANY_ROLES = [
    (CompanyRole.NONE, _("None: what their teams allow")),
    (CompanyRole.AUDITOR, _("Auditor: sees everything, changes nothing")),
    (CompanyRole.ADMIN, _("Admin: may do everything")),
]
EMAIL_HELP = _("For your own use; the dashboard sends no mail.")


def password_field(label: Any) -> forms.CharField:
    widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
    return forms.CharField(
        label=label, strip=False, max_length=1000, widget=widget, help_text=_("At least 8 characters, not only digits.")
    )


class NewPersonForm(PlainForm):
    username = forms.CharField(
        label=_("Username"), max_length=150, help_text=_("Letters, digits and @ . + - _; it cannot be changed later.")
    )
    name = forms.CharField(label=_("Name"), max_length=150, required=False)
    email = forms.CharField(label=_("Email"), max_length=254, required=False, help_text=EMAIL_HELP)
    company_role = Choice(label=_("Company role"), choices=COMPANY_ROLES, required=False)
    password = password_field(_("First password"))


class PersonForm(PlainForm):
    name = forms.CharField(label=_("Name"), max_length=150, required=False)
    email = forms.CharField(label=_("Email"), max_length=254, required=False, help_text=EMAIL_HELP)
    company_role = Choice(label=_("Company role"), choices=COMPANY_ROLES, required=False)
    is_active = TypedChoice(
        label=_("May sign in"),
        choices=[("yes", _("Yes")), ("no", _("No"))],  # no checkbox: a form that was cut off must not switch anyone off
        coerce=lambda value: value == "yes",
        help_text=_("Changed to no, their sessions end at once."),
    )

    @classmethod
    def of(cls, person: Person) -> "PersonForm":
        values = {f: getattr(person, f) for f in ("email", "company_role")}
        active = "yes" if person.is_active else "no"
        return cls(initial={**values, "name": person.get_full_name(), "is_active": active})


class PasswordForm(PlainForm):
    password = password_field(_("New password"))


class MembershipForm(PlainForm):
    """A team and a role in it; the role "" takes the person out."""

    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.all(), to_field_name="slug")
    role = Choice(
        label=_("Role"),
        required=False,
        initial=TeamRole.MEMBER,
        choices=[*TeamRole.choices, ("", _("not in the team"))],
    )


class TimeZoneForm(PlainForm):
    """The choices are made anew for each form: the dashboard's own zone is a setting."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        own = gettext("The dashboard's own (%(zone)s)") % {"zone": settings.DEFAULT_TIME_ZONE}
        zones = [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())]
        self.fields["time_zone"] = Choice(label=_("Time zone"), required=False, choices=[("", own), *zones])
