"""What commands say when the database fails them."""

from typing import Final

from django.core.management.base import CommandError
from django.db import Error, OperationalError

from keys.redact import mask

TROUBLE: Final = 2


def no_database(error: Error) -> CommandError:
    """One line. Of a refused statement no words are repeated: they may quote values."""
    words = mask(str(error).partition("\n")[0]) if isinstance(error, OperationalError) else type(error).__name__
    return CommandError(f"the database cannot be used: {words}", returncode=TROUBLE)
