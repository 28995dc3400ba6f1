"""The demo's upstream: three accounts with keys in every state; the same each time, with times relative to now."""

import random
import time
from typing import Any

from . import spending
from .catalogue import MODELS
from .state import Account, Key, State

DAY = 86_400
USD = 500_000  # units
ARABIC_NAME = "مفتاح الإنتاج"
CHINESE_NAME = "生产环境密钥"
LONG_ARABIC_NAME = "مفاتيح خدمة التوصيات الخاصة بفريق الذكاء الاصطناعي"
SERVICES = [
    "search",
    "billing",
    "chatbot",
    "ingest",
    "reports",
    "mobile-app",
    "support",
    "translate",
    "summaries",
    "moderation",
]
STAGES = ["production", "staging", "dev", "batch", "nightly"]

# Of these fields `expires_in` and `created_ago` are seconds from now; the others are the record's own.
ATLAS_KEYS: tuple[dict[str, Any], ...] = (
    {"name": "production-web", "spend_rate": 40.0, "remain_quota": 180 * USD, "used_quota": 96 * USD},
    {"name": "production-batch", "spend_rate": 15.0, "remain_quota": 60 * USD, "used_quota": 310 * USD},
    {"name": "staging", "remain_quota": 20 * USD, "used_quota": 3 * USD, "expires_in": 45 * DAY},
    {"name": "old-website", "status": 2, "remain_quota": 5 * USD, "used_quota": 12 * USD},
    {"name": "contractor-june", "expires_in": -3 * DAY, "remain_quota": 8 * USD, "used_quota": 2 * USD},
    {"name": "hackathon", "status": 3, "expires_in": -40 * DAY, "remain_quota": 10 * USD, "used_quota": USD},
    {"name": "load-test", "status": 4, "remain_quota": 0, "used_quota": 50 * USD},
    {"name": "summaries-nightly", "status": 4, "remain_quota": -1_873, "used_quota": 25 * USD + 1_873},
    {"name": "overspent-still-enabled", "remain_quota": -412, "used_quota": 4 * USD + 412},
    {"name": "platform-unlimited", "unlimited_quota": True, "remain_quota": 0, "used_quota": 740 * USD},
    {"name": "never-used", "remain_quota": 2 * USD, "used_quota": 0, "accessed_time": 0},
    {
        "name": "chat-only",
        "model_limits_enabled": True,
        "model_limits": "gpt-5-mini,gpt-4o-mini,claude-haiku-4-5",
        "used_quota": 7 * USD,
    },
    {
        "name": "embeddings",
        "model_limits_enabled": True,
        "model_limits": "text-embedding-3-large, text-embedding-3-small",
    },
    {"name": "office-only", "allow_ips": "198.51.100.10\n203.0.113.0/24\n2001:db8::/32", "used_quota": 11 * USD},
    {"name": "ipv6-lab", "allow_ips": "2001:db8:7::5\n2001:db8:8::/48"},
    {"name": "broken-allowlist", "allow_ips": "198.51.100.7,198.51.100.8\nthe office\n\n203.0.113.300"},
    {"name": ARABIC_NAME, "remain_quota": 75 * USD, "used_quota": 18 * USD, "spend_rate": 5.0},
    {"name": CHINESE_NAME, "remain_quota": 33 * USD, "used_quota": 4 * USD},
    {"name": LONG_ARABIC_NAME, "remain_quota": 9 * USD, "used_quota": USD},
    {"name": "partner-gateway", "group": "partners", "used_quota": 6 * USD},
    {"name": "auto-routing", "group": "auto", "cross_group_retry": True, "used_quota": 15 * USD, "spend_rate": 2.0},
    {"name": "vip-customers", "group": "vip", "remain_quota": 400 * USD, "used_quota": 120 * USD},
    {"name": "expires-tomorrow", "expires_in": DAY, "remain_quota": 12 * USD, "used_quota": 30 * USD},
    {"name": "almost-empty", "remain_quota": 9_400, "used_quota": 20 * USD - 9_400, "spend_rate": 0.5},
    {"name": "model-list-empty", "model_limits_enabled": True, "model_limits": ""},
    {"name": "spreadsheet <b>import</b>", "remain_quota": USD, "used_quota": 250_001},
)


def made_up_tokens() -> list[str]:
    """Three access tokens of the right shape that open nothing anywhere."""
    rng = random.Random(41)  # noqa: S311  # made up, and they open nothing
    return ["fake" + "".join(rng.choices("0123456789abcdef", k=28)) for _ in range(3)]


def fill(state: State, tokens: list[str]) -> None:
    """Adds the three accounts. Raises ValueError unless there are three different access tokens."""
    if len(set(tokens)) != 3:
        raise ValueError("the demo needs three different access tokens")
    state.rng = random.Random(2)  # noqa: S311  # the same secrets each time, and they open nothing
    names = (("Atlas", 501), ("Borealis", 502), ("Cygnus", 503))
    atlas, borealis, cygnus = (
        state.add_account(name, token, id=number) for (name, number), token in zip(names, tokens, strict=True)
    )
    for fields in ATLAS_KEYS:
        _add(state, atlas, fields)
    for number in range(340):
        _add(state, borealis, _ordinary(state.rng, number))
    for number in range(12):
        _add(state, cygnus, _ordinary(state.rng, number))
    for account in (atlas, borealis, cygnus):
        _past_usage(state, account)


def _add(state: State, account: Account, fields: dict[str, Any]) -> None:
    fields = {"remain_quota": 10 * USD, "used_quota": 0} | fields
    now = int(time.time())
    expires_in = fields.pop("expires_in", None)
    created = now - state.rng.randrange(20 * DAY, 300 * DAY)
    used = now - state.rng.randrange(60, 6 * DAY) if fields["used_quota"] else created
    fields = {"created_time": created, "accessed_time": used} | fields
    state.add_key(account, expired_time=-1 if expires_in is None else now + expires_in, **fields)


def _ordinary(rng: random.Random, number: int) -> dict[str, Any]:
    """A key as most are, one in seven out of use."""
    fields: dict[str, Any] = {"name": f"{rng.choice(SERVICES)}-{rng.choice(STAGES)}-{number + 1:03d}"}
    fields |= {"remain_quota": rng.randrange(1, 400) * USD // 2, "used_quota": rng.randrange(0, 200) * USD // 3}
    fields |= {"status": 2 if rng.randrange(7) == 0 else 1}
    if rng.randrange(5) == 0:
        fields["expires_in"] = rng.randrange(-30, 180) * DAY + 3_600
    if rng.randrange(6) == 0:
        fields |= {"model_limits_enabled": True, "model_limits": ",".join(rng.sample([m for m, _ in MODELS], 3))}
    if rng.randrange(8) == 0:
        fields["allow_ips"] = f"203.0.113.{rng.randrange(1, 255)}\n198.51.100.0/24"
    if rng.randrange(25) == 0:
        fields["spend_rate"] = 3.0
    return fields


def _past_usage(state: State, account: Account) -> None:
    """Rows of the last 14 days for keys that were used; the records' counters stay as they are."""
    now = int(time.time())
    used: list[Key] = [key for key in state.keys_of(account) if key.record["used_quota"]]
    for key in used[:40]:
        models = [name for name, _ in state.rng.sample(MODELS, 3)]
        for _ in range(state.rng.randrange(5, 30)):
            at = now - state.rng.randrange(60, 14 * DAY)
            ip = f"203.0.113.{state.rng.randrange(1, 20)}"
            units = state.rng.randrange(50, 20_000)
            row = spending.usage_row(state, account, key, units, state.rng.choice(models), ip, at)
            state.add_usage(account, row)
