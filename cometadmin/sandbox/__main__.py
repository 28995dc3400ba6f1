"""`python -m cometadmin.sandbox`: the sandbox in a process of its own."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from . import seed
from .config import DIALECTS, Config
from .server import Server
from .state import State

TOKENS_VARIABLE = "SANDBOX_TOKENS"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=0, help="0: any free port, which is printed")
    parser.add_argument("--state", type=Path, help="the file in which everything survives a restart")
    parser.add_argument("--dialect", choices=DIALECTS, default="A")
    parser.add_argument("--masked", action="store_true", help="show masked secrets")
    parser.add_argument("--cache-s", type=float, default=0.0, help="how long a disabled key lives on")
    parser.add_argument("--quota-zero-refused", action="store_true", help="refuse a quota of 0 as well")
    parser.add_argument("--seed", choices=["demo"], help="fill an empty state with the demo's accounts")
    parser.add_argument("--tokens-file", type=Path, help=f"the demo's access tokens, one a line (or {TOKENS_VARIABLE})")


def run(options: argparse.Namespace) -> int:
    """Serves until it is told to end. 2 and one line when it cannot start."""
    try:
        server = _prepared(options)
        server.start()
    except (OSError, OverflowError, ValueError) as error:  # Overflow: no such port
        sys.stderr.write(f"sandbox: {error}\n")
        return 2
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    sys.stdout.write(f"sandbox: CometAPI's stand-in, dialect {options.dialect}, on {server.url}\n")
    sys.stdout.flush()
    ended.wait()
    server.stop()
    return 0


def _prepared(options: argparse.Namespace) -> Server:
    config = Config(
        dialect=options.dialect,
        masked=options.masked,
        cache_s=options.cache_s,
        quota_zero_refused=options.quota_zero_refused,
    )
    state = State(config, options.state)
    if options.seed == "demo" and not state.accounts:
        seed.fill(state, _tokens(options.tokens_file))
        state.save()
    return Server(state, options.host, options.port)


def _tokens(file: Path | None) -> list[str]:
    """The access tokens that the demo was given; made-up ones where none are."""
    text = file.read_text("utf-8") if file else os.environ.get(TOKENS_VARIABLE, "")
    return text.split() or seed.made_up_tokens()


def main() -> int:
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    add_arguments(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
