"""Model calls with the key itself: who is let in, what it costs, and how long a disabled key lives on."""

import time
from typing import Any

import pytest

from tests.sandbox.conftest import Desk

pytestmark = pytest.mark.dbfree
PAST, FUTURE = 1_000_000_000, 4_000_000_000


@pytest.mark.parametrize(
    ("stored", "status"),
    [
        ({}, 200),
        ({"status": 2}, 401),
        ({"status": 3}, 401),
        ({"status": 4}, 401),
        ({"status": 0}, 401),
        ({"expired_time": PAST}, 401),
        ({"expired_time": 0}, 401),
        ({"expired_time": FUTURE}, 200),
        ({"remain_quota": 0}, 401),
        ({"remain_quota": -5}, 401),
        ({"remain_quota": -5, "unlimited_quota": True}, 200),
        ({"allow_ips": "203.0.113.5"}, 403),
        ({"group": "gone"}, 403),
        ({"group": "vip"}, 200),
    ],
)
def test_who_is_let_in(everywhere: Desk, stored: dict[str, Any], status: int) -> None:
    everywhere.sandbox.console_edit(everywhere.key_id, **stored)
    served = everywhere.sandbox.would_serve(everywhere.key_id, ip="127.0.0.1")

    assert everywhere.probe() == status
    assert served is (status == 200)


@pytest.mark.parametrize(
    ("allow_ips", "ip", "status"),
    [
        ("127.0.0.1", "", 200),
        ("198.51.100.10\n203.0.113.0/24\n2001:db8::/32", "203.0.113.77", 200),
        ("198.51.100.10\n203.0.113.0/24\n2001:db8::/32", "2001:db8:5::1", 200),
        ("198.51.100.10\n203.0.113.0/24\n2001:db8::/32", "203.0.114.1", 403),
        ("203.0.113.9/24", "203.0.113.1", 200),
        (" 203.0.113.5 ", "203.0.113.5", 200),
        ("1.1.1.1,2.2.2.2", "1.1.1.1", 403),
        ("203.0.113.5,", "203.0.113.5", 200),
        ("junk\n203.0.113.5", "203.0.113.5", 200),
        ("junk", "203.0.113.5", 403),
        ("\n", "203.0.113.5", 403),
        ("", "203.0.113.5", 200),
        ("   ", "203.0.113.5", 200),
    ],
)
def test_the_allowlist(desk: Desk, allow_ips: str, ip: str, status: int) -> None:
    desk.sandbox.console_edit(desk.key_id, allow_ips=allow_ips)

    forwarded = desk.probe(**{"X-Forwarded-For": ip} if ip else {})
    desk.sandbox.configure(client_ip=ip)

    assert forwarded == desk.probe() == status


@pytest.mark.parametrize(
    ("enabled", "limits", "model", "status"),
    [
        (False, "gpt-5", "o3", 200),
        (True, "gpt-5,o3", "o3", 200),
        (True, "gpt-5, o3", "o3", 403),
        (True, "gpt-5", "o3", 403),
        (True, "", "o3", 403),
        (False, "", "no-such-model", 503),
    ],
)
def test_the_model_restriction(desk: Desk, enabled: bool, limits: str, model: str, status: int) -> None:
    desk.sandbox.console_edit(desk.key_id, model_limits_enabled=enabled, model_limits=limits)

    assert desk.chat(model).status_code == status
    listed = desk.http.get("/v1/models", headers={"Authorization": f"Bearer {desk.sandbox.secret(desk.key_id)}"})
    assert (model in [one["id"] for one in listed.json()["data"]]) is (status == 200)


def test_a_model_call_spends_and_is_logged(desk: Desk) -> None:
    desk.sandbox.configure(units_per_call=300)
    answer = desk.chat()

    assert answer.json()["choices"][0]["message"]["role"] == "assistant"
    now = desk.stored()
    assert (now["remain_quota"], now["used_quota"]) == (99_700, 300)
    assert desk.http.get("/api/log/self").json()["data"]["items"][0]["token_id"] == desk.key_id
    assert desk.http.get("/api/user/self").json()["data"]["used_quota"] == 300


def test_the_last_call_overspends(desk: Desk) -> None:
    desk.sandbox.console_edit(desk.key_id, remain_quota=10)

    assert desk.chat().status_code == 200
    assert desk.stored()["remain_quota"] == -490
    assert desk.chat().status_code == 401


@pytest.mark.parametrize("form", ["Bearer sk-{}", "Bearer {}", "sk-{}", "Bearer sk-{}-12", "{}"])
def test_the_forms_of_a_secret(desk: Desk, form: str) -> None:
    sent = {"Authorization": form.format(desk.stored()["key"])}
    assert desk.http.get("/v1/models", headers=sent).status_code == 200


@pytest.mark.parametrize(("stored", "status"), [({"expired_time": PAST}, 3), ({"remain_quota": 0}, 4)])
def test_a_use_moves_the_status(desk: Desk, stored: dict[str, Any], status: int) -> None:
    desk.sandbox.console_edit(desk.key_id, **stored)
    assert desk.get()["status"] == 1

    desk.probe()

    assert desk.get()["status"] == status
    assert [one["after"]["status"] for one in desk.sandbox.events() if one["operation"] == "auto_status"] == [status]


def test_the_status_may_lag_behind(desk: Desk) -> None:
    desk.sandbox.configure(auto_status_lag_s=2.0)
    desk.sandbox.console_edit(desk.key_id, expired_time=PAST)

    desk.probe()
    assert desk.get()["status"] == 1
    time.sleep(2.1)
    assert desk.get()["status"] == 3
    desk.sandbox.configure(auto_status=False)
    desk.sandbox.console_edit(desk.key_id, status=1)
    desk.probe()
    assert desk.get()["status"] == 1


def test_a_disabled_key_lives_on_in_the_cache(everywhere: Desk) -> None:
    everywhere.sandbox.configure(cache_s=2.0)

    everywhere.put(everywhere.body(status=2), status_only=True)

    assert everywhere.get()["status"] == 2
    assert everywhere.probe() == 200
    assert everywhere.sandbox.would_serve(everywhere.key_id) is True
    time.sleep(2.1)
    assert everywhere.sandbox.would_serve(everywhere.key_id) is False
    assert everywhere.probe() == 401


def test_a_key_comes_back_to_life_once(desk: Desk) -> None:
    desk.sandbox.configure(resurrect_s=2.0)

    desk.put(desk.body(status=2))
    assert desk.get()["status"] == 2
    time.sleep(2.1)
    assert (desk.get()["status"], desk.sandbox.would_serve(desk.key_id)) == (1, True)
    desk.put(desk.body(status=2))
    time.sleep(2.1)
    assert desk.get()["status"] == 2
    assert [one["operation"] for one in desk.sandbox.events()] == ["resurrected"]


@pytest.mark.parametrize("stored", [{}, {"status": 2}, {"expired_time": PAST}, {"remain_quota": 0}])
def test_whose_key_it_is_is_told_of_dead_ones_too(desk: Desk, stored: dict[str, Any]) -> None:
    desk.sandbox.console_edit(desk.key_id, **stored)
    bearer = {"Authorization": f"Bearer {desk.sandbox.secret(desk.key_id)}"}

    answer = desk.http.get("/api/usage/token", headers=bearer).json()

    assert answer["code"] is True
    assert answer["data"]["name"] == "one"
    assert answer["data"]["expires_at"] == max(0, stored.get("expired_time", 0))
    unknown = desk.http.get("/api/usage/token", headers={"Authorization": "Bearer sk-unknown"})
    assert (unknown.status_code, unknown.json()["success"]) == (200, False)
    assert desk.http.get("/api/usage/token", headers={"Authorization": "raw"}).status_code == 401


def test_spending_goes_on_by_itself_and_stops_with_the_key(desk: Desk) -> None:
    began = time.monotonic()
    desk.sandbox.console_edit(desk.key_id, spend_rate=2_000.0)
    time.sleep(0.3)
    first = desk.stored()
    assert 400 <= first["used_quota"] <= 2_000 * (time.monotonic() - began) + 100
    assert first["remain_quota"] + first["used_quota"] == 100_000
    desk.put(desk.body(status=2))
    stopped = desk.stored()["used_quota"]
    time.sleep(0.15)
    assert desk.stored()["used_quota"] == stopped == desk.sandbox.spent(desk.key_id)


def test_what_a_disabled_key_did_not_spend_is_not_booked_later(desk: Desk) -> None:
    desk.sandbox.console_edit(desk.key_id, spend_rate=1_000.0, status=2)
    desk.stored()
    time.sleep(2.0)
    desk.stored()
    desk.sandbox.console_edit(desk.key_id, status=1)
    assert desk.stored()["used_quota"] < 1_500


def test_spending_runs_dry(desk: Desk) -> None:
    desk.sandbox.console_edit(desk.key_id, remain_quota=100, spend_rate=5_000.0)
    time.sleep(0.2)
    assert -500 < desk.stored()["remain_quota"] <= 0
    assert desk.stored()["status"] == 4


def test_writing_a_stale_quota_back_refunds_what_was_spent(desk: Desk) -> None:
    body = desk.body(name="two")
    desk.sandbox.spend(desk.key_id, 700)

    desk.put(body)

    write = desk.sandbox.writes()[-1]
    assert (write["before"]["remain_quota"], write["after"]["remain_quota"]) == (99_300, 100_000)
    assert write["spent"] == 700
