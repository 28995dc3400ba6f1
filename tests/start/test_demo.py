"""`tools/demo.py`, run as people run it, in a copy of the tree: starts, keeps, forgets, leaves nothing running."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

import pytest

from tests.start import product

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
PARTS = ("manage.py", "cometadmin", "keys", "templates", "static", "tools")


class Demo:
    """One start of the demo in a folder; its words are what it prints."""

    def __init__(self, root: Path, port: int | str, **given: str) -> None:
        self.root, self.port = root, port
        env = {"PATH": os.environ["PATH"], "PORT": str(port), **given}
        command = [sys.executable, str(root / "tools" / "demo.py")]
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.words = ""
        self.family: list[int] = []

    def ready(self) -> "Demo":
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.words += line
            if "Ctrl-C" in line:
                self.family = product.children(self.process.pid)
                return self
        raise AssertionError(self.words)

    def ended(self) -> int:
        """Its exit code; its last words are added to `words`."""
        self.words += self.process.communicate(timeout=30)[0]
        return self.process.returncode

    def left_over(self) -> list[int]:
        until = time.monotonic() + 10
        while (left := [pid for pid in self.family if product.alive(pid)]) and time.monotonic() < until:
            time.sleep(0.1)
        return left


def copy_of_the_tree(folder: Path) -> Path:
    for part in PARTS:
        source = product.ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, folder / part)
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_the_tree(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo, in a folder of its own, for all tests that only look at it."""
    demo = Demo(copy_of_the_tree(tmp_path_factory.mktemp("running")), product.free_port())
    yield demo.ready()
    demo.process.terminate()
    demo.process.wait(30)


Start = Callable[..., Demo]


@pytest.fixture
def start(root: Path) -> Iterator[Start]:
    """Starts a demo in `root`, on a free port unless one is given; ends it after the test, whatever happened."""
    started: list[Demo] = []

    def start(port: int | str = 0, **given: str) -> Demo:
        started.append(Demo(root, port or product.free_port(), **given))
        return started[-1]

    yield start
    for demo in started:
        demo.process.terminate()
        demo.process.wait(30)


def tool(root: Path, *arguments: str) -> product.Done:
    return product.python([str(root / "tools" / "demo.py"), *arguments], {"PATH": os.environ["PATH"]}, root)


def records(root: Path) -> int:
    code = "from keys.models import Record; print(Record.objects.count())"
    return int(tool(root, "manage", "shell", "-v", "0", "-c", code).out)


def sign_in(port: int | str, username: str) -> str:
    """The address of the page after signing in."""
    opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))
    page = opener.open(f"http://localhost:{port}/accounts/login/", timeout=20).read().decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found is not None
    fields = {"csrfmiddlewaretoken": found[1], "login": username, "password": "cometadmin-demo"}
    with opener.open(f"http://localhost:{port}/accounts/login/", urlencode(fields).encode(), timeout=20) as answer:
        return str(answer.url)


def test_it_says_where_it_is_and_who_may_sign_in(running: Demo) -> None:
    assert f"http://localhost:{running.port}\n" in running.words
    assert "lead, auditor or admin, password cometadmin-demo" in running.words


def test_the_worker_reads_every_key(running: Demo) -> None:
    code = "from keys.models import TeamSync as T; print(*(s.done for s in T.objects.exclude(listed_at=None)))"
    listed, until = "", time.monotonic() + 60
    while listed.split().count("12") + listed.split().count("26") + listed.split().count("340") < 3:
        assert time.monotonic() < until, (listed, (running.root / "var" / "demo" / "worker.log").read_text())
        time.sleep(0.5)
        listed = tool(running.root, "manage", "shell", "-v", "0", "-c", code).out


@pytest.mark.parametrize("username", ["lead", "auditor", "admin"])
def test_each_account_can_sign_in(username: str, running: Demo) -> None:
    assert "/accounts/login/" not in sign_in(running.port, username)


def test_nothing_stays_when_it_is_killed(start: Start) -> None:
    demo = start().ready()

    demo.process.kill()

    demo.ended()
    assert demo.left_over() == []


def test_when_one_part_dies_the_other_is_ended_and_the_reason_told(root: Path, start: Start) -> None:
    demo = start().ready()
    state = str(root / "var" / "demo-sandbox.json").encode()
    sandbox = [pid for pid in demo.family if state in Path(f"/proc/{pid}/cmdline").read_bytes()]

    os.kill(sandbox[0], signal.SIGKILL)

    assert demo.ended() == 2
    assert "The sandbox ended by itself (exit -9)" in demo.words
    assert demo.left_over() == []


def test_a_signal_ends_all_and_the_next_start_keeps_what_was_changed(root: Path, start: Start) -> None:
    first = start().ready()
    sign_in(first.port, "lead")

    first.process.send_signal(signal.SIGTERM)

    assert (first.ended(), first.left_over()) == (0, [])
    assert len(first.family) >= 3
    kept = records(root)

    second = start(DIALECT="B").ready()
    second.process.send_signal(signal.SIGINT)

    assert (second.ended(), second.left_over()) == (0, [])
    assert "(dialect B)" in second.words
    assert records(root) == kept


def test_no_secret_is_in_a_command_line_or_an_environment(running: Demo) -> None:
    family = [running.process.pid, *running.family]
    seen = b"".join(Path(f"/proc/{pid}/{what}").read_bytes() for pid in family for what in ("environ", "cmdline"))

    for name in ("secret_key", "sealing_keys", "ledger_keys", "fingerprint_keys"):
        assert (running.root / "var" / "demo" / name).read_text().strip().rpartition(":")[2].encode() not in seen


def test_a_taken_port_is_one_line(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        demo = start(taken.getsockname()[1])

        assert demo.ended() == 2
    assert len(demo.words.splitlines()) == 1
    assert "choose another one" in demo.words


def test_two_demos_of_one_folder_are_refused(running: Demo) -> None:
    second = Demo(running.root, product.free_port())

    assert second.ended() == 2
    assert second.words == "A demo is running from this folder already; end it with Ctrl-C first\n"
    assert tool(running.root, "reset").code == 2


@pytest.mark.parametrize(("name", "given"), [("PORT", "80a"), ("PORT", "99999"), ("DIALECT", "Z")])
def test_an_odd_wish_is_one_line(name: str, given: str, start: Start) -> None:
    demo = start(given) if name == "PORT" else start(DIALECT=given)

    assert demo.ended() == 2
    assert len(demo.words.splitlines()) == 1
    assert name in demo.words


def test_reset_forgets_everything(root: Path, start: Start) -> None:
    demo = start().ready()
    demo.process.send_signal(signal.SIGINT)
    demo.ended()

    assert tool(root, "reset").code == 0
    assert [path.name for path in (root / "var").glob("demo*")] == []
    assert tool(root, "manage", "verify_ledger").lines == ["There is no demo yet; run `make demo` once"]
