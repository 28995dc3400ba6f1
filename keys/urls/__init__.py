"""Every address of ours, one file a noun."""

from keys.urls import evidence, history, keys, leaks, mirror, panic, people, teams

urlpatterns = [
    *keys.urlpatterns,
    *teams.urlpatterns,
    *mirror.urlpatterns,
    *people.urlpatterns,
    *history.urlpatterns,
    *evidence.urlpatterns,
    *leaks.urlpatterns,
    *panic.urlpatterns,
]
