"""Every address: keys' own, allauth's sign-in pages that are in use, and the health checks."""

from allauth.account import views as account
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path

from keys.views import account as doors
from keys.views import health


def closed(request: HttpRequest) -> HttpResponse:
    """allauth reverses these names, but nobody signs up, sets or resets a password by mail here."""
    raise Http404


urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("accounts/login/", doors.sign_in, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    path("accounts/password/change/", doors.password_change, name="account_change_password"),
    path("accounts/signup/", closed, name="account_signup"),
    path("accounts/email/", closed, name="account_email"),
    path("accounts/reauthenticate/", closed, name="account_reauthenticate"),
    path("accounts/password/set/", closed, name="account_set_password"),
    path("accounts/password/reset/", closed, name="account_reset_password"),
    path("", include("keys.urls")),
]
