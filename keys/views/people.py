"""People: the list, somebody new, and one person with their roles. For admins; an auditor may look."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from keys.errors import Invalid
from keys.forms.people import MembershipForm, NewPersonForm, PasswordForm, PersonForm
from keys.forms.plain import add_faults
from keys.http import PersonRequest, actor_of, page
from keys.models import Person
from keys.permissions import Verb, allowed
from keys.selectors.teams import people_with_teams
from keys.services.memberships import membership_remove, membership_set
from keys.services.people import person_add, person_edit, person_password_reset
from keys.views.gates import may_or_403


@require_safe
@page
def people(request: PersonRequest) -> HttpResponse:
    may_or_403(request, Verb.VIEW_PEOPLE)
    context = {
        "people": people_with_teams(),
        "may_manage": allowed(request.user, Verb.MANAGE_PEOPLE),
        "section": "people",
    }
    return render(request, "people/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@page
def person_new(request: PersonRequest) -> HttpResponse:
    may_or_403(request, Verb.MANAGE_PEOPLE)
    form = NewPersonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            added = person_add(person=request.user, actor=actor_of(request), **form.cleaned_data)
        except Invalid as error:
            add_faults(form, error)
        else:
            messages.success(request, _("%(name)s can sign in now.") % {"name": added.shown_name})
            return redirect("person", pk=added.pk)
    return render(request, "people/new.html", {"form": form, "section": "people"}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def person(request: PersonRequest, pk: int) -> HttpResponse:
    posted = request.method == "POST"
    may_or_403(request, Verb.MANAGE_PEOPLE if posted else Verb.VIEW_PEOPLE)
    subject = get_object_or_404(people_with_teams(), pk=pk)
    if not posted:
        return _page(request, subject)
    form = PersonForm(request.POST)
    if form.is_valid():
        try:
            person_edit(person=request.user, actor=actor_of(request), subject=subject, **form.cleaned_data)
        except Invalid as error:
            add_faults(form, error)
        else:
            messages.success(request, _("%(name)s saved.") % {"name": subject.shown_name})
            return redirect("person", pk=pk)
    return _page(request, subject, status=422, person_form=form)


@require_POST
@sensitive_post_parameters("password")
@page
def person_password(request: PersonRequest, pk: int) -> HttpResponse:
    may_or_403(request, Verb.MANAGE_PEOPLE)
    subject = get_object_or_404(people_with_teams(), pk=pk)
    form = PasswordForm(request.POST)
    if form.is_valid():
        password = form.cleaned_data["password"]
        try:
            person_password_reset(person=request.user, actor=actor_of(request), subject=subject, password=password)
        except Invalid as error:
            add_faults(form, error)
        else:
            told = _("New password stored. %(name)s has been signed out everywhere.")
            messages.success(request, told % {"name": subject.shown_name})
            return redirect("person", pk=pk)
    return _page(request, subject, status=422, password_form=form)


@require_POST
@page
def person_membership(request: PersonRequest, pk: int) -> HttpResponse:
    may_or_403(request, Verb.MANAGE_PEOPLE)
    subject = get_object_or_404(people_with_teams(), pk=pk)
    form = MembershipForm(request.POST)
    if not form.is_valid():
        return _page(request, subject, status=422, membership_form=form)
    team, role = form.cleaned_data["team"], form.cleaned_data["role"]
    actor = actor_of(request, team)
    if role:
        membership_set(person=request.user, actor=actor, subject=subject, team=team, role=role)
    else:
        membership_remove(person=request.user, actor=actor, subject=subject, team=team)
    messages.success(request, _("Membership in %(team)s saved.") % {"team": team.name})
    return redirect("person", pk=pk)


def _page(request: PersonRequest, subject: Person, *, status: int = 200, **forms: object) -> HttpResponse:
    context = {
        "section": "people",
        "person": subject,
        "may_manage": allowed(request.user, Verb.MANAGE_PEOPLE),
        "person_form": PersonForm.of(subject),
        "password_form": PasswordForm(),
        "membership_form": MembershipForm(),
        **forms,
    }
    return render(request, "people/person.html", context, status=status)
