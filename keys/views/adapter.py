"""allauth's sign-in in our house: nobody signs up, and whatever happens at the door is in the ledger."""

from typing import Any, cast

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from keys.errors import LedgerUnavailable
from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import Person
from keys.permissions import acting_role
from keys.services.denials import record_failed_sign_in
from keys.services.people import own_password_set
from keys.types import Actor, ActorKind

log = structlog.get_logger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Records first, then does what was asked: where nothing can be recorded, nobody comes in."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_ajax(self, request: HttpRequest) -> bool:
        # allauth would otherwise answer `Accept: application/json` with the form, values and all, as JSON.
        return False

    def is_safe_url(self, url: str) -> bool:
        try:
            return bool(super().is_safe_url(url))
        except ValueError:  # what no address can be, such as http://[
            return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:  # too many attempts: refused before the password is looked at
            self.authentication_failed(request, **credentials)
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        # People type passwords into the name box: what was typed is told only where it is somebody's username.
        person = Person.objects.filter(username__iexact=credentials.get("username", "")).first()
        record_failed_sign_in(_actor(request, person))

    def respond_user_inactive(self, request: HttpRequest, user: Person) -> HttpResponse:
        record_failed_sign_in(_actor(request, user))
        response: HttpResponse = super().respond_user_inactive(request, user)
        return response

    def login(self, request: HttpRequest, user: Person) -> None:
        _record(Action.SIGN_IN, _actor(request, user))
        super().login(request, user)

    def logout(self, request: HttpRequest) -> None:
        try:
            _record(Action.SIGN_OUT, _actor(request, cast(Person, request.user)))
        except LedgerUnavailable as error:
            # Leaving is the safe direction: nobody is kept signed in for want of a record.
            log.error("sign_out_not_recorded", error=str(error))
        super().logout(request)

    def set_password(self, user: Person, password: str) -> None:
        own_password_set(person=user, actor=_actor(self.request, user), password=password)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("profile")


def _actor(request: HttpRequest, person: Person | None) -> Actor:
    address = getattr(request, "client_address", "")
    request_id = getattr(request, "request_id", "")
    if person is None:
        return Actor(ActorKind.ANONYMOUS, "", "", address=address, request_id=request_id)
    return Actor(ActorKind.PERSON, str(person.pk), person.shown_name, acting_role(person), address, request_id)


def _record(action: Action, actor: Actor) -> None:
    with book.opened() as ledger:
        ledger.append(book.Entry(action=action, actor=actor))
