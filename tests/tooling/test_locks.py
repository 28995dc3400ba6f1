"""The lock files: hashes for everything, no address of an index, and each a superset of the one below."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = ("base", "dev", "e2e", "tools")
PIN = re.compile(r"^([a-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)

pytestmark = pytest.mark.dbfree


def text(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text()


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall(text(name)))


def asked_for(*groups: str) -> set[str]:
    """Names that pyproject.toml asks for, as lock files spell them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"]]
    for group in groups:
        wanted += project["dependency-groups"][group]
    return {re.split(r"[\[<>=!~; ]", entry)[0].lower() for entry in wanted}


@pytest.mark.parametrize("name", FILES)
def test_no_address_and_no_option_but_hashes(name: str) -> None:
    lines = [line.strip() for line in text(name).splitlines()]

    assert "://" not in text(name)
    assert [line for line in lines if line.startswith("--") and not line.startswith("--hash=sha256:")] == []


@pytest.mark.parametrize("name", FILES)
def test_every_package_has_hashes(name: str) -> None:
    entries = re.split(r"(?m)^(?=[a-z0-9])", text(name))[1:]

    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_all_that_is_asked_for_is_locked() -> None:
    assert asked_for() - set(pins("base")) == set()
    assert asked_for("dev") - set(pins("dev")) == set()
    assert asked_for("dev", "e2e") - set(pins("e2e")) == set()


@pytest.mark.parametrize(("small", "large"), [("base", "dev"), ("dev", "e2e")])
def test_a_larger_lock_holds_the_smaller_one(small: str, large: str) -> None:
    differing = {
        name: (pin, pins(large).get(name)) for name, pin in pins(small).items() if pins(large).get(name) != pin
    }

    assert differing == {}


def test_a_lock_file_with_addresses_is_never_committed() -> None:
    ignored = subprocess.run(["git", "check-ignore", "--quiet", "--no-index", "uv.lock"], cwd=ROOT, check=False)

    assert ignored.returncode == 0
