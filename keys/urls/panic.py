"""Addresses of the press that disables all keys of a team."""

from django.urls import path

from keys.views import panic

urlpatterns = [
    path("teams/<slug:slug>/panic/", panic.panic, name="panic"),
    path("teams/<slug:slug>/panic/<int:number>/", panic.panic_progress, name="panic_progress"),
    path("teams/<slug:slug>/panic/<int:number>/go-on/", panic.panic_go_on, name="panic_go_on"),
    path("teams/<slug:slug>/panic/<int:number>/undo/", panic.panic_undo, name="panic_undo"),
]
