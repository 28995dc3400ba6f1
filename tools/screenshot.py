"""`make screenshot`: the README's picture, taken anew from the demo in a copy of this folder that is thrown away after.

The demo's own data; 1280 × 800, light. Needs Chromium (Debian: apt-get install chromium).
"""

import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "screenshot.png"
PARTS = ("manage.py", "cometadmin", "keys", "templates", "static", "tools")
WIDTH, HEIGHT, MOST_BYTES = 1280, 800, 200_000
SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
PASSWORD = "cometadmin-demo"


@contextmanager
def demo() -> Iterator[str]:
    """The address of a demo that has just been made."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as name:
        for part in PARTS:
            source, copy = ROOT / part, Path(name) / part
            (shutil.copytree if source.is_dir() else shutil.copyfile)(source, copy)
        command = [sys.executable, str(Path(name) / "tools" / "demo.py")]
        env = {**os.environ, "PORT": port}
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            words = ""
            for line in process.stdout or ():
                words += line
                if "Ctrl-C" in line:
                    break
            else:
                sys.exit(f"The demo did not start:\n{words}")
            yield f"http://localhost:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def taken(address: str, chromium: str) -> bytes:
    """A PNG of a team's keys, as its lead sees them."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=list(SWITCHES))
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", locale="en-GB")
        page.goto(f"{address}/accounts/login/?next=/teams/atlas/keys/")
        page.get_by_label("Username").fill("lead")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="production-web").wait_for()
        picture = page.screenshot()
        browser.close()
    return picture


def packed(png: bytes) -> bytes:
    """The same pixels in far fewer bytes: a page of flat colours packs best without a filter before deflate.

    For pictures of 8 bits a channel without interlacing, as a browser makes them. Chunks that no reader needs go.
    """
    head = png[16:29]
    channels = {2: 3, 6: 4}[head[9]]
    pixels = zlib.decompress(b"".join(data for kind, data in chunks_of(png) if kind == b"IDAT"))
    plain = zlib.compress(_unfiltered(pixels, channels * struct.unpack(">I", head[:4])[0], channels), 9)
    return png[:8] + _chunk(b"IHDR", head) + _chunk(b"IDAT", plain) + _chunk(b"IEND", b"")


def _unfiltered(data: bytes, width: int, step: int) -> bytes:
    """Each row with filter 0 in front (PNG specification, 9.2). width: bytes a row. step: bytes a pixel."""
    rows, above = bytearray(), bytearray(width)
    for start in range(0, len(data), width + 1):
        row = bytearray(data[start + 1 : start + 1 + width])
        _undo(data[start], row, above, step)
        rows += b"\0" + row
        above = row
    return bytes(rows)


def _undo(kind: int, row: bytearray, above: bytearray, step: int) -> None:
    for at in range(len(row) if kind else 0):
        left = row[at - step] if at >= step else 0
        corner = above[at - step] if at >= step else 0
        up = above[at]
        guess = (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]
        row[at] = (row[at] + guess) & 255


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    return min((left, up, corner), key=lambda value: abs(estimate - value))


def chunks_of(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main() -> int:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("Chromium is not installed (Debian: apt-get install chromium).", file=sys.stderr)
        return 77
    with demo() as address:
        picture = packed(taken(address, chromium))
    if len(picture) > MOST_BYTES:
        print(f"The picture takes {len(picture):,} bytes, more than {MOST_BYTES:,}; it was not kept.", file=sys.stderr)
        return 1
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(picture)
    print(f"{TARGET.relative_to(ROOT)}: {WIDTH} × {HEIGHT}, {len(picture):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
