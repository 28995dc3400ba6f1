"""Dockerfile and compose.yaml, read and followed without Docker: built as root, run as the image's user.

Paths of the image are mapped below one folder; the base image's Python is a virtual environment of the machine's own.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MAPPED = ("venv", "app", "data", "checkpoints", "usr/local", "run/secrets", "secrets")
IMAGE_PATH = re.compile(rf"(?<![\w./-])/({'|'.join(MAPPED)})(?=[/:\s\"']|$)")
FOR_PIP = re.compile(r"(?i)PIP_.*|.*_PROXY|SSL_CERT_.*|REQUESTS_CA_BUNDLE|HOME")
PYTHONS = ("/usr/bin/python3", "/usr/local/bin/python3", os.path.realpath(sys.executable))


@dataclass(frozen=True)
class Instruction:
    """text: what follows the name. form: the list, where it is written as one."""

    name: str
    text: str

    @property
    def form(self) -> list[str]:
        found = json.loads(self.text[self.text.index("[") :])
        assert isinstance(found, list)
        return found


def instructions(text: str) -> list[Instruction]:
    """Lines that go on are joined, comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    pairs = (line.split(None, 1) for line in joined.splitlines() if line.strip())
    return [Instruction(name.upper(), rest.strip()) for name, rest in pairs]


def dockerfile() -> list[Instruction]:
    return instructions((ROOT / "Dockerfile").read_text())


def last(name: str) -> Instruction:
    return [one for one in dockerfile() if one.name == name][-1]


def compose(given: Mapping[str, str]) -> dict[str, Any]:
    """compose.yaml with `${NAME:-default}` and `${NAME:?words}` filled in, after YAML is read, as Compose does it."""

    def value(hit: re.Match[str]) -> str:
        name, kind, rest = hit.groups()
        assert kind == ":-" or name in given, rest
        return given.get(name) or rest

    def filled(read: Any) -> Any:
        if isinstance(read, dict):
            return {name: filled(inner) for name, inner in read.items()}
        if isinstance(read, list):
            return [filled(inner) for inner in read]
        return re.sub(r"\$\{(\w+)(:[-?])([^}]*)\}", value, read) if isinstance(read, str) else read

    found = filled(yaml.safe_load((ROOT / "compose.yaml").read_text()))
    assert isinstance(found, dict)
    return found


def cannot(why: str) -> None:
    """Where it cannot be followed that is said; on CI it is a failure."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"NOT RUN: {why}")


def a_python(user: int) -> str:
    """A Python that the image's user may run too, with venv and pip in it."""
    for path in filter(os.path.exists, PYTHONS):
        with contextlib.suppress(PermissionError):  # it lies where that user may not look
            done = subprocess.run(
                [path, "-c", "import venv, ensurepip"], user=user, group=user, extra_groups=[], cwd="/"
            )
            if done.returncode == 0:
                return path
    cannot("no Python with venv that an unprivileged user may run; install your system's python3-venv package")
    raise AssertionError


@dataclass
class Image:
    """What the steps have made below `root`. env: what ENV has set, as the image says it. user: 0 until USER."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: int = 0

    def real(self, text: str) -> str:
        """A text of the image with its paths as they are on this machine."""
        return IMAGE_PATH.sub(lambda hit: str(self.root / hit[1]), text)

    def build(self, python: str) -> None:
        subprocess.run([python, "-m", "venv", self.real("/usr/local")], check=True, umask=0o022)
        for one in dockerfile():
            getattr(self, f"_{one.name.lower()}", lambda one: None)(one)

    def environment(self, more: Mapping[str, Any]) -> dict[str, str]:
        return {name: self.real(str(value)) for name, value in {**self.env, **more}.items()}

    def started(self, command: list[str], more: Mapping[str, Any], **options: Any) -> "subprocess.Popen[str]":
        """A command of the image as its user, with nothing of this test's own environment."""
        env = self.environment(more)
        program = shutil.which(command[0], path=env["PATH"])
        assert program, f"{command[0]} is not in the image's PATH"
        words = [program, *(self.real(word) for word in command[1:])]
        options |= {"user": self.user, "group": self.user, "extra_groups": [], "text": True}
        process: subprocess.Popen[str] = subprocess.Popen(words, cwd=self.real(self.workdir), env=env, **options)
        return process

    def done(self, command: list[str], more: Mapping[str, Any]) -> tuple[int, str]:
        process = self.started(command, more, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, _ = process.communicate(timeout=180)
        return process.returncode, output

    def _from(self, one: Instruction) -> None:
        self.env, self.workdir, self.user = {"PATH": "/usr/local/bin:/usr/bin:/bin"}, "/", 0

    def _env(self, one: Instruction) -> None:
        self.env |= dict(pair.split("=", 1) for pair in one.text.split())

    def _workdir(self, one: Instruction) -> None:
        self.workdir = one.text
        Path(self.real(one.text)).mkdir(parents=True, exist_ok=True)

    def _user(self, one: Instruction) -> None:
        self.user = int(one.text.partition(":")[0])

    def _copy(self, one: Instruction) -> None:
        source, target = one.text.split()[-2:]
        if one.text.startswith("--from="):
            assert source == target and Path(self.real(source)).is_dir()  # it lies there already
            return
        goal = Path(self.real(self.workdir)) / target
        goal.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, goal, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, goal)

    def _run(self, one: Instruction) -> None:
        kept = {name: value for name, value in os.environ.items() if FOR_PIP.fullmatch(name)}
        command, cwd = ["sh", "-ec", self.real(one.text)], self.real(self.workdir)
        env = {**kept, **self.environment({})}
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, umask=0o022)
        assert done.returncode == 0, f"{one.text}\n{done.stdout}{done.stderr}"


def files(folder: Path) -> Iterator[tuple[str, float]]:
    """Every file and when it was written last."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield str(path), path.stat().st_mtime
