"""A server with the raw socket in hand, for what no HTTP server would ever do."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Raw:
    def __init__(self) -> None:
        self.url = ""
        self.connections = 0
        self.requests: list[bytes] = []

    def request(self, peer: socket.socket) -> bytes:
        """Reads one request with its body, and keeps it; b"" when the other side has closed."""
        taken = b""
        while b"\r\n\r\n" not in taken:
            piece = peer.recv(65536)
            if not piece:
                return b""
            taken += piece
        head, _, body = taken.partition(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
        while lengths and len(body) < int(lengths[0]):
            body += peer.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return self.requests[-1]


@contextmanager
def raw(script: Callable[[Raw, socket.socket], None]) -> Iterator[Raw]:
    """Runs `script` for every connection, in a thread each, until the block ends."""
    server, seen, ended = socket.create_server(("127.0.0.1", 0)), Raw(), threading.Event()
    seen.url = f"http://127.0.0.1:{server.getsockname()[1]}"

    def play(peer: socket.socket) -> None:
        with peer, suppress(OSError):
            script(seen, peer)

    def accept() -> None:
        while not ended.is_set():
            with suppress(OSError):
                peer, _ = server.accept()
                seen.connections += 1
                threading.Thread(target=play, args=(peer,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield seen
    finally:
        ended.set()
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()


def drip(peer: socket.socket, data: bytes, seconds: float = 0.02) -> None:
    """A byte at a time, for ever if `data` is long enough."""
    for byte in data:
        peer.sendall(bytes([byte]))
        time.sleep(seconds)


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
