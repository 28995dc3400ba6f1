"""The demo's long-running parts: started, watched, and ended with everything that they started themselves."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
START_S: Final = 60
STOP_S: Final = 8


class Stop(Exception):
    """The demo ends. Its text, if any, is the reason."""


def manage(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


class Child:
    """A `manage.py` command that goes on, with its output in a file in `folder`."""

    def __init__(self, name: str, arguments: Sequence[str], env: dict[str, str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                manage(arguments),
                env=env,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  # the demo has one thread
            )

    def check(self) -> None:
        """Raises Stop with its last words when it has ended."""
        if self.process.poll() is not None:
            words = self.log.read_text(errors="replace").strip().splitlines()[-5:]
            raise Stop("\n".join([f"The {self.name} ended by itself (exit {self.process.returncode}):", *words]))

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def _die_with_parent() -> None:
    """On Linux a child is told when the demo itself is killed; elsewhere it then has to be ended by hand."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def wait_for(children: Sequence[Child], port: int, path: str) -> None:
    """Until the newest child answers on this port, whatever it answers; a 5xx is not an answer yet."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        for child in children:
            child.check()
        try:
            direct.open(f"http://127.0.0.1:{port}{path}", timeout=5).close()
            return
        except urllib.error.HTTPError as answer:
            if answer.code < 500:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise Stop(f"The {children[-1].name} did not answer within {START_S} s; see {children[-1].log}")


def end(children: Sequence[Child]) -> None:
    """Ends every process that was started, with its own children: asked first, then made to."""
    ignore_signals()  # the ending itself is not to be cut short
    for child in reversed(children):
        child.signal(signal.SIGTERM)
    until = time.monotonic() + STOP_S
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.1, until - time.monotonic()))
        child.signal(signal.SIGKILL)
        child.process.wait()


def ignore_signals() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
