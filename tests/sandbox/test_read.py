"""Listing, reading one, searching; models, groups, account and usage log."""

import pytest

from tests.sandbox.conftest import Desk

pytestmark = pytest.mark.dbfree


def page(desk: Desk, query: str) -> dict[str, object]:
    return dict(desk.http.get(f"/api/token/?{query}").json()["data"])


def test_pages_are_newest_first_and_capped_at_100(desk: Desk) -> None:
    ids = [desk.key_id, *(desk.sandbox.add_key(desk.account, name=f"key {n}") for n in range(120))]
    newest = sorted(ids, reverse=True)
    found = [page(desk, f"p={n}&page_size=50") for n in (1, 2, 3, 4)]
    listed = [[record["id"] for record in one["items"]] for one in found]  # type: ignore[attr-defined]

    assert listed == [newest[:50], newest[50:100], newest[100:], []]
    assert {one["total"] for one in found} == {121}
    capped = page(desk, "p=1&page_size=500")
    assert (capped["page_size"], len(capped["items"])) == (100, 100)  # type: ignore[arg-type]


@pytest.mark.parametrize("query", ["p=0", "p=-3", "p=x", "", "p=1&page_size=0", "p=1&page_size=-1"])
def test_odd_pages_count_as_the_first(desk: Desk, query: str) -> None:
    found = page(desk, query)

    assert found["page"] == 1
    assert found["total"] == 1
    assert found["items"] == [desk.get()]


def test_a_key_of_another_account_reads_as_absent(desk: Desk) -> None:
    other = desk.sandbox.add_key(desk.sandbox.add_account("other"))
    absent = {"success": False, "message": "record not found"}

    assert desk.http.get(f"/api/token/{other}").json() == desk.http.get("/api/token/9").json() == absent
    assert desk.http.get("/api/token/x1").json()["success"] is False
    assert [record["id"] for record in desk.http.get("/api/token/").json()["data"]["items"]] == [desk.key_id]


@pytest.mark.parametrize("masked", [False, True])
def test_secrets_are_whole_or_masked(desk: Desk, masked: bool) -> None:
    desk.sandbox.configure(masked=masked)
    whole = desk.stored()["key"]
    shown = f"{whole[:4]}**********{whole[-4:]}" if masked else whole

    assert len(whole) == 48
    assert whole.isalnum()
    assert desk.get()["key"] == shown
    assert desk.http.get("/api/token/search?keyword=one").json()["data"]["items"][0]["key"] == shown


def test_search_by_name_and_by_secret(desk: Desk) -> None:
    other = desk.sandbox.add_key(desk.account, name="production")

    def ids(query: str) -> list[int]:
        return [one["id"] for one in desk.http.get(f"/api/token/search?{query}").json()["data"]["items"]]

    assert ids("keyword=duct") == [other]
    assert ids(f"token={desk.sandbox.secret(desk.key_id)}") == [desk.key_id]
    desk.sandbox.configure(search_match="exact")
    assert ids("keyword=duct") == []
    desk.sandbox.configure(search_shape="list")
    assert isinstance(desk.http.get("/api/token/search?keyword=one").json()["data"], list)


def test_models_are_public(desk: Desk) -> None:
    del desk.http.headers["Authorization"]
    answer = desk.http.get("/api/models").json()

    assert answer["success"] is True
    assert answer["total"] == len(answer["data"]) >= 55
    assert {"openai", "anthropic", "google", "deepseek", "qwen", "meta", "mistral", "xai"} <= {
        model["provider"] for model in answer["data"]
    }


def test_groups_and_their_absence(desk: Desk) -> None:
    assert set(desk.http.get("/api/user/self/groups").json()["data"]) == {"default", "vip", "auto"}
    desk.sandbox.configure(groups_listed=False)
    assert "text/html" in desk.http.get("/api/user/self/groups").headers["content-type"]


def test_the_account_behind_the_access_token(desk: Desk) -> None:
    data = desk.http.get("/api/user/self").json()["data"]

    assert (data["id"], data["username"], data["group"]) == (desk.account.id, "atlas", "default")
    assert data["id"] == desk.get()["user_id"]


def test_the_usage_log_filters_by_substring(desk: Desk) -> None:
    other = desk.sandbox.add_key(desk.account, name="one more")
    for key_id in (desk.key_id, other, other):
        desk.sandbox.spend(key_id, 40)

    def rows(query: str) -> list[dict[str, object]]:
        return list(desk.http.get(f"/api/log/self?p=1&page_size=10&{query}").json()["data"]["items"])

    assert [row["token_id"] for row in rows("token_name=one")].count(other) == 2
    assert len(rows("token_name=one")) == 3
    assert len(rows("token_name=more&type=2")) == 2
    assert rows("type=1") == rows("end_timestamp=5") == rows("model_name=none") == []
    assert {row["quota"] for row in rows("")} == {40}


@pytest.mark.parametrize(
    ("method", "path", "status", "location"),
    [
        ("GET", "/api/token?p=1", 301, "/api/token/?p=1"),
        ("PUT", "/api/token", 307, "/api/token/"),
        ("POST", "/api/token", 307, "/api/token/"),
        ("GET", "/api/token/1000/", 301, "/api/token/1000"),
        ("GET", "/api/models/", 301, "/api/models"),
    ],
)
def test_a_path_one_slash_off_is_redirected(desk: Desk, method: str, path: str, status: int, location: str) -> None:
    answer = desk.http.request(method, path)

    assert (answer.status_code, answer.headers["location"]) == (status, location)


def test_a_wrong_path_answers_html_or_a_json_404(desk: Desk) -> None:
    answer = desk.http.get("/api/nothing")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/html")
    desk.sandbox.configure(unknown_path="json")
    answer = desk.http.patch("/api/token/")
    assert (answer.status_code, "Invalid URL" in answer.json()["error"]["message"]) == (404, True)


def test_every_answer_bears_a_request_id(desk: Desk) -> None:
    ids = {desk.http.get("/api/user/self").headers["x-oneapi-request-id"] for _ in range(3)}
    assert len(ids) == 3


def test_answers_are_gzipped_where_that_is_switched_on(desk: Desk) -> None:
    desk.sandbox.configure(gzip=True)
    answer = desk.http.get("/api/models")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["success"] is True
    plain = desk.http.get("/api/models", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
