"""Where tests put their databases: in memory where the machine offers it, since each of them gets one of its own."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/dev/shm")  # noqa: S108  (Linux's file system in memory)
ENOUGH: Final = 4 * 2**30
"""Bytes that must be free; a container often has 64 MB there."""


def parent() -> str:
    """The folder to make temporary folders in; short, since the path of a socket below it must be."""
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ENOUGH:
        return str(MEMORY)
    return "/tmp"  # noqa: S108


@contextmanager
def environment() -> Iterator[dict[str, str]]:
    """An environment whose temporary files are gone when the block has ended."""
    with tempfile.TemporaryDirectory(prefix="tests", dir=parent(), ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # the test of the image goes through it as another user
        yield {**os.environ, "TMPDIR": folder}
