"""What every request gets, seen over a socket: ids, headers, refusals of hostile bytes."""

import re
from pathlib import Path

import pytest

from tests.start import product
from tests.start.product import Server

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}


def test_the_content_security_policy_is_strict(server: Server) -> None:
    answer = product.get(server.port, "/accounts/login/")

    assert set(answer.headers["Content-Security-Policy"].split("; ")) == POLICY
    assert answer.headers.get_all("Content-Security-Policy-Report-Only") is None


def test_other_headers_close_what_is_not_used(server: Server) -> None:
    headers = product.get(server.port, "/nowhere/").headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_a_request_id_is_made_up_for_each_request(server: Server) -> None:
    ids = {product.get(server.port, "/healthz").headers["X-Request-Id"] for _ in range(3)}

    assert len(ids) == 3
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in ids)


def test_a_request_id_is_taken_from_a_trusted_proxy_alone(server: Server, behind_proxy: Server) -> None:
    given = {"X-Request-Id": "from-the-proxy-1"}

    assert product.get(server.port, "/healthz", given).headers["X-Request-Id"] != "from-the-proxy-1"
    assert product.get(behind_proxy.port, "/healthz", given).headers["X-Request-Id"] == "from-the-proxy-1"


@pytest.mark.parametrize("given", ["short", "x" * 65, "blank in it 123", "<script>alert(1)"])
def test_an_odd_request_id_is_replaced(given: str, behind_proxy: Server) -> None:
    answer = product.get(behind_proxy.port, "/healthz", {"X-Request-Id": given})

    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-Id"])


def test_without_tls_everything_but_health_is_sent_to_https(behind_proxy: Server) -> None:
    page = product.get(behind_proxy.port, "/accounts/login/")

    assert (page.status, page.headers["Location"][:8]) == (301, "https://")
    assert product.get(behind_proxy.port, "/healthz").status == 200


def test_behind_tls_cookies_are_bound_to_the_host(behind_proxy: Server) -> None:
    answer = product.get(behind_proxy.port, "/accounts/login/", {"X-Forwarded-Proto": "https"})

    cookie = answer.headers["Set-Cookie"]
    assert answer.status == 200
    assert cookie.startswith("__Host-csrftoken=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_nobody_but_a_trusted_proxy_says_that_it_was_https(
    keys: Path, migrated: Path, collected: None, tmp_path: Path
) -> None:
    env = product.sound(keys, product.copied(migrated, tmp_path))
    del env["PLAIN_HTTP"]
    with product.serving(env, tmp_path / "log"):
        answer = product.get(int(env["PORT"]), "/accounts/login/", {"X-Forwarded-Proto": "https"})

    assert answer.status == 301


@pytest.mark.parametrize(
    "path", ["/%00", "/teams/%00/", "/accounts/login/?next=%00", "/accounts/login/?a=%ff", "/?a=%ed%a0%80"]
)
def test_bytes_that_no_browser_sends_are_refused(path: str, server: Server) -> None:
    answer = product.get(server.port, path)

    assert (answer.status, answer.text) == (400, "This address cannot be read. Nothing was changed.")


@pytest.mark.parametrize("path", ["/%ff", "/%ed%a0%80/", "/teams/%c0%ae/"])
def test_a_broken_path_is_no_page(path: str, server: Server) -> None:
    assert product.get(server.port, path).status in (400, 404)


def test_words_beyond_latin_are_not_hostile(server: Server) -> None:
    path = "/accounts/login/?next=/%D9%85%D8%B1%D8%AD%D8%A8%D8%A7/%E4%BD%A0%E5%A5%BD"

    assert product.get(server.port, path).status == 200
    assert product.get(server.port, "/%E4%BD%A0%E5%A5%BD/").status == 404


def test_a_nul_in_a_quoted_cookie_is_refused(server: Server) -> None:
    answer = product.get(server.port, "/accounts/login/", {"Cookie": 'sessionid="aaaaaaaaaaaa\\000bbbb"'})

    assert answer.status == 400


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_that_is_too_large_is_refused_in_plain_words(kind: str, server: Server) -> None:
    body = b"a=" + b"x" * 10_000_000

    answer = product.get(server.port, "/accounts/login/", {"Content-Type": kind}, body)

    assert (answer.status, answer.text) == (413, "What was sent is too large. Nothing was changed.")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "multipart/form-data"}, b"junk"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\njunk"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"&".join(b"f%d=1" % n for n in range(2000))),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"login=%00&password=%ed%a0%80"),
    ],
)
def test_a_body_that_is_no_form_never_breaks_the_server(headers: dict[str, str], body: bytes, server: Server) -> None:
    assert 400 <= product.get(server.port, "/accounts/login/", headers, body).status < 500


@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "hex", "rot13", "idna", "undefined", "punycode", "x-none", "é"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_in_another_charset_is_refused(kind: str, charset: str, server: Server) -> None:
    answer = product.get(
        server.port, "/accounts/login/?a=%2B2AA-", {"Content-Type": f"{kind}; charset={charset}"}, b"a=\xff"
    )

    assert (answer.status, answer.text) == (415, "Forms are read in UTF-8 alone. Nothing was changed.")


def test_a_charset_that_cannot_be_told_is_refused(server: Server) -> None:
    answer = product.get(server.port, "/accounts/login/", {"Content-Type": "text/plain; charset*=foo'en'bar"}, b"a=b")

    assert answer.status == 415


def test_a_page_that_is_no_address_leads_to_the_sign_in(server: Server) -> None:
    answer = product.get(server.port, "/teams/", {"HX-Request": "true", "HX-Current-URL": "http://["})

    assert (answer.status, answer.headers["HX-Redirect"]) == (401, "/accounts/login/?next=%2F")


def test_the_icon_is_there_with_the_files_as_they_are_served(server: Server) -> None:
    answer = product.get(server.port, "/favicon.ico")

    assert answer.status == 302
    assert product.get(server.port, answer.headers["Location"]).text.startswith("<svg")


def test_a_body_that_says_it_is_in_utf8_is_read(server: Server) -> None:
    headers = {"Content-Type": 'application/x-www-form-urlencoded; charset="UTF-8"'}

    assert product.get(server.port, "/accounts/login/", headers, b"login=x").status == 403  # read; no CSRF token


def test_a_host_that_is_not_ours_is_refused(server: Server) -> None:
    assert product.get(server.port, "/accounts/login/", {"Host": "evil.example.com"}).status == 400


def test_an_ended_session_sends_a_fragment_to_the_sign_in_page(server: Server) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://127.0.0.1:{server.port}/teams/?page=2"}

    answer = product.get(server.port, "/teams/", headers)

    assert answer.status == 401
    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=%2Fteams%2F%3Fpage%3D2"


def test_a_fragment_never_leads_to_another_host(server: Server) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.example.com/x"}

    assert product.get(server.port, "/teams/", headers).headers["HX-Redirect"] == "/accounts/login/?next=%2F"


def test_a_page_for_the_signed_in_leads_to_the_sign_in_page(server: Server) -> None:
    answer = product.get(server.port, "/teams/")

    assert (answer.status, answer.headers["Location"]) == (302, "/accounts/login/?next=/teams/")


@pytest.mark.parametrize("path", ["signup", "email", "reauthenticate", "password/set", "password/reset"])
def test_sign_in_pages_that_are_not_in_use_are_closed(path: str, server: Server) -> None:
    assert product.get(server.port, f"/accounts/{path}/").status == 404
