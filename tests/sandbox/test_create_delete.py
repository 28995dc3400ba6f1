"""POST and DELETE: neither tells what was made, and what is deleted is gone."""

import pytest

from tests.sandbox.conftest import Desk

pytestmark = pytest.mark.dbfree


def test_create_tells_nothing_and_the_key_is_the_newest(everywhere: Desk) -> None:
    fields = {"name": "new", "remain_quota": 5, "expired_time": -1, "group": "vip", "cross_group_retry": True}

    answer = everywhere.http.post("/api/token/", json=fields).json()

    assert answer == {"success": True, "message": ""}
    newest = everywhere.http.get("/api/token/").json()["data"]["items"][0]
    assert (newest["name"], newest["status"], newest["group"], newest["cross_group_retry"]) == ("new", 1, "vip", False)
    assert newest["id"] > everywhere.key_id
    assert everywhere.sandbox.writes()[-1]["key_id"] == newest["id"]


def test_create_refuses_what_update_refuses(desk: Desk) -> None:
    for wrong in ({"name": "a" * 51}, {"remain_quota": -1}, {"remain_quota": "1"}, {"group": "gone"}):
        assert desk.http.post("/api/token/", json={"name": "new"} | wrong).json()["success"] is False
    desk.sandbox.configure(max_keys=1)
    assert desk.http.post("/api/token/", json={"name": "new"}).json()["message"] == "token limit reached"
    assert len(desk.sandbox.keys(desk.account)) == 1


def test_delete_is_for_good(everywhere: Desk) -> None:
    secret = everywhere.sandbox.secret(everywhere.key_id)

    assert everywhere.http.delete(f"/api/token/{everywhere.key_id}").json() == {"success": True, "message": ""}

    again = everywhere.http.delete(f"/api/token/{everywhere.key_id}").json()
    assert again == {"success": False, "message": "record not found"}
    assert everywhere.http.get("/v1/models", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    assert everywhere.sandbox.would_serve(everywhere.key_id) is False


def test_another_accounts_key_is_not_deleted(desk: Desk) -> None:
    other = desk.sandbox.add_key(desk.sandbox.add_account("other"))
    assert desk.http.delete(f"/api/token/{other}").json()["success"] is False
    assert desk.sandbox.key(other)["id"] == other
