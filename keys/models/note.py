"""What we keep of our own beside the keys: whose a key is and what for, and the lists that people come back to."""

from django.conf import settings
from django.db import models


class KeyNote(models.Model):
    """Owner, purpose and tags of one key, as typed here; CometAPI knows none of them.

    tags: each between commas, `,eu,prod,`, so that one substring finds a whole tag. haystack: all of it casefolded, for
    search. owner_folded: the owner casefolded, for the filter.
    """

    account_id = models.BigIntegerField()
    key_id = models.BigIntegerField()
    owner = models.CharField(max_length=100, blank=True)
    purpose = models.CharField(max_length=300, blank=True)
    tags = models.CharField(max_length=1000, blank=True)
    owner_folded = models.CharField(max_length=400, blank=True)
    haystack = models.TextField(blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account_id", "key_id"), name="one_note_a_key"),)
        indexes = (models.Index(fields=("owner_folded",), name="note_owner"),)

    @property
    def tag_list(self) -> list[str]:
        return [tag for tag in self.tags.split(",") if tag]


class SavedView(models.Model):
    """One person's own name for a set of filters. query: as it stands in the address, without page."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.TextField()

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("person", "name"), name="one_view_a_name"),)
