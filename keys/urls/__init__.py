"""Every address of ours, one file a noun."""

from keys.urls import evidence, history, keys, people, teams

urlpatterns = [*keys.urlpatterns, *teams.urlpatterns, *people.urlpatterns, *history.urlpatterns, *evidence.urlpatterns]
