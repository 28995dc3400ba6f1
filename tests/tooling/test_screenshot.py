"""The README's picture: there, of the right size, small, and shown."""

import struct
import zlib

import pytest

from tests.tooling.loading import ROOT, load

pytestmark = pytest.mark.dbfree
PICTURE = ROOT / "docs" / "screenshot.png"


def test_the_readme_shows_a_small_picture_of_the_right_size() -> None:
    tool, png = load("screenshot"), PICTURE.read_bytes()

    assert png[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", png[16:24]) == (tool.WIDTH, tool.HEIGHT)
    assert len(png) < tool.MOST_BYTES
    assert "](docs/screenshot.png)" in (ROOT / "README.md").read_text()


# One row of two RGB pixels under each filter of the PNG specification, and the pixels that it stands for.
ROWS = [
    (b"\0" + bytes([1, 2, 3, 4, 5, 6]), bytes([1, 2, 3, 4, 5, 6])),
    (b"\1" + bytes([9, 9, 9, 1, 2, 255]), bytes([9, 9, 9, 10, 11, 8])),
    (b"\2" + bytes([1, 1, 1, 1, 1, 1]), bytes([10, 10, 10, 11, 12, 9])),
    (b"\3" + bytes([0, 0, 0, 0, 0, 0]), bytes([5, 5, 5, 8, 8, 7])),
    (b"\4" + bytes([1, 1, 1, 0, 0, 0]), bytes([6, 6, 6, 8, 8, 7])),
]


def test_packing_keeps_every_pixel() -> None:
    tool = load("screenshot")
    filtered = zlib.compress(b"".join(row for row, _ in ROWS))
    head = struct.pack(">IIBBBBB", 2, len(ROWS), 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"tEXt", b"a\0b"), (b"IDAT", filtered[:9]), (b"IDAT", filtered[9:]), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(tool._chunk(kind, data) for kind, data in chunks)

    found = list(tool.chunks_of(tool.packed(png)))

    assert [kind for kind, _ in found] == [b"IHDR", b"IDAT", b"IEND"] and found[0][1] == head
    assert zlib.decompress(found[1][1]) == b"".join(b"\0" + pixels for _, pixels in ROWS)
