"""Checks the start as `serve` does, then works in the background until it is told to stop.

Each lane has a process of its own, so that a long listing never holds up a disable; one that dies is started again.
"""

import os
import signal
import subprocess
import sys
import time
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from cometadmin.startup import check_start, tell
from keys.services import lanes
from keys.types import Lane

STOP_S: Final = 35  # as for `serve`: what was sent is to be read back before its process goes
AGAIN_S: Final = 1.0  # before a lane that died is started again, so that a broken one does not spin

log = structlog.get_logger("cometadmin.worker")


class Command(BaseCommand):
    help = "Checks settings, keys and database, then works in the background. One line a fault on stderr, exit 2."
    requires_system_checks = ()
    stopping = False

    def add_arguments(self, parser: CommandParser) -> None:
        lanes_there = [str(lane) for lane in Lane]
        parser.add_argument("--lane", choices=lanes_there, help="work on one lane alone, in this process")
        parser.add_argument("--parent", type=int, help="process id whose end is this one's too; `worker` sets it")

    def handle(self, *args: Any, lane: str | None, parent: int | None, **options: Any) -> None:
        faults = check_start()
        if faults:
            tell(faults)
            sys.exit(2)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        if lane:
            # A lane whose parent was killed, even before it got here, ends too: the next `worker` brings its own.
            lanes.work(Lane(lane), lambda: self.stopping or (parent is not None and os.getppid() != parent))
            return
        connections.close_all()
        log.info("working", cometapi=settings.COMETAPI_BASE_URL)
        self._watch({each: _start(each) for each in Lane})

    def _stop(self, number: int, frame: object) -> None:
        self.stopping = True

    def _watch(self, running: dict[Lane, subprocess.Popen[bytes]]) -> None:
        while not self.stopping:
            time.sleep(0.2)
            for lane, process in running.items():
                if process.poll() is not None and not self.stopping:
                    log.error("lane_died", lane=str(lane), exit=process.returncode)
                    time.sleep(AGAIN_S)
                    running[lane] = _start(lane)
        _end(list(running.values()))


def _start(lane: Lane) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker", "--lane", str(lane)]
    command += ["--parent", str(os.getpid())]
    # In a session of its own: Ctrl-C reaches the parent alone, which tells its lanes.
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603  # our own program


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask, wait until what was begun is over, and make whoever is still there go."""
    for process in processes:
        process.terminate()
    until = time.monotonic() + STOP_S
    for process in processes:
        try:
            process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
