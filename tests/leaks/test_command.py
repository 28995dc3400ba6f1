"""The leak desk from a command line: JSON, exit codes, and no secret in what it prints."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from keys.leaks.scan import MOST_BYTES
from keys.models import Incident
from tests.leaks.scene import OTHER_VENDORS, Scene
from tests.support.environment import base_environment


def run(*args: str) -> tuple[dict[str, Any], int]:
    out, code = StringIO(), 0
    try:
        call_command("leak", *args, stdout=out)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return json.loads(out.getvalue()), code


@pytest.fixture
def file(tmp_path: Path, scene: Scene) -> Path:
    path = tmp_path / "leak.txt"
    path.write_text(f"a\nkey={scene.secret()}\nsk-{'Zz9' * 16}\n")
    return path


def test_scan_tells_and_sends_nothing(scene: Scene, file: Path) -> None:
    scene.sandbox.clear_log()
    told, code = run("scan", str(file))
    assert code == 1 and told["not_found"] == 1
    assert told["found"] == [
        {
            "team": scene.stage.team.slug,
            "key_id": scene.stage.key_id,
            "name": "staging",
            "masked": told["found"][0]["masked"],
            "sure": True,
            "lines": [2],
        }
    ]
    assert scene.sandbox.requests() == [] and not Incident.objects.exists()
    assert scene.secret()[8:20] not in json.dumps(told)


def test_scan_of_nothing(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\x00\xff nothing")
    assert run("scan", str(tmp_path / "x"))[1] == 0


@pytest.mark.parametrize("what", ["scan", "disable"])
@pytest.mark.parametrize(
    "data", [b"sk-" + b"Zz9" * 16, b"PK\x03\x04" + b"x" * 99, b"x" * (MOST_BYTES + 1)], ids=["stray", "packed", "cut"]
)
def test_what_is_not_known_is_not_called_clean(scene: Scene, tmp_path: Path, what: str, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    told, code = run(what, str(tmp_path / "x"))
    assert code == 3 and not (told.get("found") or told.get("keys"))


@pytest.mark.parametrize("what", ["scan", "disable"])
def test_another_vendors_secret_is_clean(scene: Scene, tmp_path: Path, what: str) -> None:
    (tmp_path / "x").write_text(OTHER_VENDORS)
    assert run(what, str(tmp_path / "x"))[1] == 0


@pytest.mark.parametrize("command", ["leak scan README.md", "leak disable README.md", "export_ledger --output nowhere"])
def test_without_a_database_one_line_and_2(tmp_path: Path, command: str) -> None:
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env = {**keep, **base_environment(), "DATABASE_URL": f"sqlite:///{tmp_path}/nowhere/x.sqlite3"}
    ended = subprocess.run([sys.executable, "manage.py", *command.split()], env=env, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "the database cannot be used: unable to open database file" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_disable_proves(scene: Scene, file: Path) -> None:
    told, code = run("disable", str(file))
    assert code == 3 and told["keys"][0]["proof"] == "refused" and told["not_found"] == 1
    assert scene.stage.stored()["status"] == 2


def test_disable_proves_all_there_is(scene: Scene, file: Path) -> None:
    file.write_text(f"key={scene.secret()}")
    told, code = run("disable", str(file))
    assert code == 0 and told["keys"][0]["proof"] == "refused" and told["keys"][0]["refused_after_s"] > 0
    assert scene.stage.stored()["status"] == 2


def test_disable_that_is_not_proven(scene: Scene, file: Path) -> None:
    scene.sandbox.configure(cache_s=60.0)
    told, code = run("disable", str(file), "--wait", "0.5")
    assert code == 1 and told["keys"][0]["proof"] == "disabled" and "still accepts" in told["keys"][0]["unproven"]


def test_trouble_is_2(scene: Scene, file: Path, settings: Any) -> None:
    settings.LEDGER_KEYS = {}
    with pytest.raises(CommandError) as raised:
        call_command("leak", "disable", str(file))
    assert raised.value.returncode == 2 and scene.stage.stored()["status"] == 1
    with pytest.raises(CommandError):
        call_command("leak", "scan", str(file) + ".not")
