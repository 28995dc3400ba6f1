"""One account with one key, and a plain HTTP client in the account's name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.support.sandbox import Account, Sandbox

EDITABLE = (
    "id",
    "name",
    "status",
    "expired_time",
    "remain_quota",
    "unlimited_quota",
    "model_limits_enabled",
    "model_limits",
    "allow_ips",
    "group",
    "cross_group_retry",
)


@dataclass
class Desk:
    """What a test of the sandbox works with."""

    sandbox: Sandbox
    account: Account
    key_id: int
    http: httpx.Client = field(repr=False)

    def get(self) -> dict[str, Any]:
        return dict(self.http.get(f"/api/token/{self.key_id}").json()["data"])

    def body(self, **changes: Any) -> dict[str, Any]:
        """Every editable field as it is now, with these changed."""
        record = self.get()
        return {name: record[name] for name in EDITABLE} | changes

    def put(self, body: Any, status_only: bool = False) -> dict[str, Any]:
        """The answer's envelope; a refusal must come with HTTP 200."""
        target = "/api/token/" + ("?status_only=true" if status_only else "")
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = self.http.put(target, **content)
        assert answer.status_code == 200
        return dict(answer.json())

    def stored(self) -> dict[str, Any]:
        return self.sandbox.key(self.key_id)

    def probe(self, **headers: str) -> int:
        """The status that /v1/models answers to the key's own secret."""
        bearer = {"Authorization": f"Bearer {self.sandbox.secret(self.key_id)}", **headers}
        return self.http.get("/v1/models", headers=bearer).status_code

    def chat(self, model: str = "gpt-5") -> httpx.Response:
        bearer = {"Authorization": f"Bearer {self.sandbox.secret(self.key_id)}"}
        return self.http.post("/v1/chat/completions", json={"model": model, "messages": []}, headers=bearer)


def desk_on(sandbox: Sandbox, **key: Any) -> Desk:
    account = sandbox.add_account(name="Atlas")
    key_id = sandbox.add_key(account, **{"name": "one", "remain_quota": 100_000, **key})
    http = httpx.Client(base_url=sandbox.url, headers={"Authorization": account.token}, timeout=10, trust_env=False)
    return Desk(sandbox, account, key_id, http)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Sandbox.start() as sandbox:
        found = desk_on(sandbox)
        with found.http:
            yield found


@pytest.fixture(params=["A", "B", "C"])
def everywhere(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """The same in each dialect in turn."""
    with Sandbox.start(dialect=request.param) as sandbox:
        found = desk_on(sandbox)
        with found.http:
            yield found
