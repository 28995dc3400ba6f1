"""Teams: the list, a new one, a team's settings and its members. The access token has views of its own."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from keys.errors import Invalid
from keys.forms.plain import add_faults
from keys.forms.teams import AccessTokenForm, MemberForm, NewTeamForm, TeamForm
from keys.http import PersonRequest, actor_of, page, team_or_404
from keys.models import Team
from keys.permissions import Verb, acting_role, allowed
from keys.selectors.ages import ages_of
from keys.selectors.drift import open_drifts
from keys.selectors.teams import members_of, team_rows
from keys.services.memberships import membership_remove, membership_set
from keys.services.teams import team_add, team_edit
from keys.views.gates import may_or_403


@require_safe
@page
def team_list(request: PersonRequest) -> HttpResponse:
    context = {"rows": team_rows(request.user), "may_add": allowed(request.user, Verb.ADD_TEAM), "section": "teams"}
    return render(request, "teams/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def team_new(request: PersonRequest) -> HttpResponse:
    may_or_403(request, Verb.ADD_TEAM)
    form = NewTeamForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        asked = form.cleaned_data
        texts = {"name": asked["name"], "slug": asked["slug"], "token": asked["access_token"]}
        try:
            team = team_add(person=request.user, actor=actor_of(request), **texts)
        except Invalid as error:
            add_faults(form, error)
        else:
            messages.success(request, _("Team %(name)s added.") % {"name": team.name})
            return redirect("team", slug=team.slug)
    return render(request, "teams/new.html", {"form": form, "section": "teams"}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def team(request: PersonRequest, slug: str) -> HttpResponse:
    if request.method != "POST":
        return team_page(request, team_or_404(request, slug, Verb.VIEW_TEAM))
    found = team_or_404(request, slug, Verb.MANAGE_TEAM)
    form = TeamForm(request.POST)
    if form.is_valid():
        try:
            team_edit(person=request.user, actor=actor_of(request, found), team=found, **form.cleaned_data)
        except Invalid as error:
            add_faults(form, error)
        else:
            messages.success(request, _("Settings of the team saved."))
            return redirect("team", slug=slug)
    return team_page(request, found, status=422, team_form=form)


@require_POST
@page
def team_member(request: PersonRequest, slug: str) -> HttpResponse:
    found = team_or_404(request, slug, Verb.MANAGE_MEMBERS)
    form = MemberForm(request.POST)
    if not form.is_valid():
        return team_page(request, found, status=422, member_form=form)
    who: dict[str, Any] = {"person": request.user, "actor": actor_of(request, found), "team": found}
    subject, role = form.cleaned_data["person"], form.cleaned_data["role"]
    if role:
        membership_set(**who, subject=subject, role=role)
    else:
        membership_remove(**who, subject=subject)
    messages.success(request, _("Membership of %(name)s saved.") % {"name": subject.shown_name})
    return redirect("team", slug=slug)


def team_page(request: PersonRequest, shown: Team, *, status: int = 200, **forms: Any) -> HttpResponse:
    """The settings page. forms: those that were just refused, in place of fresh ones."""
    context = {
        "section": "teams",
        "team": shown,
        "role": acting_role(request.user, shown),
        "access_token": getattr(shown, "access_token", None),
        "age": ages_of([shown]).teams[0],
        "members": members_of(shown),
        "drifts": open_drifts(shown).count(),
        "may_manage": allowed(request.user, Verb.MANAGE_TEAM, shown),
        "may_see_people": allowed(request.user, Verb.VIEW_PEOPLE),
        "team_form": TeamForm.of(shown),
        "token_form": AccessTokenForm(team=shown),
        "member_form": MemberForm(),
        **forms,
    }
    return render(request, "teams/team.html", context, status=status)
