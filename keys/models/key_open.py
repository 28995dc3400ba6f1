"""Who has a key's form open. Forgotten after a minute; no record, and no truth of anything."""

from django.db import models

from keys.models.person import Person


class KeyOpen(models.Model):
    """seen_at: when the person's page last said that it is open."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    account_id = models.BigIntegerField()
    key_id = models.BigIntegerField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account_id", "key_id", "person"), name="one_open_a_person"),)
        indexes = (models.Index(fields=("seen_at",), name="key_open_seen"),)

    def __str__(self) -> str:
        return f"{self.person_id} {self.key_id}"
