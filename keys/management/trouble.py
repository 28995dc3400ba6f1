"""What commands say when the database fails them."""

from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, OperationalError

from keys.redact import mask

TROUBLE: Final = 2


def no_database(error: Error) -> CommandError:
    """One line. Of a refused statement no words are repeated: they may quote values."""
    words = mask(str(error).partition("\n")[0]) if isinstance(error, OperationalError) else type(error).__name__
    return CommandError(f"the database cannot be used: {words}", returncode=TROUBLE)


class DatabaseCommand(BaseCommand):
    """A command that needs the database, and says in one line when it cannot be used; exit 2."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except Error as error:
            raise no_database(error) from None
