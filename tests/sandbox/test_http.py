"""HTTP/1.1 itself: connections kept, bodies in every form, and what is no HTTP."""

import json

import pytest

from tests.sandbox.conftest import Desk
from tests.sandbox.raw import connect, hear, request_bytes

pytestmark = pytest.mark.dbfree


def test_a_connection_is_kept_and_requests_may_be_sent_ahead(desk: Desk) -> None:
    with connect(desk) as connection:
        two = [request_bytes(desk, "GET", f"/api/token/{desk.key_id}", keep=True)] * 2
        connection.sendall(b"".join(two) + request_bytes(desk, "GET", "/api/user/self"))
        heard = hear(connection)
    assert heard.data.count(b"HTTP/1.1 200 OK") == 3
    assert heard.ended == "eof"


def test_a_body_in_chunks(desk: Desk) -> None:
    content = json.dumps(desk.body(name="in chunks")).encode()
    head = f"PUT /api/token/ HTTP/1.1\r\nHost: x\r\nAuthorization: {desk.account.token}\r\nConnection: close\r\n"
    chunks = b"".join(f"{len(part):x};ext=1\r\n".encode() + part + b"\r\n" for part in (content[:9], content[9:]))
    with connect(desk) as connection:
        connection.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\nTrailer: x\r\n\r\n")
        assert hear(connection).json["data"]["name"] == "in chunks"


def test_the_go_ahead_is_given(desk: Desk) -> None:
    whole = request_bytes(desk, "PUT", "/api/token/", desk.body(name="two"))
    head, _, content = whole.partition(b"\r\n\r\n")
    with connect(desk) as connection:
        connection.sendall(head + b"\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(content)
        assert hear(connection).json["data"]["name"] == "two"


def test_an_old_client_gets_its_answer_and_the_end(desk: Desk) -> None:
    with connect(desk) as connection:
        connection.sendall(b"GET /api/models HTTP/1.0\r\n\r\n")
        heard = hear(connection)
    assert (heard.status, heard.ended, heard.json["success"]) == (200, "eof", True)


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/3\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"PUT /api/token/ HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"PUT /api/token/ HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"PUT /api/token/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_gets_400(desk: Desk, sent: bytes) -> None:
    with connect(desk) as connection:
        connection.sendall(sent)
        heard = hear(connection)
    assert (heard.status, heard.ended) == (400, "eof")


def test_odd_text_arrives_whole(desk: Desk) -> None:
    for name in ("مفتاح", "生产", "<b>&amp;", "\x00\x1b[31m", "\u202e", "\ud800 alone", "😀"):
        desk.sandbox.console_edit(desk.key_id, name=name)
        assert json.loads(desk.http.get(f"/api/token/{desk.key_id}").content)["data"]["name"] == name
