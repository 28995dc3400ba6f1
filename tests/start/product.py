"""The product as an operator starts it: `manage.py` in a process of its own, with an environment of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_PORTS = iter(range(20_000 + 1_000 * _WORKER, 21_000 + 1_000 * _WORKER))
SECRETS = ("SECRET_KEY", "SEALING_KEYS", "LEDGER_KEYS", "FINGERPRINT_KEYS", "CHECKPOINT_KEYS")


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.err.splitlines()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: "Message[str, str]"
    text: str


@dataclass(frozen=True)
class Server:
    """A dashboard that runs."""

    port: int
    log: Path
    database: Path

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def run(arguments: list[str], env: Mapping[str, str], root: Path = ROOT) -> Done:
    return python([str(root / "manage.py"), *arguments], env, root)


def python(arguments: list[str], env: Mapping[str, str], root: Path = ROOT) -> Done:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, env=dict(env), cwd=root, capture_output=True, text=True, timeout=120, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def sound(keys: Path, database: Path) -> dict[str, str]:
    """The least an operator gives: secrets as files, a database, a free port, plain http on this machine."""
    secrets = {f"{name}_FILE": str(keys / name.lower()) for name in SECRETS}
    return {
        "PATH": os.environ["PATH"],
        **secrets,
        "DATABASE_URL": f"sqlite:///{database}",
        "PORT": str(free_port()),
        "PLAIN_HTTP": "true",
    }


def copied(database: Path, folder: Path) -> Path:
    target = folder / "copy.sqlite3"
    shutil.copyfile(database, target)
    return target


def free_port() -> int:
    """Another one each time, below those that the kernel gives away by itself: nobody takes it before it is bound."""
    for port in _PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@contextmanager
def serving(env: Mapping[str, str], log: Path, root: Path | None = None) -> Iterator[int]:
    """`manage.py serve` until the block ends; gives its process id, once it answers. root: of a copy, else ROOT."""
    root = root or ROOT
    with log.open("wb") as output:
        command = [sys.executable, str(root / "manage.py"), "serve"]
        process = subprocess.Popen(command, env=dict(env), cwd=root, stdout=output, stderr=output)
    try:
        _wait_for_answer(process, int(env["PORT"]), log)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_answer(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + 40
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            get(port, "/healthz")
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"no answer: {log.read_text()}")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def get(port: int, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Answer:
    """One request by an address of this machine; redirects are answers, not followed."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, dict(headers or {}))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay())
    try:
        with opener.open(request, timeout=20) as answer:
            return Answer(answer.status, answer.headers, answer.read().decode())
    except urllib.error.HTTPError as answer:
        return Answer(answer.code, answer.headers, answer.read().decode())


def children(pid: int) -> list[int]:
    """Process ids of all descendants that are alive (Linux)."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *children(int(child))]
    return found


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
