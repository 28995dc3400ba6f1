"""The sandbox as a process: restart, kill, the demo's accounts, loopback alone, and the way in from outside."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from cometadmin.sandbox import seed
from cometadmin.sandbox.config import Config
from cometadmin.sandbox.server import Server
from cometadmin.sandbox.state import State
from tests.sandbox.conftest import Desk, desk_on
from tests.support.sandbox import Account, Sandbox

pytestmark = pytest.mark.dbfree
ROOT = Path(__file__).parents[2]
COMMANDS = {"module": ["-m", "cometadmin.sandbox"], "manage": ["manage.py", "sandbox"]}


@contextmanager
def process(command: str, *arguments: str, end: signal.Signals = signal.SIGTERM) -> Iterator[Sandbox]:
    started = subprocess.Popen(
        [sys.executable, *COMMANDS[command], *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert started.stdout is not None
    try:
        line = started.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, line
        yield Sandbox.attach(found.group())
    finally:
        started.send_signal(end)
        code = started.wait(30)
        started.stdout.close()
    assert code == (0 if end == signal.SIGTERM else -end)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_everything_survives_a_restart(tmp_path: Path, end: signal.Signals) -> None:
    state = ["--state", str(tmp_path / "state.json")]
    with process("module", *state, end=end) as sandbox:
        desk = desk_on(sandbox, spend_rate=10.0)
        desk.put(desk.body(name="two", status=2))
        desk.http.post("/api/token/", json={"name": "three", "remain_quota": 5})
        before = desk.http.get("/api/token/").json()["data"]
        desk.http.close()
    with process("module", *state) as sandbox:
        http = httpx.Client(base_url=sandbox.url, headers={"Authorization": desk.account.token})
        assert http.get("/api/token/").json()["data"] == before
        assert http.post("/api/token/", json={"name": "four"}).json()["success"] is True
        newest = http.get("/api/token/").json()["data"]["items"][0]
        assert newest["id"] > max(record["id"] for record in before["items"])


def test_attached_and_in_process_do_the_same(tmp_path: Path) -> None:
    with Sandbox.start() as started:
        away = Sandbox.attach(started.url)
        account = away.add_account("Vega", token="t" * 32)
        key_id = away.add_key(account, name="مفتاح", remain_quota=-5)
        away.fault("503", operation="get")
        away.configure(masked=True)

        assert account == Account(account.id, "Vega", "t" * 32)
        assert away.key(key_id) == started.key(key_id)
        assert away.would_serve(key_id) is started.would_serve(key_id) is False
        assert away.verdict(key_id)["why"] == "exhausted"
        assert (
            httpx.get(f"{started.url}/api/token/{key_id}", headers={"Authorization": account.token}).status_code == 503
        )
        assert len(away.requests()) == len(started.requests()) == 1
        with pytest.raises(LookupError):
            away.key(5)


def test_the_truth_can_be_asked_by_account(desk: Desk) -> None:
    other = desk.sandbox.add_account("Other")
    for owner, served in ((desk.account.id, True), (desk.account.name, True), (other.id, False)):
        answer = httpx.get(f"{desk.sandbox.url}/_sandbox/would_serve/{owner}/{desk.key_id}").json()
        assert answer["would_serve"] is served


def test_the_state_over_the_control_path_tells_no_secret(desk: Desk) -> None:
    text = httpx.get(f"{desk.sandbox.url}/_sandbox/state").text
    assert desk.account.token not in text
    assert desk.stored()["key"] not in text


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_the_demo_has_keys_in_every_state(command: str, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with process(command, "--seed", "demo", "--state", str(file), "--dialect", "B") as sandbox:
        assert file.exists()
        http = httpx.Client(base_url=sandbox.url, headers={"Authorization": seed.made_up_tokens()[0]})
        records = http.get("/api/token/?page_size=100").json()["data"]["items"]
        shown = httpx.get(f"{sandbox.url}/_sandbox/state").json()
    assert {account["name"] for account in shown["accounts"]} == {"Atlas", "Borealis", "Cygnus"}
    counts = [sum(key["user_id"] == account["id"] for key in shown["keys"]) for account in shown["accounts"]]
    assert counts == [len(seed.ATLAS_KEYS), 340, 12]
    assert {record["status"] for record in records} == {1, 2, 3, 4}
    assert any(record["remain_quota"] < 0 for record in records)
    assert any(len(record["name"]) == 50 and len(record["name"].encode()) > 50 for record in records)


def test_the_demo_is_the_same_each_time() -> None:
    first, second = State(Config()), State(Config())
    for state in (first, second):
        seed.fill(state, seed.made_up_tokens())
    assert [key.record["key"] for key in first.keys.values()] == [key.record["key"] for key in second.keys.values()]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.invalid"])
def test_any_other_host_is_refused_with_one_line(host: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "cometadmin.sandbox", "--host", host],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == [f"sandbox: the sandbox listens on loopback only, not on {host}"]


def test_a_number_that_is_no_port_is_refused_with_one_line() -> None:
    command = [sys.executable, "-m", "cometadmin.sandbox", "--port", "99999"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (2, "", 1)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"next_key_id": 1, "accounts": [{}]}'])
def test_a_file_that_is_no_state_stops_the_start(tmp_path: Path, text: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(text)
    with pytest.raises(ValueError, match="no state of the sandbox"):
        State(Config(), file)


def test_a_taken_port_is_said_in_one_line() -> None:
    with Sandbox.start() as sandbox:
        assert sandbox.server is not None
        with pytest.raises(OSError, match="in use"):
            Server(State(Config()), "127.0.0.1", sandbox.server.port)


def test_it_imports_nothing_of_ours_and_no_django() -> None:
    code = (
        "import sys; import cometadmin.sandbox.__main__;"
        "print([m for m in sys.modules if m.partition('.')[0] in ('keys', 'django', 'httpx')])"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env={**os.environ})
    assert ended.stdout.strip() == "[]"
