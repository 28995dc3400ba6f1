"""One connection, with the raw socket in hand: so that an answer can be cut, reset, dripped or never given."""

import contextlib
import socket
import struct
import threading
import time

from .http11 import Response

PIECE_S = 0.05


class Wire:
    """Writing raises OSError when the client has left. `closed` means that no further request is read."""

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        self._connection = connection
        self._stopping = stopping
        self.closed = False
        self.idle = True

    def respond(self, response: Response, keep_alive: bool = True, head_only: bool = False) -> None:
        """The whole answer, as it should be."""
        body = b"" if head_only else response.body
        self.send(response.head(keep_alive, len(response.body)) + body)
        if not keep_alive:
            self.close()

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def drip(self, data: bytes, interval_s: float) -> None:
        """A byte at a time."""
        for position in range(len(data)):
            self.send(data[position : position + 1])
            if not self.wait(interval_s):
                return

    def wait(self, seconds: float) -> bool:
        """True after so long; False at once when the client leaves or the server stops."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._stopping.wait(min(PIECE_S, left)) or self._client_left():
                return False
        return not self._stopping.is_set()

    def close(self) -> None:
        """A decent end: what was sent arrives."""
        self.closed = True
        self._end()

    def reset(self) -> None:
        """RST instead of FIN: the client sees a broken connection."""
        self.closed = True
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()

    def shut(self) -> None:
        """Wakes whoever reads or writes here; they then see the end. Safe from another thread."""
        self.closed = True
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _end(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)

    def _client_left(self) -> bool:
        try:
            return self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
