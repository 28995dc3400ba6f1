"""Addresses of people and of one's own profile; the sign-in is routed in cometadmin/urls.py."""

from django.urls import path

from keys.views import account, people

urlpatterns = [
    path("people/", people.people, name="people"),
    path("people/new/", people.person_new, name="person_new"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/password/", people.person_password, name="person_password"),
    path("people/<int:pk>/memberships/", people.person_membership, name="person_membership"),
    path("profile/", account.profile, name="profile"),
]
