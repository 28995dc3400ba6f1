"""The demo: sandbox and dashboard on this machine, as in production but for TLS. Everything it keeps is under var/.

    demo.py            start; goes on until Ctrl-C, which ends all it started
    demo.py reset      forget everything, so that the next start is the first
    demo.py manage …   run a management command on the demo's database

PORT (default 8000) and DIALECT (A, B or C: how the sandbox speaks; default A) are read from the environment.
Standard library alone: it runs with the project's Python, and starts everything else as `manage.py`.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import IO, Any, Final, NoReturn

from children import ROOT, SIGNALS, Child, Stop, end, ignore_signals, manage, wait_for

VAR: Final = ROOT / "var"
FOLDER: Final = VAR / "demo"
KEPT_FROM_SHELL: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TERM", "LOG_LEVEL", "WAIT_SCALE")
SECRETS: Final = ("SECRET_KEY", "SEALING_KEYS", "LEDGER_KEYS", "FINGERPRINT_KEYS")
PASSWORD: Final = "cometadmin-demo"  # noqa: S105  # of accounts that exist on this machine alone


def environment(port: int, sandbox_port: int) -> dict[str, str]:
    """Settings for everything that the demo starts. Secrets are named by file, so that no process carries them."""
    kept = {name: os.environ[name] for name in KEPT_FROM_SHELL if os.environ.get(name)}
    secrets = {f"{name}_FILE": str(FOLDER / name.lower()) for name in SECRETS}
    return {
        **kept,
        **secrets,
        "PYTHONUNBUFFERED": "1",
        "DATABASE_URL": "sqlite:///var/demo.sqlite3",
        "COMETAPI_BASE_URL": f"http://127.0.0.1:{sandbox_port}",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        "PLAIN_HTTP": "true",
    }


def main(arguments: Sequence[str]) -> None:
    match arguments:
        case [] | ["start"]:
            start()
        case ["reset"]:
            reset()
        case ["manage", *rest]:
            run_manage(rest)
        case _:
            fail((__doc__ or "").strip())


def start() -> None:
    port, dialect = _port(), _dialect()
    for number in SIGNALS:
        signal.signal(number, _stop)
    children: list[Child] = []
    try:
        with _only_one():
            try:
                _refuse_taken(port)
                _run(port, dialect, children)
            finally:
                end(children)
    except Stop as reason:
        if str(reason):
            fail(str(reason))
        print("\nThe demo has ended; what was changed is kept for the next start.", flush=True)


def _run(port: int, dialect: str, children: list[Child]) -> NoReturn:
    env = environment(port, _sandbox_port(choose=True))
    _say("Setting up …")
    for arguments in (
        ("make_keys", str(FOLDER)),
        ("migrate", "--verbosity", "0"),
        ("createcachetable", "--verbosity", "0"),
        ("collectstatic", "--no-input", "--verbosity", "0"),
    ):
        _step(arguments, env)
    sandbox_port = env["COMETAPI_BASE_URL"].rpartition(":")[2]
    state = ("--state", str(VAR / "demo-sandbox.json"), "--seed", "demo", "--dialect", dialect)
    children.append(Child("sandbox", ("sandbox", "--port", sandbox_port, *state), env, FOLDER))
    wait_for(children, int(sandbox_port), "/")
    if not (FOLDER / "seeded").exists():
        _seed(env)
    children.append(Child("dashboard", ("serve",), env, FOLDER))
    wait_for(children, port, "/readyz")
    children.append(Child("worker", ("worker",), env, FOLDER))
    _welcome(port, env["COMETAPI_BASE_URL"], dialect)
    while True:
        time.sleep(0.3)
        for child in children:
            child.check()


def _seed(env: dict[str, str]) -> None:
    """Hands the sandbox's access tokens to `seed_demo` in a file, since command lines are for all to read."""
    accounts = json.loads((VAR / "demo-sandbox.json").read_text("utf-8"))["accounts"]
    tokens = FOLDER / "access_tokens.json"
    with os.fdopen(os.open(tokens, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({account["name"].lower(): account["token"] for account in accounts}, file)
    _step(("seed_demo", str(tokens)), env)
    tokens.unlink()
    (FOLDER / "seeded").touch()


def _welcome(port: int, sandbox: str, dialect: str) -> None:
    _say(f"""
  http://localhost:{port}

  Sign in as lead, auditor or admin, password {PASSWORD}
  The sandbox that stands in for CometAPI: {sandbox} (dialect {dialect})
  Logs: dashboard.log, worker.log and sandbox.log in {FOLDER.relative_to(ROOT)}/

  Ctrl-C ends the demo; `make demo-reset` starts afresh.
""")


def _step(arguments: Sequence[str], env: dict[str, str]) -> None:
    done = subprocess.run(manage(arguments), env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()[-5:]
        raise Stop("\n".join([f"`manage.py {arguments[0]}` failed (`make demo-reset` starts afresh):", *words]))


def _stop(number: int, frame: object) -> None:
    ignore_signals()
    raise Stop


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535):
        fail(f"PORT is {text!r}; choose a number from 1 to 65535, such as `make demo PORT=8001`")
    return int(text)


def _dialect() -> str:
    text = os.environ.get("DIALECT") or "A"
    if text not in ("A", "B", "C"):
        fail(f"DIALECT is {text!r}; choose A, B or C, such as `make demo DIALECT=B`")
    return text


def _refuse_taken(port: int) -> None:
    if not _free(port):
        raise Stop(
            f"Port {port} is taken or not allowed; choose another one, such as `make demo PORT={port % 60000 + 1}`"
        )


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _sandbox_port(*, choose: bool) -> int:
    """The port that the sandbox had before, as long as it is free."""
    note = FOLDER / "sandbox_port"
    port = int(note.read_text()) if note.exists() else 0
    if choose and not (port and _free(port)):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        note.write_text(str(port))
    return port or 1


def _only_one() -> IO[Any]:
    """A lock that lasts as long as the demo: two of them would write over each other's sandbox."""
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (FOLDER / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Stop("A demo is running from this folder already; end it with Ctrl-C first") from None
    return lock


def reset() -> None:
    try:
        with _only_one():
            shutil.rmtree(FOLDER)
            for path in VAR.glob("demo*"):
                path.unlink()
    except Stop as reason:
        fail(str(reason))
    print("The demo's database, secrets and sandbox are gone; `make demo` starts afresh.")


def run_manage(arguments: Sequence[str]) -> NoReturn:
    if not (FOLDER / "seeded").exists():
        fail("There is no demo yet; run `make demo` once")
    command, env = manage(arguments), environment(_port(), _sandbox_port(choose=False))
    os.execve(command[0], command, env)  # noqa: S606  # no shell is wanted


def _say(words: str) -> None:
    print(words, flush=True)


def fail(words: str) -> NoReturn:
    sys.stderr.write(f"{words}\n")
    sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
