"""A team's access token: pasted, checked, forgotten. It is never rendered, whatever happens to it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from keys.errors import Invalid
from keys.forms.plain import add_faults
from keys.forms.teams import AccessTokenForm
from keys.http import PersonRequest, actor_of, page, team_or_404
from keys.permissions import Verb
from keys.services.access_tokens import (
    NoAccessToken,
    TokenUnusable,
    access_token_check,
    access_token_forget,
    access_token_set,
)
from keys.types import Account
from keys.views.teams import team_page


@require_POST
@sensitive_post_parameters("access_token")
@page
def access_token(request: PersonRequest, slug: str) -> HttpResponse:
    """Set or replace."""
    team = team_or_404(request, slug, Verb.MANAGE_ACCESS_TOKEN)
    form = AccessTokenForm(request.POST, team=team)
    if form.is_valid():
        typed, account_id = form.cleaned_data["access_token"], form.cleaned_data.get("account_id")
        actor = actor_of(request, team)
        try:
            account = access_token_set(person=request.user, actor=actor, team=team, token=typed, account_id=account_id)
        except Invalid as error:
            add_faults(form, error)
        else:
            messages.success(request, _told(account))
            return redirect("team", slug=slug)
    return team_page(request, team, status=422, token_form=form)


@require_POST
@page
def check(request: PersonRequest, slug: str) -> HttpResponse:
    team = team_or_404(request, slug, Verb.MANAGE_ACCESS_TOKEN)
    try:
        account = access_token_check(person=request.user, actor=actor_of(request, team), team=team)
    except TokenUnusable as error:
        messages.error(request, str(error.message))
    except NoAccessToken as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _told(account))
    return redirect("team", slug=slug)


@require_POST
@page
def forget(request: PersonRequest, slug: str) -> HttpResponse:
    team = team_or_404(request, slug, Verb.MANAGE_ACCESS_TOKEN)
    try:
        access_token_forget(person=request.user, actor=actor_of(request, team), team=team)
    except NoAccessToken as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Access token forgotten. This team's keys cannot be reached until one is pasted."))
    return redirect("team", slug=slug)


def _told(account: Account) -> str:
    words = _("CometAPI accepts this access token. It belongs to account %(id)d, %(name)s.")
    return words % {"id": account.id, "name": account.display_name or account.username or _("without a name")}
