"""Addresses of the teams' pages; a team's keys have their own file."""

from django.urls import path

from keys.views import access_tokens, teams

urlpatterns = [
    path("teams/", teams.team_list, name="teams"),
    path("teams/new/", teams.team_new, name="team_new"),
    path("teams/<slug:slug>/", teams.team, name="team"),
    path("teams/<slug:slug>/members/", teams.team_member, name="team_member"),
    path("teams/<slug:slug>/access-token/", access_tokens.access_token, name="access_token"),
    path("teams/<slug:slug>/access-token/check/", access_tokens.check, name="access_token_check"),
    path("teams/<slug:slug>/access-token/forget/", access_tokens.forget, name="access_token_forget"),
]
