"""`manage.py` with an environment as in production and throwaway secrets, for checks that are alike everywhere."""

import base64
import os
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEEP = ("PATH", "HOME", "LANG", "VIRTUAL_ENV")


def environment() -> dict[str, str]:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return {
        **{name: os.environ[name] for name in KEEP if name in os.environ},
        "SECRET_KEY": secrets.token_urlsafe(64),
        "SEALING_KEYS": f"check:{key}",
        "LEDGER_KEYS": f"check:{key}",
        "FINGERPRINT_KEYS": f"check:{key}",
        "CHECKPOINT_KEYS": f"check:{key}",
        "ALLOWED_HOSTS": "keys.example.com",
    }


if __name__ == "__main__":
    command = [sys.executable, str(ROOT / "manage.py"), *sys.argv[1:]]
    os.execve(sys.executable, command, environment())  # noqa: S606
