"""Promise 6: nothing else moves. What was not touched stays, spending is not refunded, odd settings go back as read."""

import json
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from keys.cometapi import wire
from keys.services import compute
from keys.services.outcome import Result
from keys.types import KeyWish
from tests.forms.keyforms import edited
from tests.road.drive import EDITABLE, Story, begin, had_effect, say_shares, seed_of_run, unlike
from tests.road.oddkeys import odd_key, random_key
from tests.road.stage import Stage, set_up, wish
from tests.support.databases import RealDatabase
from tests.support.mutants import mutated
from tests.support.report import Promise

pytestmark = pytest.mark.prove

DIALECTS = "ABC"
LASTING = ("id", "user_id", "key", "created_time", "used_quota")
"""What no edit may ever alter."""


def value_for(field: str, rng: random.Random, now: dict[str, Any]) -> Any:
    """Another value for a field, one that any upstream takes."""
    alive = (now["unlimited_quota"] or now["remain_quota"] > 0) and not 0 <= now["expired_time"] <= time.time() + 60
    status = rng.choice([number for number in (1, 2, 3, 4) if number != now["status"] and (number != 1 or alive)])
    group = rng.choice([name for name in ("", "default", "vip", "auto") if name != now["group"]])
    return {
        "name": f"renamed {rng.randrange(10**6)}",
        "status": status,
        "expired_time": rng.choice((4_000_000_000 + rng.randrange(10**6), 1_000_000_000)),
        "unlimited_quota": not now["unlimited_quota"],
        "model_limits_enabled": not now["model_limits_enabled"],
        "model_limits": f"model-{rng.randrange(10**6)}",
        "allow_ips": f"198.51.100.{rng.randrange(256)}",
        "group": group,
        "cross_group_retry": not now["cross_group_retry"],
    }[field]


def asked_for(field: str, rng: random.Random, now: dict[str, Any]) -> tuple[KeyWish, dict[str, Any]]:
    """A wish about one field alone, and how the record should read afterwards when it was `now` just before."""
    if field != "remain_quota":
        value = value_for(field, rng, now)
        expected = {field: value}
        if field == "group" and value != "auto":
            expected["cross_group_retry"] = False  # cometapi.md, trap 9
        return wish(**{field: value}), {**now, **expected}
    mode, units = rng.choice(("set", "add", "take")), rng.randrange(1, 10**6)
    left = {"set": units, "add": now["remain_quota"] + units, "take": max(0, now["remain_quota"] - units)}[mode]
    return wish(quota=(mode, units)), {**now, "remain_quota": left}


def each_field_alone(stage: Stage, rng: random.Random, keys: int, told: list[str]) -> list[str]:
    """Edit each field of `keys` random keys, spending and a console edit of the status between form and read."""
    broken = []
    for _ in range(keys):
        for field in EDITABLE:
            settings = random_key(rng)
            if field == "cross_group_retry":
                settings["group"] = "auto"
            on = stage.on(stage.sandbox.add_key(stage.account, **settings))
            base = on.read()
            if settings["remain_quota"] > 0:
                on.sandbox.spend(on.key_id, rng.randrange(settings["remain_quota"] + 1))
            if field != "status" and rng.random() < 0.3:
                on.sandbox.console_edit(on.key_id, status=rng.choice((2, 3)))
            now = on.stored()
            asked, expected = asked_for(field, rng, now)
            result = on.edit(asked, base=base)
            after = on.stored()
            told.append(str(result.outcome))
            wrong = unlike(expected, after) + [name for name in LASTING if after[name] != now[name]]
            if wrong or result.outcome not in ("confirmed", "unchanged"):
                broken.append(f"{field} of {settings}: {result.outcome}, {wrong}")
    return broken


def test_each_field_edited_alone(real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str) -> None:
    seed = seed_of_run()
    rng = begin(promise, "6", "each field alone", seed, 0.3)
    stage, told = set_up(sandbox), list[str]()
    for dialect in DIALECTS:
        sandbox.configure(dialect=dialect)
        for words in each_field_alone(stage, rng, 3 if scale == "small" else 300, told):
            promise.broke(f"{dialect} {words} PROOF_SEED={seed}")
    promise.tried(len(told))
    say_shares("edits", told)


WRITES: dict[str, Callable[[Stage, Any, random.Random], Result]] = {
    "edit": lambda on, base, rng: on.edit(wish(name=f"n{rng.randrange(10**6)}"), base=base),
    "edit and status": lambda on, base, rng: on.edit(wish(name=f"n{rng.randrange(10**6)}", status=3), base=base),
    "disable": lambda on, base, rng: on.disable(),
    "enable": lambda on, base, rng: on.enable(),
}


def limit(record: dict[str, Any]) -> int:
    return int(record["remain_quota"]) + int(record["used_quota"])


def spending_all_along(stage: Stage, rng: random.Random, runs: int, told: list[str]) -> list[str]:
    """Spend before our read, between read and update, and after it: how much comes back?"""
    broken = []
    for _ in range(runs):
        stage.sandbox.clear_log()
        kind = rng.choice(list(WRITES))
        fields = {"remain_quota": 10**7, "status": 2 if kind == "enable" else 1, "used_quota": rng.randrange(10**6)}
        on = stage.on(stage.sandbox.add_key(stage.account, name="spends", **fields))
        start, base = on.stored(), on.read()
        on.sandbox.spend(on.key_id, rng.randrange(10**5))
        for when in rng.sample(("before", "after"), rng.randrange(3)):
            on.sandbox.interleave(when=when, operation="update", key_id=on.key_id, spend=1 + rng.randrange(10**5))
        result = WRITES[kind](on, base, rng)
        told.append(str(result.outcome))
        story, refund = Story.of(on, start), limit(on.stored()) - limit(start)
        windows = [_window(story, put["order"]) for put in story.puts()]
        words = f"{kind}, {result.outcome}: refunded {refund}, spent in the windows {windows}"
        if not 0 <= refund <= sum(windows):
            broken.append(words)
        if result.outcome != "confirmed":
            broken.append(f"not confirmed: {words}")
        broken += [f"{what}: {words}" for what in _unrecorded(on, refund)]
    return broken


def _window(story: Story, put: int) -> int:
    """Units that the sandbox saw spent between the last read before an update and the update."""
    return story.spent_between(max(read for read in story.reads() if read < put), put)


def _unrecorded(stage: Stage, refund: int) -> list[str]:
    """What a reader of the ledger alone could not see."""
    intent, outcome = (json.loads(record.text)["body"] for record in stage.records())
    found = []
    if not isinstance(outcome["window_ms"], int) or outcome["window_ms"] < 0:
        found.append(f"window_ms {outcome['window_ms']!r}")
    # Spending that landed between the read of the page and ours is in the intent already.
    if limit(outcome["found"]) - limit(intent["before"]) != refund:
        found.append("the record does not show the refund")
    return found


def test_spending_is_not_refunded(real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str) -> None:
    seed = seed_of_run()
    rng = begin(promise, "6", "spending is not refunded", seed, 0.3)
    stage, told = set_up(sandbox), list[str]()
    for dialect in DIALECTS:
        sandbox.configure(dialect=dialect)
        for words in spending_all_along(stage, rng, 20 if scale == "small" else 500, told):
            promise.broke(f"{dialect} {words} PROOF_SEED={seed}")
    promise.tried(len(told))
    say_shares("writes while it is spent", told)


def odd_records(stage: Stage, rng: random.Random, keys: int, told: list[str]) -> list[str]:
    """Save the form of an odd key as it came, then with another name and nothing else."""
    broken = []
    for _ in range(keys):
        stage.sandbox.clear_log()
        settings = odd_key(rng)
        on = stage.on(stage.sandbox.add_key(stage.account, **settings))
        start, base = on.stored(), on.read()
        unchanged = edited(base)
        if not unchanged.is_valid() or on.edit(unchanged.to_wish(), base=base).outcome != "unchanged":
            broken.append(f"saved unchanged: {unchanged.errors} {unchanged.touched} {settings}")
        if Story.of(on, start).puts() or on.records():
            broken.append(f"saved unchanged, and something was sent or recorded: {settings}")
        renamed = edited(base, name=f"renamed {rng.randrange(10**6)}")
        if not renamed.is_valid():
            broken.append(f"only the name: {renamed.errors} {settings}")
            continue
        result = on.edit(renamed.to_wish(), base=base)
        told.append(str(result.outcome))
        broken += [f"only the name: {words} {settings}" for words in _more_than_the_name(on, start, result)]
    return broken


def _more_than_the_name(stage: Stage, start: dict[str, Any], result: Result) -> list[str]:
    (put,) = [one for one in stage.sandbox.writes() if one["key_id"] == stage.key_id]
    body, after, name = put["body"], stage.stored(), result.changed["name"][1]
    found = [f"sent {field} {body[field]!r}" for field in EDITABLE if field != "name" and body[field] != start[field]]
    if put["refused"]:
        if after != start or result.outcome != "refused":
            found.append(f"upstream refused ({put['refused']}); said {result.outcome}")
        return found
    expected = {**start, "name": name}
    if start["group"] != "auto":
        expected["cross_group_retry"] = False  # trap 9
    if result.outcome != "confirmed" or unlike(expected, after):
        found.append(f"{result.outcome} {dict(result.differs)} {unlike(expected, after)}")
    return found


def test_odd_records(real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str) -> None:
    seed = seed_of_run()
    rng = begin(promise, "6", "odd records", seed, 0.3)
    stage, told = set_up(sandbox), list[str]()
    for dialect in DIALECTS:
        sandbox.configure(dialect=dialect)
        for words in odd_records(stage, rng, 16 if scale == "small" else 340, told):
            promise.broke(f"{dialect} {words} PROOF_SEED={seed}")
    promise.tried(len(told))
    say_shares("renames of odd keys", told)
    assert told.count("confirmed") > len(told) / 10


MUTANTS = [
    pytest.param(
        wire.put_call,
        "    body = json.dumps(fields,",
        '    del fields["model_limits"]\n    body = json.dumps(fields,',
        "model_limits '' not",
        id="omit a field",
    ),
    pytest.param(
        compute.plan_edit,
        "    wanted = _wanted(wish, live)\n",
        "    wanted = replace(_wanted(wish, live), remain_quota=base.settings.remain_quota)\n",
        "remain_quota",
        id="send the form's quota",
    ),
    pytest.param(
        compute.plan_edit,
        "    wanted = _wanted(wish, live)\n",
        "    wanted = _wanted(wish, live)\n"
        '    if "status" not in wish.touched:\n'
        "        wanted = replace(wanted, status=base.settings.status)\n",
        "status",
        id="send the form's status",
    ),
]


@pytest.mark.parametrize(("function", "old", "new", "words"), MUTANTS)
def test_the_mutant_is_caught(
    real_db: RealDatabase,
    sandbox: Any,
    promise: Promise,
    request: pytest.FixtureRequest,
    settings: Any,
    function: Any,
    old: str,
    new: str,
    words: str,
) -> None:
    mutant = request.node.callspec.id
    promise.number, promise.title = "6", f"mutant: {mutant}"
    stage, told = set_up(sandbox), list[str]()
    settings.WAITS = settings.WAITS.scaled(0.1)
    with mutated(function, old, new):
        wrong = each_field_alone(stage, random.Random(11), 3, told)
    promise.tried(len(told))
    assert any(words in one for one in wrong), wrong
    promise.caught(mutant)


def test_a_refund_in_the_window_is_seen_to_happen(real_db: RealDatabase, sandbox: Any) -> None:
    """So that the bound above is no empty one: what is spent between read and update does come back (trap 3)."""
    stage = set_up(sandbox)
    start = stage.stored()
    base = stage.read()
    sandbox.interleave(when="before", operation="update", spend=700)

    stage.edit(wish(name="refunds"), base=base)

    assert [had_effect(put) for put in Story.of(stage, start).puts()] == [True]
    assert limit(stage.stored()) - limit(start) == 700
