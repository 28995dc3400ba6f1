"""Checks the start, then becomes gunicorn: what the image and the demo run."""

import os
import socket
import sys
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections

from cometadmin.startup import check_start, tell

STOP_S: Final = 35  # an edit takes 25 s at most, and is to finish before its process goes
STUCK_S: Final = 60
MEMORY: Final = "/dev/shm"  # noqa: S108  # gunicorn's heartbeat files: a disk may stall, memory does not

log = structlog.get_logger("cometadmin.serve")


class Command(BaseCommand):
    help = "Checks settings, keys and database, then serves the dashboard. One line a fault on stderr, exit 2."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        faults = check_start() or static_faults()
        if faults:
            tell(faults)
            sys.exit(2)
        connections.close_all()
        try:
            listener = listen(settings.HOST, settings.PORT)
        except OSError as error:
            tell([f"PORT: cannot listen on {settings.HOST}, port {settings.PORT}: {error.strerror or error}"])
            sys.exit(2)
        log.info("serving", host=settings.HOST, port=settings.PORT, cometapi=settings.COMETAPI_BASE_URL)
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(sys.executable, command(listener.fileno()))  # noqa: S606  # no shell is wanted


def static_faults() -> list[str]:
    if (settings.STATIC_ROOT / "staticfiles.json").is_file():
        return []
    return [f"static files: none are collected in {settings.STATIC_ROOT}; run `manage.py collectstatic --no-input`"]


def listen(host: str, port: int) -> socket.socket:
    """A bound socket that survives the exec. Raises OSError when the port is taken or the address is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    # SO_REUSEADDR lets a second one bind; only listening tells that somebody else is there already.
    listener.listen()
    listener.set_inheritable(True)
    return listener


def command(descriptor: int) -> list[str]:
    """gunicorn's command line: never a secret in it, since every user of the machine can read it."""
    return [
        *(sys.executable, "-m", "gunicorn", "cometadmin.wsgi"),
        *("--chdir", str(settings.BASE_DIR), "--bind", f"fd://{descriptor}"),
        *("--worker-class", "gthread"),
        *("--workers", str(settings.WEB_PROCESSES), "--threads", str(settings.WEB_THREADS)),
        *("--graceful-timeout", str(STOP_S), "--timeout", str(STUCK_S)),
        *("--forwarded-allow-ips", ""),  # Django alone decides whom to believe (TRUSTED_PROXY_COUNT)
        *("--logger-class", "cometadmin.serverlog.ServerLog"),
        "--no-control-socket",  # it would lie in the home folder, which may not be writable
        *(("--worker-tmp-dir", MEMORY) if os.access(MEMORY, os.W_OK) else ()),
    ]
