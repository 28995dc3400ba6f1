"""Every address of ours, one file a noun."""

from keys.urls import history, keys, mirror, people, teams

urlpatterns = [*keys.urlpatterns, *teams.urlpatterns, *mirror.urlpatterns, *people.urlpatterns, *history.urlpatterns]
