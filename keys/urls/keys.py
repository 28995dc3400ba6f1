"""Addresses of a team's keys, and of what has no noun of its own."""

from django.urls import path

from keys.views import changes, home, keys, undoing

KEY = "teams/<slug:slug>/keys/<int:key_id>/"

urlpatterns = [
    path("", home.home, name="home"),
    path("favicon.ico", home.favicon, name="favicon"),
    path("teams/<slug:slug>/keys/", keys.key_list, name="keys"),
    path(KEY, keys.key, name="key"),
    path(f"{KEY}disable/", changes.disable, name="key_disable"),
    path(f"{KEY}enable/", changes.enable, name="key_enable"),
    path(f"{KEY}changes/<uuid:change_id>/", changes.change, name="key_change"),
    path(f"{KEY}undo/<uuid:change_id>/", undoing.undo, name="key_undo"),
]
