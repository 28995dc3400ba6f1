"""Makes the secrets that the settings ask for, as files."""

import base64
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

RINGS: Final = ("sealing_keys", "ledger_keys", "checkpoint_keys", "fingerprint_keys")


class Command(BaseCommand):
    help = "Writes the secrets into DIR, one file each, readable by their owner alone. Keeps what is there already."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in ("secret_key", *RINGS):
                text = secrets.token_urlsafe(64) if name == "secret_key" else new_ring()
                made = write_once(folder / name, text + "\n")
                self.stdout.write(f"{'made' if made else 'kept'} {folder / name}")
        except OSError as error:
            raise CommandError(f"{error.filename or folder}: {error.strerror}; nothing was overwritten") from None


def new_ring() -> str:
    """One key of 32 random bytes with an id of its own; for signing they are the seed of an Ed25519 key."""
    key_id = f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(2)}"
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


def write_once(path: Path, text: str) -> bool:
    """Whether it was written: whole or not at all, and never over a file that is there."""
    if path.exists():
        return False
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)
    except FileExistsError:
        return False
    finally:
        part.unlink()
    return True
