"""Bodies that are packed, cut, bombs or endless, over real sockets: taken in up to a bound, or Unclear."""

import gzip
import resource
import socket
import zlib

import pytest

from keys.cometapi.body import LIMIT, BadBody, Body
from keys.errors import Unclear
from tests.cometapi.raw import Raw, ok, raw
from tests.cometapi.support import SETTINGS, client, record, said, soon

pytestmark = pytest.mark.dbfree

GOOD = said(record())
GZIP = "Content-Encoding: gzip"


def bomb(megabytes: int) -> bytes:
    squeeze = zlib.compressobj(9, wbits=31)
    return b"".join(squeeze.compress(b" " * 1_000_000) for _ in range(megabytes)) + squeeze.flush()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LONG_HEADER = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000_000 + b"\r\n\r\n"
ODD = [
    ("gzip bomb", ok(bomb(200), GZIP), "too_large"),
    ("bad gzip", ok(b"\x1f\x8b\x08\0\0\0\0\0\0\0\xff\xff\xff", GZIP), "bad_encoding"),
    ("no gzip at all", ok(GOOD, GZIP), "bad_encoding"),
    ("cut gzip", ok(gzip.compress(GOOD)[:-9], GZIP), "cut_body"),
    ("wrong checksum", ok(gzip.compress(GOOD)[:-8] + bytes(8), GZIP), "bad_encoding"),
    ("more after gzip", ok(gzip.compress(GOOD) + b"x", GZIP), "bad_encoding"),
    ("gzip twice", ok(gzip.compress(gzip.compress(GOOD)), "Content-Encoding: gzip, gzip"), "bad_encoding"),
    ("brotli, which nobody asked for", ok(GOOD, "Content-Encoding: br"), "bad_encoding"),
    ("cut by length", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + GOOD, "cut_body"),
    ("cut chunks", CHUNKED + b"%x\r\n" % len(GOOD) + GOOD + b"\r\n", "cut_body"),
    ("bad chunks", CHUNKED + b"what\r\n", "cut_body"),
    ("cut in the header", b"HTTP/1.1 200 OK\r\nContent-Ty", "no_answer"),
    ("garbage", b"\0\xff" * 100 + b"\r\n\r\n", "protocol"),
    ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "protocol"),
    ("a header of 10 MB", LONG_HEADER, "protocol"),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12", "protocol"),
    ("switching protocols", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "protocol"),
    ("nothing", b"", "no_answer"),
    ("a body without length that ends early", b"HTTP/1.1 200 OK\r\n\r\n" + GOOD[:-5], "odd_answer"),
]


@pytest.mark.parametrize(("sent", "kind"), [row[1:] for row in ODD], ids=[row[0] for row in ODD])
def test_a_write_so_answered_is_unclear_and_sent_once(sent: bytes, kind: str) -> None:
    def script(server: Raw, peer: socket.socket) -> None:
        server.request(peer)
        peer.sendall(sent)
        peer.shutdown(socket.SHUT_WR)
        peer.settimeout(2)
        while peer.recv(65536):
            pass

    with raw(script) as server, pytest.raises(Unclear) as caught:
        client(server.url).put_key(1234, SETTINGS, soon(4))

    assert caught.value.kind == kind
    assert len(server.requests) == server.connections == 1


@pytest.mark.parametrize("packed", [False, True])
def test_a_body_without_end_stops_at_the_bound(packed: bool) -> None:
    def script(server: Raw, peer: socket.socket) -> None:
        server.request(peer)
        more = [GZIP, "", ""] if packed else ["", ""]
        peer.sendall("\r\n".join(["HTTP/1.1 200 OK", "Content-Length: 1073741824", *more]).encode())
        squeeze = zlib.compressobj(0, wbits=31)
        while True:
            peer.sendall(squeeze.compress(b" " * 65536) if packed else b" " * 65536)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with raw(script) as server, pytest.raises(Unclear) as caught:
        client(server.url).put_key(1234, SETTINGS, soon(4))

    assert caught.value.kind == "too_large"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # KB


@pytest.mark.parametrize("headers", [[], ["Content-Type: text/plain"], [GZIP]])
def test_a_good_body_is_taken_in(headers: list[str]) -> None:
    def script(server: Raw, peer: socket.socket) -> None:
        while server.request(peer):
            peer.sendall(ok(gzip.compress(GOOD) if headers == [GZIP] else GOOD, *headers))

    with raw(script) as server:
        found = [client(server.url).put_key(1234, SETTINGS, soon()) for _ in range(3)]

    assert [answer.snapshot.settings for answer in found if answer.snapshot] == [SETTINGS] * 3
    assert server.connections == 1  # kept and used again


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_the_bound_is_exact(encoding: str) -> None:
    def taken(size: int) -> int:
        body = Body(encoding)
        data = b"x" * size
        for at in range(0, size, 100_000) if not encoding else (0,):
            body.feed(gzip.compress(data) if encoding else data[at : at + 100_000])
        return len(body.whole())

    assert taken(LIMIT) == LIMIT
    with pytest.raises(BadBody):
        taken(LIMIT + 1)
