"""HTTP/1.1 by hand: bytes in, a request out; a response in, bytes out."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, unquote

MAX_HEAD = 256 * 1024
MAX_BODY = 64 * 1024 * 1024


class BadRequest(Exception):
    """What came is no request that can be answered."""


@dataclass
class Request:
    method: str
    target: str
    version: str
    headers: dict[str, str]
    body: bytes
    peer: str

    @property
    def path(self) -> str:
        return unquote(self.target.partition("?")[0])

    @property
    def raw_query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def query(self) -> dict[str, str]:
        """The first value of each name."""
        return dict(reversed(parse_qsl(self.raw_query, keep_blank_values=True)))

    @property
    def keep_alive(self) -> bool:
        asked = self.headers.get("connection", "").lower()
        return "close" not in asked and (self.version == "HTTP/1.1" or "keep-alive" in asked)


@dataclass
class Response:
    status: int = 200
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    payload: Any = None

    def head(self, keep_alive: bool, length: int | None) -> bytes:
        """The status line and headers; without a length the end of the connection is the end of the body."""
        lines = [f"HTTP/1.1 {self.status} {reason(self.status)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if length is not None and self.status not in (204, 304):
            lines.append(f"Content-Length: {length}")
        if not keep_alive:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def encode(payload: Any) -> bytes:
    """Compact JSON in UTF-8; a lone surrogate, which UTF-8 cannot say, is escaped."""
    try:
        return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(payload, separators=(",", ":")).encode("ascii")


def as_json(payload: Any, status: int = 200) -> Response:
    return Response(status, encode(payload), [("Content-Type", "application/json; charset=utf-8")], payload)


def as_html(text: str, status: int = 200) -> Response:
    return Response(status, text.encode(), [("Content-Type", "text/html; charset=utf-8")])


def read_request(stream: BinaryIO, peer: str) -> Request | None:
    """The next request, or None at the end of the connection. Raises BadRequest."""
    line = stream.readline(MAX_HEAD)
    if not line.strip():
        return None
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequest("malformed request line")
    headers = _read_headers(stream)
    return Request(parts[0], parts[1], parts[2], headers, b"", peer)


def read_body(stream: BinaryIO, headers: dict[str, str]) -> bytes:
    """The body by its length or in chunks. Raises BadRequest."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _read_chunks(stream)
    announced = headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > MAX_BODY:
        raise BadRequest("bad content length")
    body = stream.read(int(announced))
    if len(body) < int(announced):
        raise BadRequest("body cut short")
    return body


def _read_headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    left = MAX_HEAD
    while True:
        line = stream.readline(left)
        left -= len(line)
        if line in (b"\r\n", b"\n"):
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not line or left <= 0 or not colon:
            raise BadRequest("malformed headers")
        headers[name.strip().lower()] = value.strip()


def _read_chunks(stream: BinaryIO) -> bytes:
    body = b""
    while True:
        try:
            size = int(stream.readline(1024).split(b";")[0], 16)
        except ValueError as error:
            raise BadRequest("bad chunk") from error
        if size < 0 or len(body) + size > MAX_BODY:
            raise BadRequest("body too large")
        if size == 0:
            break
        body += stream.read(size)
        stream.readline(8)
    while stream.readline(MAX_HEAD).strip():
        pass
    return body
