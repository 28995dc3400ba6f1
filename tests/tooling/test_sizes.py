"""Nothing grows into a room where nobody finds anything: files, functions and templates stay short."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES, FUNCTION_LINES, TEMPLATE_LINES = 300, 60, 120  # 250 and 30 are aimed at; these end the build
TEST_LINES = 350  # one file an operation: a table of cases may be longer than a room

pytestmark = pytest.mark.dbfree


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if "migrations" not in path.parts)


def long_functions(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {lines} lines"


def too_long(paths: Iterator[Path], most: int) -> list[str]:
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in paths}
    return [f"{path} has {lines} lines" for path, lines in lengths.items() if lines > most]


def test_no_file_is_long() -> None:
    assert too_long(python_files("cometadmin", "keys", "tools"), FILE_LINES) == []
    assert too_long(python_files("tests"), TEST_LINES) == []


def test_no_function_is_long() -> None:
    assert [
        found for path in python_files("cometadmin", "keys", "tools", "tests") for found in long_functions(path)
    ] == []


def test_no_template_is_long() -> None:
    assert too_long((ROOT / "templates").rglob("*.html"), TEMPLATE_LINES) == []
