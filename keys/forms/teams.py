"""What admins type about teams. Rules live in `keys.services.teams`; the forms only read and show."""

from django import forms
from django.utils.translation import gettext_lazy as _

from keys.forms.plain import Choice, PlainForm
from keys.models import Person, Team, TeamRole

BIGGEST_ID = 2**63 - 1


def access_token_field(*, required: bool) -> forms.CharField:
    """Never rendered back: after a mistake the field is empty again, whatever was typed (`render_value`)."""
    widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "spellcheck": "false"})
    help_text = _("From the CometAPI console. It is tested at once, stored sealed, and never shown again.")
    return forms.CharField(
        label=_("Access token"), required=required, max_length=2000, strip=True, widget=widget, help_text=help_text
    )


class NewTeamForm(PlainForm):
    name = forms.CharField(label=_("Name"), max_length=100)
    slug = forms.CharField(
        label=_("Short name"),
        max_length=50,
        required=False,
        help_text=_("Part of the team's address: letters, digits and hyphens. Left empty, it is made from the name."),
    )
    access_token = access_token_field(required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["access_token"].label = _("Access token (can be pasted later)")


class TeamForm(PlainForm):
    name = forms.CharField(label=_("Name"), max_length=100)
    groups = forms.CharField(
        label=_("Groups"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One a line. Offered for keys where CometAPI does not list the account's groups itself."),
    )
    send_account_header = forms.BooleanField(
        label=_("Send the New-Api-User header"),
        required=False,
        help_text=_("Only for a CometAPI that asks for the account's id beside the access token."),
    )

    @classmethod
    def of(cls, team: Team) -> "TeamForm":
        return cls(initial={f: getattr(team, f) for f in ("name", "groups", "send_account_header")})


class AccessTokenForm(PlainForm):
    """account_id is asked for only where it is not yet known and has to be sent in a header."""

    access_token = access_token_field(required=True)
    account_id = forms.IntegerField(
        label=_("CometAPI account id"),
        required=False,
        min_value=1,
        max_value=BIGGEST_ID,
        help_text=_("Shown in the CometAPI console; needed once, for the New-Api-User header."),
    )

    def __init__(self, data: object = None, *, team: Team) -> None:
        super().__init__(data)
        if not team.send_account_header or team.account_id is not None:
            del self.fields["account_id"]


class MemberForm(PlainForm):
    """One person's role in one team; "" takes them out."""

    person = forms.ModelChoiceField(
        label=_("Person"), queryset=Person.objects.order_by("username"), to_field_name="username"
    )
    role = Choice(
        label=_("Role"),
        required=False,
        initial=TeamRole.MEMBER,
        choices=[*TeamRole.choices, ("", _("not in the team"))],
    )
