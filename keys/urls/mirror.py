"""Addresses of what the mirror and the worker have to show."""

from django.urls import path

from keys.views import drift, syncing

DRIFT = "teams/<slug:slug>/drift/"

urlpatterns = [
    path("keys/sync/", syncing.all_sync, name="all_sync"),
    path("teams/<slug:slug>/sync/", syncing.team_sync, name="team_sync"),
    path(DRIFT, drift.drift_list, name="drift"),
    path(f"{DRIFT}<int:drift_id>/accept/", drift.drift_accept, name="drift_accept"),
    path(f"{DRIFT}<int:drift_id>/put-back/", drift.drift_put_back, name="drift_put_back"),
    path("status/", syncing.status, name="status"),
]
