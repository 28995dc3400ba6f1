"""Addresses of a team's keys, and of what has no noun of its own."""

from django.urls import path

from keys.views import (
    allowlist,
    changes,
    checking,
    exports,
    home,
    keys,
    listing,
    models,
    notes,
    saved_views,
    switching,
    undoing,
)

KEY = "teams/<slug:slug>/keys/<int:key_id>/"

urlpatterns = [
    path("", home.home, name="home"),
    path("favicon.ico", home.favicon, name="favicon"),
    path("keys/", listing.all_keys, name="all_keys"),
    path("keys.csv", exports.all_keys_csv, name="all_keys_csv"),
    path("views/", saved_views.add, name="saved_view_add"),
    path("views/<int:pk>/delete/", saved_views.delete, name="saved_view_delete"),
    path("teams/<slug:slug>/keys/", keys.key_list, name="keys"),
    path("teams/<slug:slug>/keys.csv", exports.keys_csv, name="keys_csv"),
    path(KEY, keys.key, name="key"),
    path(f"{KEY}note/", notes.note, name="key_note"),
    path(f"{KEY}check/", checking.check, name="key_check"),
    path(f"{KEY}open/", checking.being_open, name="key_open"),
    path(f"{KEY}usage/", checking.usage, name="key_usage"),
    path(f"{KEY}allowlist/", allowlist.allowlist, name="key_allowlist"),
    path(f"{KEY}models/", models.models, name="key_models"),
    path(f"{KEY}disable/", switching.disable, name="key_disable"),
    path(f"{KEY}enable/", switching.enable, name="key_enable"),
    path(f"{KEY}changes/<uuid:change_id>/", changes.change, name="key_change"),
    path(f"{KEY}undo/<uuid:change_id>/", undoing.undo, name="key_undo"),
]
