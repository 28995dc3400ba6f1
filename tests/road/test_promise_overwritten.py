"""Promise 7: nobody is overwritten unseen. Other people's writes at every moment around ours; the log is the judge."""

import http.client
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from keys.errors import Invalid, NotSent, Unclear
from keys.models import Membership, Person, TeamRole
from keys.services import compare, compute
from keys.services.outcome import Conflict, Held
from keys.types import Actor, ActorKind
from tests.road.drive import EDITABLE, Entry, Story, begin, beside, say, say_shares, seed_of_run
from tests.road.faulted import patient_read
from tests.road.stage import Stage, set_up, wish
from tests.support.databases import RealDatabase
from tests.support.mutants import mutated
from tests.support.report import Promise

pytestmark = pytest.mark.prove

FIELDS = ("name", "group", "allow_ips", "model_limits", "expired_time", "unlimited_quota", "status", "remain_quota")


@dataclass
class Told:
    """Counts over all runs. lost: another's write that ours undid although it fell between our read and our update."""

    said: list[str] = field(default_factory=list)
    in_window: int = 0
    lost: int = 0
    broken: list[str] = field(default_factory=list)


def another_value(name: str, rng: random.Random, now: dict[str, Any]) -> Any:
    """A value that two people may well both choose."""
    return {
        "name": rng.choice(("blue", "green", "red")),
        "group": rng.choice(("", "default", "vip")),
        "allow_ips": rng.choice((None, "203.0.113.7", "203.0.113.8")),
        "model_limits": rng.choice(("", "gpt-5", "claude")),
        "expired_time": rng.choice((-1, 4_000_000_000, 4_000_000_001)),
        "unlimited_quota": not now["unlimited_quota"],
        "status": rng.choice((1, 2, 3)),
        "remain_quota": rng.choice((50_000, 150_000, 200_000)),
    }[name]


def some_fields(rng: random.Random, now: dict[str, Any]) -> dict[str, Any]:
    return {name: another_value(name, rng, now) for name in rng.sample(FIELDS, rng.choice((1, 1, 2, 3)))}


def as_wish(fields: dict[str, Any]) -> Any:
    plain = {name: value for name, value in fields.items() if name != "remain_quota"}
    return wish(**plain, quota=("set", fields["remain_quota"]) if "remain_quota" in fields else None)


def use(stage: Stage) -> None:
    """Somebody calls a model endpoint: an exhausted or expired key then changes its status by itself."""
    host, port = stage.sandbox.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {stage.sandbox.secret(stage.key_id)}"})
    connection.getresponse().read()
    connection.close()


def something_happens(stage: Stage, rng: random.Random, second: Stage) -> None:
    """Between the form and our read: a console edit, a second editor, spending, a status that moves by itself."""
    what = rng.choice(("console", "console", "second editor", "spend", "overspend", "nothing"))
    if what == "console":
        stage.sandbox.console_edit(stage.key_id, **some_fields(rng, stage.stored()))
    elif what == "second editor":
        try_edit(second.on(stage.key_id), some_fields(rng, stage.stored()), None)
    elif what == "spend":
        stage.sandbox.spend(stage.key_id, rng.randrange(1, 20_000))
    elif what == "overspend":
        stage.sandbox.spend(stage.key_id, max(1, stage.stored()["remain_quota"] + rng.randrange(500)))
        use(stage)


def arm(stage: Stage, rng: random.Random) -> None:
    """What happens between our read and our update, and between that and our read back."""
    for when in ("before", "after"):
        if rng.random() < 0.4:
            edit = some_fields(rng, stage.stored())
            stage.sandbox.interleave(when=when, operation="update", key_id=stage.key_id, edit=edit)
        if rng.random() < 0.2:
            units = rng.randrange(1, 5_000)
            stage.sandbox.interleave(when=when, operation="update", key_id=stage.key_id, spend=units)


def try_edit(stage: Stage, fields: dict[str, Any], base: Any) -> tuple[str, Any]:
    """What an editor is told, and the result or the conflict."""
    try:
        result = stage.edit(as_wish(fields), base=base)
        return str(result.outcome), result
    except Conflict as conflict:
        return "conflict", conflict
    except Held:
        return "held", None
    except Invalid as invalid:
        return "invalid", invalid
    except (NotSent, Unclear) as error:
        return f"page not read ({error.kind})", None


def set_up_two(sandbox: Any) -> tuple[Stage, Stage]:
    """Two leads of one team."""
    first = set_up(sandbox)
    other = Person.objects.create_user("second-lead", password="not-used")
    Membership.objects.create(person=other, team=first.team, role=TeamRole.LEAD)
    actor = Actor(ActorKind.PERSON, str(other.pk), other.username, role="lead", address="127.0.0.1", request_id="r2")
    return first, Stage(first.sandbox, first.account, first.team, other, actor, first.key_id)


def fresh_key(stage: Stage, rng: random.Random) -> tuple[Stage, dict[str, Any]]:
    fields = {"name": "blue", "remain_quota": 100_000, "status": rng.choice((1, 1, 2))}
    on = stage.on(stage.sandbox.add_key(stage.account, **fields))
    return on, on.stored()


def interleaved(stage: Stage, second: Stage, rng: random.Random, told: Told) -> None:
    """One run: a form, things that happen, our save, and the verdict of the log."""
    on, start = fresh_key(stage, rng)
    base, seen_at = patient_read(on), Story.of(on, start).reads()[-1]
    asked = some_fields(rng, start)
    for _ in range(rng.randrange(3)):
        something_happens(on, rng, second)
    writes_before = len(on.puts())
    arm(on, rng)
    said, answer = try_edit(on, asked, base)
    on.sandbox.clear_hooks()
    mine = {entry["n"] for entry in on.puts()[writes_before:] if entry["key_id"] == on.key_id}
    story = Story.of(on, start)
    told.said.append(said)
    # Disabling and nothing else overrules whatever status somebody else has set: the safe direction (design.md).
    broken = [] if asked == {"status": 2} else judge(story, seen_at, mine, asked, told)
    if said == "conflict":
        broken += false_conflict(story, seen_at, asked, answer, mine)
    if said == "confirmed":
        broken += false_confirmed(story, asked)
    told.broken += [f"{words}; asked {asked}, said {said}" for words in broken]


def judge(story: Story, seen_at: int, mine: set[int], asked: dict[str, Any], told: Told) -> list[str]:
    """Which of the others' writes did our updates undo, and where does the log place them?"""
    broken = []
    for put in [entry for entry in story.puts() if entry["n"] in mine]:
        read_at = max(read for read in story.reads() if read < put["order"])
        read = story.at(read_at)
        for name in EDITABLE:
            writer = last_writer(story, name, put["order"], mine)
            if writer is None or put["before"][name] == put["after"][name] or by_rule(name, put):
                continue
            if writer["order"] > read_at:
                told.lost += 1
            elif put["after"][name] != read[name] and moved_by_others(story, name, seen_at, read_at):
                broken.append(f"{name} of {writer['operation']} was overwritten unseen")
        told.in_window += sum(read_at < e["order"] < put["order"] for e in others(story, mine))
    return broken


def others(story: Story, mine: set[int]) -> list[Entry]:
    """What other people wrote: by the console, or through us as somebody else."""
    return [
        e for e in story.entries if e["after"] and e["n"] not in mine and e["operation"] in ("console_edit", "update")
    ]


def last_writer(story: Story, name: str, before: int, mine: set[int]) -> Entry | None:
    """Who of the others last altered this field before that place in the order, unless we have since."""
    wrote = [
        entry
        for entry in story.entries
        if entry["order"] < before
        and entry["operation"] in ("console_edit", "update")
        and entry["after"]
        and entry["before"][name] != entry["after"][name]
    ]
    return wrote[-1] if wrote and wrote[-1]["n"] not in mine else None


def by_rule(name: str, put: Entry) -> bool:
    """Upstream's own rule (trap 9), and ours that disabling overrules whoever enables (the safe direction)."""
    if name == "status":
        return (put["before"]["status"], put["after"]["status"]) == (1, 2)
    return name == "cross_group_retry" and put["after"]["group"] != "auto"


def granted(record: dict[str, Any]) -> int:
    return int(record["remain_quota"]) + int(record["used_quota"])


def moved_by_others(story: Story, name: str, seen_at: int, live_at: int) -> bool:
    """Did anybody write this field between the form's read and ours, so that it is another now?"""
    saw, live = story.at(seen_at), story.at(live_at)
    if name == "remain_quota":
        return granted(saw) != granted(live)
    return saw[name] != live[name] and any(
        seen_at < e["order"] < live_at and wrote(e, name) for e in story.entries if e["after"]
    )


def wrote(entry: Entry, name: str) -> bool:
    """Did somebody write this field here, or write away what explains a status that moved by itself?"""
    if entry["operation"] not in ("console_edit", "update"):
        return False
    # Exhausted and topped up since: two readings cannot tell that from a status that somebody set.
    names = (name, "remain_quota", "unlimited_quota", "expired_time") if name == "status" else (name,)
    return any(entry["before"][one] != entry["after"][one] for one in names)


def false_conflict(story: Story, seen_at: int, asked: dict[str, Any], conflict: Any, mine: set[int]) -> list[str]:
    """A conflict is shown for a field that we touch and that others wrote, and for nothing else; nothing is sent."""
    live_at = story.reads()[-1]
    found = [
        f"a conflict over {name}, which nobody else wrote"
        for name in conflict.fields
        if name not in asked or not moved_by_others(story, name, seen_at, live_at)
    ]
    return found + (["a conflict, and an update was sent"] if mine else [])


def false_confirmed(story: Story, asked: dict[str, Any]) -> list[str]:
    """At our last read, every field that we touched read as we asked."""
    read = story.at(story.reads()[-1])
    return [
        f"confirmed, and {name} read {read[name]!r}"
        for name, value in asked.items()
        if name != "remain_quota" and (read[name] or None) != (value or None)
    ]


def test_interleavings(real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str, settings: Any) -> None:
    seed = seed_of_run()
    rng = begin(promise, "7", "nobody is overwritten unseen", seed, 0.05)
    settings.WAITS = settings.WAITS.scaled(1 / 6)
    stage, second = set_up_two(sandbox)
    told = Told()
    for dialect in "ABC":
        sandbox.configure(dialect=dialect)
        for _ in range(50 if scale == "small" else 800):
            interleaved(stage, second, rng, told)
            sandbox.clear_log()
    promise.tried(len(told.said))
    say_shares("edits among others", told.said)
    say(f"{told.in_window} writes of others fell between our read and our update; fields lost to ours: {told.lost}")
    for words in told.broken:
        promise.broke(f"{words} PROOF_SEED={seed}")
    assert told.lost and told.said.count("conflict") and told.said.count("confirmed")


def two_at_once(stage: Stage, second: Stage, rng: random.Random) -> tuple[list[str], list[str]]:
    """Two leads save the same key from forms of the same moment, at the same time."""
    on, start = fresh_key(stage, rng)
    base, seen_at = patient_read(on), Story.of(on, start).reads()[-1]
    ours, theirs = ({"name": "green", **some_fields(rng, start)} for _ in range(2))  # never a disable alone
    with beside(lambda: try_edit(second.on(on.key_id), theirs, base)) as answers:
        said, result = try_edit(on, ours, base)
    (their_said, their_result) = answers[0]
    story, broken = Story.of(on, start), []
    steps = {str(one.change_id): one for one in (result, their_result) if hasattr(one, "change_id")}
    puts = story.puts()
    for earlier, later in zip(puts, puts[1:], strict=False):
        read_at = max(read for read in story.reads() if read < later["order"])
        if earlier["order"] > read_at:
            broken.append(f"one update between the read and the update of another: {said}/{their_said} {len(steps)}")
    both = [name for name in ours if name in theirs and ours[name] != theirs[name]]
    saved = (said in ("confirmed", "applied"), their_said in ("confirmed", "applied"))
    changed = [name for name in both if start[name] not in (ours[name], theirs[name])]
    if all(saved) and changed:
        broken.append(f"both saved {changed}: {ours} and {theirs}, seen at {seen_at}")
    return [f"{said}/{their_said}"], broken


def test_two_editors_at_once(real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str, settings: Any) -> None:
    seed = seed_of_run()
    rng = begin(promise, "7", "two editors at once", seed, 0.1)
    settings.WAITS = settings.WAITS.scaled(1 / 3)
    stage, second = set_up_two(sandbox)
    said = []
    for _ in range(20 if scale == "small" else 400):
        sandbox.configure(dialect=rng.choice("ABC"))
        words, broken = two_at_once(stage, second, rng)
        said += words
        for one in broken:
            promise.broke(f"{one} PROOF_SEED={seed}")
    promise.tried(len(said))
    say_shares("first/second", said)


MUTANTS: list[tuple[str, Callable[..., Any], str, str, str]] = [
    ("skip the conflict check", compute.plan_edit, "if clashes:", "if False:", "was overwritten unseen"),
    (
        "spending is a conflict",
        compare.moved_between,
        "base.limit == live.limit",
        "base.settings.remain_quota == live.settings.remain_quota",
        "which nobody else wrote",
    ),
]


@pytest.mark.parametrize(("mutant", "function", "old", "new", "words"), MUTANTS, ids=[one[0] for one in MUTANTS])
def test_the_mutant_is_caught(
    real_db: RealDatabase,
    sandbox: Any,
    promise: Promise,
    settings: Any,
    mutant: str,
    function: Callable[..., Any],
    old: str,
    new: str,
    words: str,
) -> None:
    promise.number, promise.title = "7", f"mutant: {mutant}"
    settings.WAITS = settings.WAITS.scaled(0.03)
    stage, second = set_up_two(sandbox)
    told, rng = Told(), random.Random(5)
    with mutated(function, old, new):
        for _ in range(40):
            interleaved(stage, second, rng, told)
            sandbox.clear_log()
    promise.tried(40)
    assert any(words in one for one in told.broken), json.dumps(told.broken[:5])
    promise.caught(mutant)
