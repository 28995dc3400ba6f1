"""One pool for the process: kept connections, dead ones, cookies, redirects, threads and forks."""

import os
import socket
import threading
from typing import Any

import pytest

from keys.cometapi import client as client_module
from keys.errors import Unclear
from tests.cometapi.raw import Raw, ok, raw
from tests.cometapi.support import SETTINGS, client, record, said, soon

pytestmark = pytest.mark.dbfree

GOOD = said(record())


@pytest.mark.parametrize("manner", ["close", "reset"])
def test_a_kept_connection_that_dies_under_a_put_is_unclear_and_the_put_is_not_sent_again(manner: str) -> None:
    def answer_once(server: Raw, peer: socket.socket) -> None:
        server.request(peer)
        peer.sendall(ok(GOOD))
        server.request(peer)
        if manner == "reset":
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with raw(answer_once) as server:
        client(server.url).put_key(1234, SETTINGS, soon())
        with pytest.raises(Unclear) as caught:
            client(server.url).put_key(1234, SETTINGS, soon())

    assert caught.value.kind in ("no_answer", "reset")
    assert (server.connections, len(server.requests)) == (1, 2)


def test_a_kept_connection_that_was_closed_meanwhile_is_not_used_again() -> None:
    closed = threading.Semaphore(0)

    def answer_and_close(server: Raw, peer: socket.socket) -> None:
        server.request(peer)
        peer.sendall(ok(GOOD))
        peer.shutdown(socket.SHUT_RDWR)
        closed.release()

    with raw(answer_and_close) as server:
        for _ in range(5):
            client(server.url).put_key(1234, SETTINGS, soon())
            closed.acquire(timeout=2)

    assert (server.connections, len(server.requests)) == (5, 5)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed_with_the_token_in_hand(status: int) -> None:
    def answer(server: Raw, peer: socket.socket) -> None:
        server.request(peer)
        peer.sendall(b"HTTP/1.1 %d X\r\nLocation: %s/api/else\r\n\r\n" % (status, server.url.encode()))

    with raw(answer) as server, pytest.raises(Unclear) as caught:
        client(server.url).put_key(1234, SETTINGS, soon())

    assert caught.value.kind == "redirect"
    assert len(server.requests) == 1


def test_cookies_of_one_team_do_not_go_to_another() -> None:
    def answer(server: Raw, peer: socket.socket) -> None:
        while server.request(peer):
            peer.sendall(ok(GOOD, "Set-Cookie: session=one; Path=/"))

    with raw(answer) as server:
        client(server.url).put_key(1234, SETTINGS, soon())
        client(server.url, access_token="other").put_key(1234, SETTINGS, soon())

    assert len(server.requests) == 2
    assert b"session" not in server.requests[1] and b"ookie" not in server.requests[1]


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("SSLKEYLOGFILE", f"{tmp_path}/keys.log")
    client_module.close_pool()
    client_module._tls.cache_clear()

    def answer(server: Raw, peer: socket.socket) -> None:
        server.request(peer)
        peer.sendall(ok(GOOD))

    with raw(answer) as server:
        client(server.url).put_key(1234, SETTINGS, soon())

    pool: Any = client_module._pool()
    context: Any = pool._pool._ssl_context
    assert context.keylog_filename is None and context.check_hostname
    assert len(server.requests) == 1


def test_threads_share_the_pool_within_its_bound() -> None:
    gate, most = threading.Semaphore(0), 60
    open_now, peak, lock = 0, 0, threading.Lock()

    def answer(server: Raw, peer: socket.socket) -> None:
        nonlocal open_now, peak
        while server.request(peer):
            with lock:
                open_now, peak = open_now + 1, max(peak, open_now + 1)
            gate.acquire(timeout=0.05)
            with lock:
                open_now -= 1
            peer.sendall(ok(GOOD))

    failures: list[BaseException] = []

    def work(url: str) -> None:
        try:
            client(url).put_key(1234, SETTINGS, soon(10))
        except BaseException as fault:
            failures.append(fault)

    with raw(answer) as server:
        threads = [threading.Thread(target=work, args=(server.url,)) for _ in range(most)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert not failures
    assert len(server.requests) == most and peak <= 20 and server.connections <= most


def test_a_forked_process_makes_connections_of_its_own() -> None:
    def answer(server: Raw, peer: socket.socket) -> None:
        while server.request(peer):
            peer.sendall(ok(GOOD))

    with raw(answer) as server:
        client(server.url).put_key(1234, SETTINGS, soon())
        child = os.fork()
        if not child:
            try:
                client(server.url).put_key(1234, SETTINGS, soon())
                os._exit(0)
            except BaseException:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        client(server.url).put_key(1234, SETTINGS, soon())

    assert status == 0
    assert (server.connections, len(server.requests)) == (2, 3)
