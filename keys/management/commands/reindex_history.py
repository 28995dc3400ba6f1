"""`manage.py reindex_history`: makes the index that the history is searched by anew, from the records alone."""

from typing import Any

from django.utils.translation import ngettext

from keys.ledger.finding import reindex
from keys.management.trouble import DatabaseCommand


class Command(DatabaseCommand):
    help = "Make the history's index of changed fields and hours anew from the ledger's records."

    def handle(self, *args: Any, **options: Any) -> None:
        count = reindex()
        self.stdout.write(ngettext("%(n)d record indexed", "%(n)d records indexed", count) % {"n": count})
