"""Addresses of what is proven, and of exports."""

from django.urls import path

from keys.views import evidence

urlpatterns = [
    path("history/proof/", evidence.proof, name="proof"),
    path("history/export/", evidence.export, name="export"),
    path("history/export/under-way/", evidence.exports_under_way, name="exports_under_way"),
]
