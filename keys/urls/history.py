"""Addresses of the ledger's pages."""

from django.urls import path

from keys.views import history

urlpatterns = [
    path("history/", history.history, name="history"),
    path("history/unknown/", history.unknown, name="unknown"),
    path("history/<int:seq>/", history.record, name="record"),
]
