"""The environment that the tests run the product in: made-up secrets, plain http, waits shortened by one factor."""

import base64
import hashlib
import os

WAIT_SCALE = float(os.environ.get("TEST_WAIT_SCALE", "0.3"))


def _key(name: str) -> str:
    return f"{name}:{base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()}"


def base_environment() -> dict[str, str]:
    """For this process and for those that tests start; DATABASE_URL and COMETAPI_BASE_URL are added by fixtures."""
    return {
        "SECRET_KEY": "for-tests-only-" + hashlib.sha256(b"secret").hexdigest(),
        "SEALING_KEYS": _key("sealing-test"),
        "LEDGER_KEYS": _key("ledger-test"),
        "FINGERPRINT_KEYS": _key("fingerprint-test"),
        "CHECKPOINT_KEYS": _key("checkpoint-test"),
        "PLAIN_HTTP": "true",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        "COMETAPI_BASE_URL": "http://127.0.0.1:9",
        "COMETAPI_RATE_LIMIT": "100000/60",
        "WAIT_SCALE": str(WAIT_SCALE),
        "LOG_LEVEL": "WARNING",
    }
