"""The log: one line a request, and nothing in it that was typed or sent by somebody."""

import sqlite3
from pathlib import Path

from tests.start import product
from tests.start.product import Server

CANARY = "canary-4711-typed-by-somebody"


def test_the_log_holds_no_query_no_body_and_no_unknown_path(server: Server) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"http://127.0.0.1/?{CANARY}"}

    product.get(server.port, f"/accounts/login/?next=/{CANARY}")
    product.get(server.port, f"/{CANARY}/")
    product.get(server.port, f"/static/{CANARY}.css")
    product.get(server.port, "/accounts/login/", form, f"login={CANARY}&password={CANARY}".encode())
    product.get(server.port, "/accounts/login/", {"Host": f"{CANARY}.example.com"})
    product.get(server.port, "/accounts/login/", {"X-Request-Id": CANARY, "User-Agent": CANARY})
    product.get(server.port, "/accounts/login/", {"Cookie": f"sessionid={CANARY}"})

    assert CANARY not in server.log.read_text()


def test_each_request_is_one_line_of_the_log(server: Server) -> None:
    answer = product.get(server.port, "/accounts/login/?next=/x")

    mine = [line for line in server.lines() if line.get("request_id") == answer.headers["X-Request-Id"]]
    assert len(mine) == 1
    told = {name: mine[0][name] for name in ("event", "method", "route", "path", "status", "person")}
    assert told == {
        "event": "request",
        "method": "GET",
        "route": "account_login",
        "path": "/accounts/login/",
        "status": 200,
        "person": None,
    }


def test_an_error_page_and_its_log_tell_nothing_of_what_was_sent(
    keys: Path, migrated: Path, collected: None, tmp_path: Path
) -> None:
    database = product.copied(migrated, tmp_path)
    env = product.sound(keys, database)
    with product.serving(env, tmp_path / "log"):
        with sqlite3.connect(database) as connection:
            connection.execute("DROP TABLE django_session")
        cookie = {"Cookie": f"sessionid={CANARY}"}
        answer = product.get(int(env["PORT"]), f"/accounts/login/?q={CANARY}", cookie)

    log = (tmp_path / "log").read_text()
    assert answer.status == 500
    assert CANARY not in answer.text + log
    assert "django.db.utils.OperationalError" in log
    assert "no such table: django_session" in log
