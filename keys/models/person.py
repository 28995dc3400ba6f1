"""People who sign in."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils.translation import gettext_lazy as _


class CompanyRole(models.TextChoices):
    """A company-wide role; at most one. `is_superuser` and `is_staff` grant nothing here."""

    NONE = "", _("none")
    AUDITOR = "auditor", _("auditor")
    ADMIN = "admin", _("admin")


class People(UserManager["Person"]):
    """`create_superuser` makes an admin, since that is what whoever types it means."""

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **extra: Any
    ) -> "Person":
        return self.create_user(username, email, password, **{**extra, "company_role": CompanyRole.ADMIN})


class Person(AbstractUser):
    """Somebody who signs in. Deactivated (`is_active` false) rather than deleted; records name people as text.

    time_zone: an IANA name; "" means the setting DEFAULT_TIME_ZONE.
    """

    company_role = models.CharField(
        _("company role"), max_length=16, choices=CompanyRole.choices, default=CompanyRole.NONE, blank=True
    )
    time_zone = models.CharField(_("time zone"), max_length=64, default="", blank=True)

    objects: ClassVar[People] = People()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    @property
    def shown_name(self) -> str:
        return self.get_full_name() or self.username
