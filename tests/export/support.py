"""Bundles made by the product and checked by the shipped script in a process of its own, as an auditor does."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings

from keys.ledger import checkpoint, verify_export
from keys.selectors.history_filter import HistoryFilter
from keys.selectors.ledger_filter import LedgerFilter
from keys.services.bundle import VERIFIER
from keys.services.export_lines import pieces_of
from keys.services.exporting import Format, begin_export
from tests.people.making import SYSTEM

Entries = dict[str, str]


@dataclass(frozen=True)
class Verdict:
    code: int
    said: str


def exported(form: Format = Format.BUNDLE, *, person: Any = None, by: Any = SYSTEM, **wanted: Any) -> bytes:
    export = begin_export(person=person, actor=by, wanted=asked_for(**wanted), form=form)
    return b"".join(pieces_of(export, form))


def asked_for(**wanted: Any) -> HistoryFilter:
    of_fields = {name: wanted.pop(name) for name in ("field", "value") if name in wanted}
    return HistoryFilter(LedgerFilter(**wanted), **of_fields)


def bundle(path: Path, **wanted: Any) -> Path:
    path.write_bytes(exported(**wanted))
    return path


def fingerprint() -> str:
    return checkpoint.fingerprint(checkpoint.public_key(next(iter(settings.CHECKPOINT_KEYS.values()))))


def checked(path: Path, *arguments: str, known: bool = True) -> Verdict:
    """By the script as it is in this process, where mutants can be tried; `outside` runs it as an auditor does."""
    by = ["--fingerprint", fingerprint()] if known else []
    out = io.StringIO()
    with mock.patch.object(sys, "argv", ["verify_export.py", str(path), *by, *arguments]), redirect_stdout(out):
        code = verify_export.main()
    return Verdict(code, out.getvalue())


def outside(path: Path, script: Path = VERIFIER) -> Verdict:
    """In a process of its own, isolated (-I): nothing of this project can be imported."""
    command = [sys.executable, "-I", str(script), str(path), "--fingerprint", fingerprint()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=path.parent)
    assert done.stderr == "", done.stderr
    return Verdict(done.returncode, done.stdout)


def entries(path: Path) -> Entries:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def rewritten(path: Path, change: Callable[[Entries], None]) -> Path:
    """A copy of a bundle in which somebody changed something."""
    inside = entries(path)
    change(inside)
    target = path.with_name("altered.zip")
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in inside.items():
            archive.writestr(name, text)
    return target


def rows(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]
