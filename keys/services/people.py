"""People and their company role, added and changed by admins; and what everybody may change of their own."""

from typing import Any, Final
from zoneinfo import available_timezones

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from keys.errors import Denied, Invalid
from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import CompanyRole, Person
from keys.permissions import Verb
from keys.services.denials import demand
from keys.services.typed import invalid, one_line, refuse_bad_text
from keys.types import Actor

FORM_NAMES: Final = {"first_name": "name"}
"""Django keeps two names, we ask for one: `first_name` holds it whole."""


def person_add(
    *,
    person: Person | None,
    actor: Actor,
    username: str,
    password: str,
    name: str = "",
    email: str = "",
    company_role: str = CompanyRole.NONE,
) -> Person:
    """Add somebody who can sign in. Raises Denied, Invalid, LedgerUnavailable."""
    demand(person, actor, Verb.MANAGE_PEOPLE)
    added = Person(
        username=Person.normalize_username(username.strip()),
        first_name=one_line(name),
        email=Person.objects.normalize_email(email.strip()),
        company_role=company_role,
    )
    refuse_bad_text({"username": added.username, "name": added.first_name, "email": added.email})
    _check_password(added, password)
    added.set_password(password)
    with book.opened() as ledger:
        _check(added)
        added.save(force_insert=True)
        recorded = ("username", "first_name", "email", "company_role")
        changed = {field: ["", getattr(added, field)] for field in recorded if getattr(added, field)}
        ledger.append(_entry(Action.PERSON_ADD, actor, added, changed))
    return added


def person_edit(
    *,
    person: Person | None,
    actor: Actor,
    subject: Person,
    name: str,
    email: str,
    company_role: str,
    is_active: bool,
) -> Person:
    """Write somebody's names, company role and whether they may sign in; unchanged ones make no record.

    Raises Denied, Invalid (also for the last admin), LedgerUnavailable.
    """
    demand(person, actor, Verb.MANAGE_PEOPLE)
    wanted: dict[str, Any] = {
        "first_name": one_line(name),
        "email": Person.objects.normalize_email(email.strip()),
        "company_role": company_role,
        "is_active": is_active,
    }
    refuse_bad_text({"name": wanted["first_name"], "email": wanted["email"]})
    with book.opened() as ledger:
        kept = Person.objects.get(pk=subject.pk)
        changed = {f: [getattr(kept, f), value] for f, value in wanted.items() if getattr(kept, f) != value}
        was_admin = _is_working_admin(kept)
        for field, (_old, new) in changed.items():
            setattr(kept, field, new)
        _check(kept)
        if was_admin and not _is_working_admin(kept):
            _refuse_last_admin(kept)
        if changed:
            kept.save(update_fields=list(changed))
            ledger.append(_entry(Action.PERSON_EDIT, actor, kept, changed))
    return kept


def person_password_reset(*, person: Person | None, actor: Actor, subject: Person, password: str) -> None:
    """Give somebody a new password, which ends their sessions. Raises Denied, Invalid, LedgerUnavailable."""
    demand(person, actor, Verb.MANAGE_PEOPLE)
    _check_password(subject, password)
    _store_password(actor, subject, password)


def own_password_set(*, person: Person, actor: Actor, password: str) -> None:
    """Store one's own new password, already checked by the form that asked for the old one. Raises Denied."""
    _demand_self(person)
    _store_password(actor, person, password)


def own_time_zone_set(*, person: Person, actor: Actor, time_zone: str) -> None:
    """time_zone: an IANA name, "" for the dashboard's own. Raises Denied, Invalid, LedgerUnavailable."""
    _demand_self(person)
    if time_zone and time_zone not in available_timezones():
        raise Invalid({"time_zone": [gettext("This is not a time zone that we know.")]})
    with book.opened() as ledger:
        kept = Person.objects.get(pk=person.pk)
        if kept.time_zone == time_zone:
            return
        changed = {"time_zone": [kept.time_zone, time_zone]}
        kept.time_zone = time_zone
        kept.save(update_fields=["time_zone"])
        ledger.append(_entry(Action.PERSON_EDIT, actor, kept, changed))


def _store_password(actor: Actor, subject: Person, password: str) -> None:
    subject.set_password(password)  # slow on purpose: before the ledger is locked
    with book.opened() as ledger:
        subject.save(update_fields=["password"])
        ledger.append(_entry(Action.PASSWORD_CHANGE, actor, subject, {}))


def _demand_self(person: Person) -> None:
    # An auditor changes nothing of the company's; their own clock and password are theirs.
    if not person.is_active:
        raise Denied("inactive")


def _check(person: Person) -> None:
    try:
        person.full_clean(exclude=["password"])
    except ValidationError as error:
        raise invalid(error, FORM_NAMES) from None
    if Person.objects.filter(username__iexact=person.username).exclude(pk=person.pk).exists():
        # The sign-in does not tell Bob from bob.
        raise Invalid({"username": [gettext("Somebody with that username is there already.")]})


def _check_password(person: Person, password: str) -> None:
    try:
        password.encode()
        validate_password(password, person)
    except UnicodeEncodeError:
        raise Invalid({"password": [gettext("This password holds signs that cannot be stored.")]}) from None
    except ValidationError as error:
        raise Invalid({"password": list(error.messages)}) from None


def _is_working_admin(person: Person) -> bool:
    return person.is_active and person.company_role == CompanyRole.ADMIN


def _refuse_last_admin(person: Person) -> None:
    others = Person.objects.filter(is_active=True, company_role=CompanyRole.ADMIN).exclude(pk=person.pk)
    if not others.exists():
        words = gettext("%(name)s is the last active admin. Make somebody else an admin first.")
        raise Invalid({"": [words % {"name": person.shown_name}]})


def _entry(action: Action, actor: Actor, subject: Person, changed: dict[str, list[Any]]) -> book.Entry:
    body: dict[str, Any] = {"person": subject.username, "person_id": str(subject.pk)}
    return book.Entry(action=action, actor=actor, body={**body, "changed": changed} if changed else body)
