"""`manage.py serve` becomes gunicorn, serves pages, and shows no secret given as a file to other processes."""

import base64
import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.start import product


def test_it_serves_a_page_with_secrets_in_files_alone(env: dict[str, str], tmp_path: Path) -> None:
    with product.serving(env, tmp_path / "log"):
        page = product.get(int(env["PORT"]), "/accounts/login/")

    assert page.status == 200
    assert "<form" in page.text


def test_it_serves_the_static_files_of_its_pages(env: dict[str, str], tmp_path: Path) -> None:
    with product.serving(env, tmp_path / "log"):
        page = product.get(int(env["PORT"]), "/accounts/login/").text
        sheets = re.findall(r'href="(/static/[^"]+\.css)"', page)
        answers = [product.get(int(env["PORT"]), sheet) for sheet in sheets]

    assert sheets
    assert {answer.status for answer in answers} == {200}
    assert all("immutable" in answer.headers["Cache-Control"] for answer in answers)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
def test_no_process_of_it_carries_a_secret(env: dict[str, str], keys: Path, tmp_path: Path) -> None:
    with product.serving(env, tmp_path / "log") as pid:
        family = [pid, *product.children(pid)]
        seen = b"".join(Path(f"/proc/{one}/{what}").read_bytes() for one in family for what in ("environ", "cmdline"))

    assert len(family) == 3  # the master and WEB_PROCESSES' default of two
    assert b"SEALING_KEYS_FILE" in seen
    for path in keys.iterdir():
        secret = path.read_text().strip().rpartition(":")[2].encode()
        assert secret not in seen
        assert base64.b64encode(secret) not in seen


def test_it_says_in_one_line_that_its_port_is_taken(env: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(env["PORT"])))
        taken.listen()

        done = product.run(["serve"], env)

    assert (done.code, done.out) == (2, "")
    assert done.lines == [f"PORT: cannot listen on 127.0.0.1, port {env['PORT']}: Address already in use"]


def test_it_says_in_one_line_that_its_address_is_not_of_this_machine(env: dict[str, str]) -> None:
    del env["PLAIN_HTTP"]

    done = product.run(["serve"], {**env, "HOST": "192.0.2.1"})

    assert (done.code, len(done.lines)) == (2, 1), done
    assert done.lines[0].startswith("PORT: cannot listen on 192.0.2.1")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_its_workers(number: signal.Signals, env: dict[str, str], tmp_path: Path) -> None:
    with product.serving(env, tmp_path / "log") as pid:
        workers = product.children(pid)
        os.kill(pid, number)
        until = time.monotonic() + 10
        while any(product.alive(one) for one in (pid, *workers)) and time.monotonic() < until:
            time.sleep(0.1)

        assert [one for one in (pid, *workers) if product.alive(one)] == []
        assert len(workers) == 2


def test_it_runs_without_a_home_that_can_be_written(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "home").touch()  # a file: not even root makes folders in it

    with product.serving({**env, "HOME": str(tmp_path / "home")}, tmp_path / "log"):
        pass

    assert "rror" not in (tmp_path / "log").read_text()


def test_the_server_refuses_to_load_without_it_when_a_setting_is_faulty(env: dict[str, str]) -> None:
    del env["LEDGER_KEYS_FILE"]

    done = product.run(["shell", "-v", "0", "-c", "pass"], env)
    loaded = product.python(["-c", "import cometadmin.wsgi"], env)

    assert (done.code, len(done.lines)) == (2, 1)
    assert (loaded.code, len(loaded.lines)) == (2, 1)
    assert loaded.lines[0].startswith("LEDGER_KEYS: ")
