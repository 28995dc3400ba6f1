"""The deadline holds against everything that can be slow, over real sockets."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from keys.cometapi import transport
from keys.cometapi.client import close_pool
from keys.errors import NotSent, Unclear, UpstreamError
from keys.types import Waits
from tests.cometapi.raw import Raw, drip, ok, raw
from tests.cometapi.support import SETTINGS, client, record, said, soon
from tests.support.mutants import mutated

pytestmark = pytest.mark.dbfree

GIVEN_S = 0.6
LATE_S = 2.0
"""For threads to wake up on a busy machine; the drips below would go on for minutes."""
ENDLESS = b"x" * 100_000


@pytest.fixture(autouse=True)
def _own_pool(settings: Any) -> Iterator[None]:
    settings.WAITS = Waits(connect_s=0.5)
    close_pool()
    yield
    close_pool()


def drip_header(server: Raw, peer: socket.socket) -> None:
    server.request(peer)
    drip(peer, b"HTTP/1.1 200 OK\r\nX-Slow: " + ENDLESS)


def drip_status(server: Raw, peer: socket.socket) -> None:
    server.request(peer)
    drip(peer, b"HTTP/1.1 200 " + ENDLESS)


def drip_body(server: Raw, peer: socket.socket) -> None:
    server.request(peer)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    drip(peer, ENDLESS)


def drip_chunks(server: Raw, peer: socket.socket) -> None:
    server.request(peer)
    peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(100_000):
        peer.sendall(b"1\r\n \r\n")
        time.sleep(0.02)


def flood_of_early_answers(server: Raw, peer: socket.socket) -> None:
    server.request(peer)
    while True:
        peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 50)
        time.sleep(0.01)


def flood_of_tiny_chunks(server: Raw, peer: socket.socket) -> None:
    server.request(peer)
    peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        peer.sendall(b"1\r\n \r\n" * 1000)


def stall(server: Raw, peer: socket.socket) -> None:
    server.request(peer)
    time.sleep(20)


def stall_after_header(server: Raw, peer: socket.socket) -> None:
    server.request(peer)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")
    time.sleep(20)


def read_nothing(server: Raw, peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    for _ in count():
        peer.recv(16)
        time.sleep(0.02)


SLOW = [drip_header, drip_status, drip_body, drip_chunks, flood_of_early_answers, flood_of_tiny_chunks, stall]


def timed(call: Callable[[], Any]) -> tuple[UpstreamError, float]:
    started = time.monotonic()
    with pytest.raises(UpstreamError) as caught:
        call()
    return caught.value, time.monotonic() - started


@pytest.mark.parametrize("script", [*SLOW, stall_after_header], ids=lambda script: script.__name__)
def test_a_slow_answer_ends_with_the_deadline(script: Callable[[Raw, socket.socket], None]) -> None:
    with raw(script) as server:
        fault, took_s = timed(lambda: client(server.url).put_key(1234, SETTINGS, soon(GIVEN_S)))

    assert isinstance(fault, Unclear) and fault.kind == "timeout"
    assert GIVEN_S - 0.05 <= took_s <= GIVEN_S + LATE_S
    assert server.connections == 1


def test_a_slow_reader_ends_with_the_deadline() -> None:
    long = {"model_limits": "m" * 30_000_000}
    with raw(read_nothing) as server:
        wanted = type(SETTINGS)(**{**SETTINGS.as_dict(), **long})
        fault, took_s = timed(lambda: client(server.url).put_key(1234, wanted, soon(GIVEN_S + 4)))

    assert isinstance(fault, Unclear) and fault.kind == "timeout"
    assert took_s <= GIVEN_S + 4 + LATE_S


def test_without_the_moments_a_drip_would_go_on() -> None:
    def drip_for_a_while(server: Raw, peer: socket.socket) -> None:
        server.request(peer)
        drip(peer, b"HTTP/1.1 200 OK\r\nX-Slow: " + ENDLESS[:160])

    with raw(drip_for_a_while) as server, mutated(transport.left_s, "(moment or 0.0) - time.monotonic()", "5.0"):
        _, took_s = timed(lambda: client(server.url).put_key(1234, SETTINGS, soon(GIVEN_S)))

    assert took_s > GIVEN_S + LATE_S


def test_a_read_leaves_room_for_a_second_attempt() -> None:
    def stall_once(server: Raw, peer: socket.socket) -> None:
        server.request(peer)
        if server.connections == 1:
            time.sleep(20)
        peer.sendall(ok(said(record())))

    with raw(stall_once) as server:
        found = client(server.url).get_key(1234, soon(6))

    assert (found.id, server.connections) == (1234, 2)


def test_a_name_server_that_hangs_ends_with_the_time_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [] if hanging.wait(20) else [])

    fault, took_s = timed(lambda: client("http://comet.invalid").put_key(1234, SETTINGS, soon(3)))
    hanging.set()

    assert isinstance(fault, NotSent) and fault.kind == "dns"
    assert took_s <= 0.5 + LATE_S


def test_an_address_that_swallows_everything_leaves_the_next_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(server: Raw, peer: socket.socket) -> None:
        server.request(peer)
        peer.sendall(ok(said(record())))

    full = socket.create_server(("127.0.0.2", 0), backlog=0)
    port = full.getsockname()[1]
    waiting = [socket.socket() for _ in range(4)]
    for one in waiting:  # fill its queue, so that further connections get no answer at all
        one.setblocking(False)
        one.connect_ex(("127.0.0.2", port))
    monkeypatch.setattr(transport, "resolve", lambda *_: ["127.0.0.2", "127.0.0.1"])

    with raw(answer) as server:
        real_port = int(server.url.rsplit(":", 1)[1])
        connect = transport.DeadlineBackend(_OnPort({"127.0.0.2": port, "127.0.0.1": real_port}), lambda: 1.0)
        stream = connect.connect_tcp("comet.invalid", 443, time.monotonic() + 5)

    stream.close()
    for one in [full, *waiting]:
        one.close()


class _OnPort:
    """Connects each address on a port of its own."""

    def __init__(self, ports: dict[str, int]) -> None:
        self.ports = ports

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, *_: Any) -> Any:
        return socket.create_connection((host, self.ports[host]), timeout)


@pytest.mark.parametrize("port_is", ["closed", "silent", "not TLS"])
def test_without_a_connection_nothing_was_sent(port_is: str) -> None:
    def script(server: Raw, peer: socket.socket) -> None:
        peer.recv(10)
        if port_is == "not TLS":
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        else:
            drip(peer, b"\x16\x03\x03\x3f\xff" + ENDLESS)

    with raw(script) as server:
        base = server.url.replace("http:", "https:")
        if port_is == "closed":
            base = "https://127.0.0.1:1"
        fault, took_s = timed(lambda: client(base).put_key(1234, SETTINGS, soon(3)))

    assert isinstance(fault, NotSent) and fault.kind == ("connect" if port_is == "closed" else "tls")
    assert took_s <= 0.5 + LATE_S


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = self_signed(tmp_path)
    context.load_cert_chain(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", certificate)  # the environment is to have no say
    received: list[bytes] = []

    def script(server: Raw, peer: socket.socket) -> None:
        with context.wrap_socket(peer, server_side=True) as inner:
            received.append(inner.recv(10))

    with raw(script) as server:
        fault, _ = timed(lambda: client(server.url.replace("http:", "https:")).put_key(1234, SETTINGS, soon(3)))

    assert isinstance(fault, NotSent) and fault.kind == "tls"
    assert not received


def self_signed(folder: Any) -> str:
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(secret.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    signed = builder.sign(secret, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = secret.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "certificate.pem"
    path.write_bytes(private + signed.public_bytes(pem))
    return str(path)
