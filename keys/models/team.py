"""Teams, who belongs to them, and the access token that each holds."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class TeamRole(models.TextChoices):
    MEMBER = "member", _("member")
    LEAD = "lead", _("lead")


class Team(models.Model):
    """One team = one CometAPI account = one access token.

    account_id: the account behind the access token, learned when the first one is pasted and kept.
    groups: the team's own list of groups, one a line, used where upstream lists none.
    send_account_header: send `New-Api-User: <account id>` (trap 16).
    """

    slug = models.SlugField(_("short name"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=100)
    account_id = models.BigIntegerField(_("CometAPI account"), null=True, blank=True, unique=True)
    account_name = models.CharField(max_length=200, default="", blank=True)
    groups = models.TextField(_("groups"), default="", blank=True)
    send_account_header = models.BooleanField(_("send the New-Api-User header"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name", "id")
        verbose_name = _("team")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=8, choices=TeamRole.choices, default=TeamRole.MEMBER)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("person", "team"), name="one_membership_a_team"),)


class TokenState(models.TextChoices):
    """What CometAPI last said about an access token."""

    ACCEPTED = "accepted", _("accepted")
    REFUSED = "refused", _("refused")
    UNKNOWN = "unknown", _("not checked")


class AccessToken(models.Model):
    """A team's access token, sealed (`keys.sealing`). Only `last_four` is ever shown.

    sealed: the versioned envelope as text. set_by: a name as text, so that people can be deleted.
    """

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="access_token")
    sealed = models.TextField()
    last_four = models.CharField(max_length=4)
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=TokenState.choices, default=TokenState.UNKNOWN)
    checked_at = models.DateTimeField(null=True, blank=True)
