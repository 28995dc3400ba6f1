"""Addresses of the leak desk. No secret is ever in one."""

from django.urls import path

from keys.views import leak_usage, leaks

urlpatterns = [
    path("leaks/", leaks.desk, name="leaks"),
    path("leaks/<int:number>/", leaks.incident, name="leak"),
    path("leaks/<int:number>/disable/", leaks.disable, name="leak_disable"),
    path("leaks/<int:number>/look/", leaks.look, name="leak_look"),
    path("leaks/<int:number>/ask/", leaks.ask, name="leak_ask"),
    path("leaks/<int:number>/note/", leaks.note, name="leak_note"),
    path("leaks/<int:number>/close/", leaks.close, name="leak_close"),
    path("leaks/<int:number>/usage/", leak_usage.usage, name="leak_usage"),
    path("leaks/<int:number>/today/", leak_usage.today, name="leak_today"),
]
