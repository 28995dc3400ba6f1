"""The doors: allauth's sign-in and password change with our answers, and one's own profile."""

from typing import Any, cast

from allauth.account.forms import ChangePasswordForm, LoginForm
from allauth.account.views import LoginView, PasswordChangeView
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from keys.errors import Invalid, LedgerUnavailable
from keys.forms.people import TimeZoneForm
from keys.forms.plain import ShownAgain, add_faults
from keys.http import PersonRequest, actor_of, page, trouble_page
from keys.services.people import own_time_zone_set

METHODS = ("GET", "HEAD", "POST")


class Door:
    """allauth's views with our answers: 422 for a refused form, a page of ours when the ledger cannot be written."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in METHODS:  # before allauth counts it as an attempt
            return HttpResponseNotAllowed(METHODS)
        try:
            response: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        except LedgerUnavailable as error:
            return trouble_page(cast(PersonRequest, request), error)
        return response

    def form_invalid(self, form: forms.BaseForm) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        response.status_code = 422
        return response


class StorableText:
    """A browser sends UTF-8; lone surrogates come only from somebody who wants to see an error of ours."""

    bound_field_class = ShownAgain  # people paste secrets into the name box

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})
        for name in {"password", "oldpassword"} & set(self.fields):  # type: ignore[attr-defined]
            self.fields[name].help_text = ""  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cleaned_data  # type: ignore[attr-defined]
        try:
            "".join(value for value in data.values() if isinstance(value, str)).encode()
        except UnicodeEncodeError:
            raise ValidationError(_("This cannot be read. Type it again.")) from None
        cleaned: dict[str, Any] = super().clean()  # type: ignore[misc]
        return cleaned


class SignInForm(StorableText, LoginForm):  # type: ignore[misc]
    """allauth's, asking for username and password; without its word on lost passwords, as no mail is sent here."""


class OwnPasswordForm(StorableText, ChangePasswordForm):  # type: ignore[misc]
    """allauth's, asking for the old password and the new one twice."""


class SignIn(Door, LoginView):  # type: ignore[misc]
    form_class = SignInForm


sign_in = SignIn.as_view()


class PasswordChange(Door, PasswordChangeView):  # type: ignore[misc]
    form_class = OwnPasswordForm


password_change = PasswordChange.as_view()


@require_http_methods(METHODS)
@page
def profile(request: PersonRequest) -> HttpResponse:
    if request.method != "POST":
        form = TimeZoneForm(initial={"time_zone": request.user.time_zone})
        return render(request, "account/profile.html", {"form": form})
    form = TimeZoneForm(request.POST)
    if form.is_valid():
        zone = form.cleaned_data["time_zone"]
        try:
            own_time_zone_set(person=request.user, actor=actor_of(request), time_zone=zone)
        except Invalid as error:
            add_faults(form, error)
        else:
            messages.success(request, _("Times are shown in your time zone now."))
            return redirect("profile")
    return render(request, "account/profile.html", {"form": form}, status=422)
