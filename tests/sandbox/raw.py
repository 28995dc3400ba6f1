"""A request over a bare socket: what really comes back, byte for byte, and how it ends."""

import json
import socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.sandbox.conftest import Desk


@dataclass
class Heard:
    """ended: eof, reset, or silent (the time was up)."""

    data: bytes
    ended: str
    seconds: float

    @property
    def head(self) -> str:
        return self.data.partition(b"\r\n\r\n")[0].decode("latin-1")

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def status(self) -> int:
        return int(self.head.split()[1])

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str:
        for line in self.head.splitlines():
            if line.lower().startswith(name.lower() + ":"):
                return line.partition(":")[2].strip()
        return ""


def connect(desk: Desk) -> socket.socket:
    parts = urlsplit(desk.sandbox.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


def request_bytes(desk: Desk, method: str, path: str, body: Any = None, keep: bool = False) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: sandbox", f"Authorization: {desk.account.token}"]
    lines += [f"Content-Length: {len(content)}", f"Connection: {'keep-alive' if keep else 'close'}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def hear(
    connection: socket.socket, patience: float = 30.0, most: int = 50_000_000, began: float | None = None
) -> Heard:
    """began: when the request was sent, in monotonic seconds; now unless told."""
    began, data = time.monotonic() if began is None else began, bytearray()
    ended = "silent"
    while (left := patience - (time.monotonic() - began)) > 0 and len(data) < most:
        connection.settimeout(left)
        try:
            piece = connection.recv(1_000_000)
        except ConnectionResetError:
            ended = "reset"
            break
        except TimeoutError:
            break
        if not piece:
            ended = "eof"
            break
        data += piece
    return Heard(bytes(data), ended, time.monotonic() - began)


def ask(desk: Desk, method: str, path: str, body: Any = None, patience: float = 30.0, most: int = 50_000_000) -> Heard:
    with connect(desk) as connection:
        began = time.monotonic()  # the sandbox may begin to wait before we begin to listen
        connection.sendall(request_bytes(desk, method, path, body))
        return hear(connection, patience, most, began)
