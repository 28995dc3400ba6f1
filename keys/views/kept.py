"""A key's form that came without a session, or from before the last sign-in: nothing is sent, what was typed stays.

For browsers without JavaScript; with it the form itself stays open (static/js/kept.js).
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.csrf import csrf_failure as refused

from keys.forms.base import signed_for
from keys.http import is_fragment
from keys.redact import mask

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
SIGNED = ("base", "saw")
NOT_KEPT = ("csrfmiddlewaretoken", "review")


def keeps_typing(view: View[P]) -> View[P]:
    """Who is signed out by now reads how to go on instead of the sign-in, which would forget the form."""

    @wraps(view)
    def keeping(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        signed_out = request.method == "POST" and not request.user.is_authenticated
        if signed_out and not is_fragment(request) and signed_for(request.POST.get("base", "")) is not None:
            return _kept(request, HTTPStatus.UNAUTHORIZED)
        return view(request, *args, **kwargs)

    return keeping


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's own refusal, but for a form that we signed for this very person: they have signed in again since."""
    person = request.user.pk if request.user.is_authenticated else None
    if person is not None and not is_fragment(request) and signed_for(request.POST.get("base", "")) == person:
        return _kept(request, HTTPStatus.FORBIDDEN)
    return refused(request, reason=reason)


def _kept(request: HttpRequest, status: int) -> HttpResponse:
    posted: list[tuple[str, Any]] = [
        (name, text if name in SIGNED else mask(str(text)))
        for name, texts in request.POST.lists()
        for text in texts
        if name not in NOT_KEPT
    ]
    # A picker's button does again what it was pressed for; only the form itself is reviewed.
    review = request.resolver_match is not None and request.resolver_match.view_name == "key"
    return render(request, "keys/kept.html", {"posted": posted, "review": review}, status=status)
