"""A furnished house for page tests: people in every role, two teams, and keys in every state in the sandbox."""

import time
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.utils import timezone

from keys.models import AccessToken, CompanyRole, Membership, Person, Team, TeamRole, TokenState
from keys.sealing import seal_access_token

PASSWORD = "cometadmin-demo"
DAY = 86_400


@dataclass
class House:
    """slug: of the furnished team. keys: name -> id."""

    sandbox: Any
    account: Any
    team: Team
    keys: dict[str, int]

    @property
    def list_path(self) -> str:
        return f"/teams/{self.team.slug}/keys/"

    def path(self, name: str, rest: str = "") -> str:
        return f"{self.list_path}{self.keys[name]}/{rest}"

    def client(self, username: str = "lead") -> Client:
        client = Client()
        client.force_login(Person.objects.get(username=username))
        return client

    def stored(self, name: str) -> dict[str, Any]:
        return dict(self.sandbox.key(self.keys[name]))


def furnish(sandbox: Any) -> House:
    groups = {name: {"desc": name, "ratio": 1} for name in ("default", "vip", "auto")}
    account = sandbox.add_account(name="Atlas", groups=groups)
    team = add_team("atlas", "Atlas", account)
    other = Team.objects.create(slug="boreas", name="Boreas")
    Team.objects.create(slug="hidden", name="Hidden")
    for username, role in (("lead", TeamRole.LEAD), ("member", TeamRole.MEMBER), ("other", None)):
        who = _person(username)
        if role:
            Membership.objects.create(person=who, team=team, role=role)
        Membership.objects.create(person=who, team=other, role=TeamRole.MEMBER)
    _person("auditor", CompanyRole.AUDITOR)
    _person("admin", CompanyRole.ADMIN)
    return House(sandbox, account, team, {name: sandbox.add_key(account, **fields) for name, fields in zoo().items()})


def zoo() -> dict[str, dict[str, Any]]:
    """Keys in every state: how they are called here -> the fields that are not as for any other key."""
    now = int(time.time())
    return {
        "plain": {"name": "Staging", "group": "default", "remain_quota": 6_200_000, "used_quota": 3_800_000},
        "expired": {"name": "Old importer", "expired_time": now - 40 * DAY, "group": "default"},
        "exhausted": {"name": "Evaluation run", "remain_quota": 0, "used_quota": 2_500_000},
        "overspent": {"name": "Batch translations", "remain_quota": -1_234, "used_quota": 900_000},
        "unlimited": {"name": "Production", "unlimited_quota": True, "remain_quota": 0, "group": "auto"},
        "restricted": {
            "name": "Customer portal",
            "allow_ips": "203.0.113.0/24\n198.51.100.7\n2001:db8::/32",
            "model_limits_enabled": True,
            "model_limits": "gpt-4o,claude-sonnet-4",
            "expired_time": now + 3 * DAY + 60,
        },
        "arabic": {"name": "مفتاح الاختبار", "group": "vip"},
        "chinese": {"name": "测试密钥", "accessed_time": now - 7200},
        "disabled": {"name": "Leaver's laptop", "status": 2},
        "hostile": {"name": "<script>alert(1)</script>\x1b[31m\u202eevil", "group": "default"},
    }


def add_team(slug: str, name: str, account: Any) -> Team:
    team = Team.objects.create(slug=slug, name=name, account_id=account.id, account_name=account.name)
    now = timezone.now()
    AccessToken.objects.create(
        team=team,
        sealed=seal_access_token(team, account.token),
        last_four=account.token[-4:],
        set_at=now,
        set_by="admin",
        state=TokenState.ACCEPTED,
        checked_at=now,
    )
    return team


def _person(username: str, company_role: str = CompanyRole.NONE) -> Person:
    return Person.objects.create_user(username, password=PASSWORD, company_role=company_role)


class FormReader(HTMLParser):
    """What a browser without JavaScript would send: the successful controls of one form, in order."""

    def __init__(self, form_id: str) -> None:
        super().__init__(convert_charrefs=True)
        self.form_id = form_id
        self.fields: dict[str, list[str]] = {}
        self._inside = False
        self._area: str | None = None
        self._text = ""
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = have.get("id") == self.form_id
        if not self._inside or "disabled" in have:
            return
        if tag == "input" and (have.get("type") not in ("checkbox", "radio") or "checked" in have):
            unsaid = "on" if have.get("type") in ("checkbox", "radio") else ""
            self._add(have.get("name", ""), have.get("value", unsaid))
        elif tag == "textarea":
            self._area, self._text = have["name"], ""
        elif tag == "select":
            self._select = have["name"]
        elif tag == "option" and self._select and "selected" in have:
            self._add(self._select, have.get("value", ""))

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            self._add(self._area, self._text.removeprefix("\n").replace("\r\n", "\n").replace("\n", "\r\n"))
            self._area = None
        elif tag == "form":
            self._inside = False

    def _add(self, name: str, value: str) -> None:
        if name:
            self.fields.setdefault(name, []).append(value)


def form_of(html: str, form_id: str = "key-form") -> dict[str, Any]:
    """Field -> value, or values where there are several."""
    reader = FormReader(form_id)
    reader.feed(html)
    return {name: values[0] if len(values) == 1 else values for name, values in reader.fields.items()}
