"""The access token, the account header, languages, and the budget of requests."""

import pytest

from tests.sandbox.conftest import Desk

pytestmark = pytest.mark.dbfree
CALLS = [
    ("GET", "/api/token/"),
    ("GET", "/api/token/1000"),
    ("PUT", "/api/token/"),
    ("POST", "/api/token/"),
    ("DELETE", "/api/token/1000"),
    ("GET", "/api/token/search?keyword=a"),
    ("GET", "/api/user/self"),
    ("GET", "/api/user/self/groups"),
    ("GET", "/api/log/self"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_wrong_access_token_is_refused_everywhere(desk: Desk, method: str, path: str) -> None:
    before = desk.stored()
    wrong = {"Authorization": "0" * 32}

    answer = desk.http.request(method, path, headers=wrong, json={"id": desk.key_id, "name": "x"})
    assert (answer.status_code, answer.json()["success"]) == (401, False)
    desk.sandbox.configure(token_refusal="200")
    answer = desk.http.request(method, path, headers=wrong, json={"id": desk.key_id, "name": "x"})
    assert (answer.status_code, answer.json()["success"]) == (200, False)
    assert desk.stored() == before


def test_without_an_access_token(desk: Desk) -> None:
    del desk.http.headers["Authorization"]
    assert desk.http.get("/api/token/").status_code == 401


def test_the_bearer_prefix_is_tolerated(desk: Desk) -> None:
    answer = desk.http.get("/api/user/self", headers={"Authorization": f"Bearer {desk.account.token}"})
    assert answer.json()["data"]["id"] == desk.account.id


def test_the_account_header_where_it_is_asked_for(desk: Desk) -> None:
    desk.sandbox.configure(require_new_api_user=True)

    assert desk.http.get("/api/user/self").status_code == 401
    assert desk.http.get("/api/user/self", headers={"New-Api-User": "1"}).status_code == 401
    named = desk.http.get("/api/user/self", headers={"New-Api-User": str(desk.account.id)})
    assert named.json()["success"] is True


@pytest.mark.parametrize(
    ("asked", "words"),
    [("en", "token name"), ("ar-SA,en", "اسم المفتاح"), ("zh-CN", "令牌名称"), ("fr", "token name")],
)
def test_messages_come_in_the_language_asked_for(desk: Desk, asked: str, words: str) -> None:
    wrong = desk.body(name="a" * 51)
    answer = desk.http.put("/api/token/", json=wrong, headers={"Accept-Language": asked})
    assert words in answer.json()["message"]


def test_the_budget_answers_429_with_an_empty_body(desk: Desk) -> None:
    desk.sandbox.configure(rate_limit=3)

    answers = [desk.http.get("/api/user/self") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].content == b""
    assert desk.probe() == 200


def test_the_budget_of_the_question_whose_key_it_is(desk: Desk) -> None:
    desk.sandbox.configure(usage_limit=2)
    bearer = {"Authorization": f"Bearer {desk.sandbox.secret(desk.key_id)}"}

    statuses = [desk.http.get("/api/usage/token", headers=bearer).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]
    assert desk.http.get("/api/user/self").status_code == 200
