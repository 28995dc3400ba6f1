"""A mutant for tests that start the product in processes of its own: a copy of it in which one text differs."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("manage.py", "cometadmin", "keys", "templates", "static")


@contextmanager
def file_mutant(folder: Path, file: str, old: str, new: str) -> Iterator[Path]:
    """A copy of the product under `folder`, with `old` replaced by `new` in `file`; yields its root, for `manage.py`.

    file: its path from the root, such as "keys/services/perform.py". `old` must occur exactly once.
    """
    root = folder / "mutant"
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            root.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, root / name)
    _share_static_files(root)
    shipped = (root / file).read_text(encoding="utf-8")
    assert shipped.count(old) == 1, f"{old!r} occurs {shipped.count(old)} times in {file}"
    (root / file).write_text(shipped.replace(old, new), encoding="utf-8")
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _share_static_files(root: Path) -> None:
    """`serve` wants them collected; no mutant alters them, so those of this folder will do."""
    collected = ROOT / "var" / "static"
    if collected.is_dir():
        (root / "var").mkdir()
        (root / "var" / "static").symlink_to(collected)
