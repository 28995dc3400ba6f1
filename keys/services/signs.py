"""Signs of life of a worker's process while it is at something that takes longer than a slice."""

import os
import socket
import time
from typing import Final

import structlog
from django.db import DatabaseError
from django.utils import timezone

from keys.models import WorkerLane

log = structlog.get_logger(__name__)

BEAT_S: Final = 2.0


def this_process() -> str:
    """The name under which it stands among the worker's processes, where it is one."""
    return f"{socket.gethostname()}:{os.getpid()}"[:100]


class SignOfLife:
    """Called again and again, at each step that is done; a call more does not matter."""

    def __init__(self) -> None:
        self._next = time.monotonic() + BEAT_S

    def __call__(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + BEAT_S
        try:
            WorkerLane.objects.filter(name=this_process()).update(heartbeat_at=timezone.now())
        except DatabaseError as error:  # it is no fault of what is being done
            log.warning("no_sign_of_life", error=type(error).__name__)
