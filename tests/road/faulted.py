"""One write under one fault, and the judge of what was said of it: promise 5's attack, without its counts.

The table says what each fault does to a request; the judge compares what was said with the sandbox's log alone.
"""

import random
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from keys.errors import UpstreamError
from keys.models import Change
from keys.services.outcome import Conflict, Held, Result
from tests.road.drive import EDITABLE, Entry, had_effect, unlike
from tests.road.stage import Stage, wish

PLACES = {"before": ("get", 0), "write": ("update", 0), "after": ("get", 1)}
VERBS = ("edit", "disable", "enable", "quota")

KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    *((kind, {}) for kind in ("reset_before", "close", "400", "401_json", "401_html", "403", "404", "409", "413")),
    *(
        (kind, {})
        for kind in ("500_before", "502", "503", "504", "524", "500_after", "reset_after", "empty_200", "204")
    ),
    *((kind, {}) for kind in ("html_200", "json_list", "json_null", "json_string", "success_missing", "success_one")),
    *((kind, {}) for kind in ("success_string", "another_id", "another_user", "field_missing", "extra_fields", "nan")),
    *((kind, {}) for kind in ("duplicate_keys", "bad_gzip", "bad_charset", "cut_with_length", "cut_without_length")),
    *((kind, {}) for kind in ("cut_chunked", "garbage", "garbage_body", "stale_read", "wrong_total", "shifting_pages")),
    *((kind, {}) for kind in ("stall_before_headers", "stall_after_headers", "drip", "status_ignored")),
    *((code, {"where": where}) for code in ("301", "302", "307", "308") for where in ("same", "other")),
    *((kind, {"applied": True}) for kind in ("301", "307", "400", "403", "409", "503", "504", "close", "refusal")),
    *((kind, {"applied": False}) for kind in ("extra_fields", "stall_before_headers", "empty_200", "success_string")),
    *(("field_altered", {"field": name}) for name in ("name", "remain_quota", "model_limits", "unlimited_quota")),
    *(("applied_late", {"answer": answer}) for answer in ("504", "524", "500", "close", "reset", "stall")),
    ("status_ignored", {"answer": "stored"}),
    ("refusal", {"message": "no access to group gold"}),
    ("drip", {"what": "all", "interval": 0.05}),
    ("gzip_bomb", {"megabytes": 30}),
    ("huge_body", {"megabytes": 1000}),
    ("big_header", {"megabytes": 10}),
    ("slow", {"seconds": 0.05}),
)

ALONE: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("429", {"retry_after": wait}) for wait in (None, "0", "1", "7", "-5", "99999999999", "date:30", "soon")),
    ("429", {"applied": True}),
    ("refused", {"seconds": 0.0}),
    ("refused", {"seconds": 0.1}),
    ("refused", {"seconds": 3.0}),
)
"""These strike everybody: the listener goes away, or the rate limit makes all wait."""

SAYS_YES = frozenset(
    {"extra_fields", "field_altered", "status_ignored", "stale_read", "slow", "wrong_total", "refused"}
)
SAYS_YES |= {"shifting_pages"}
"""Faults whose answer to an update is a well-formed success, carried out or not."""

LYING_READS = frozenset({"field_altered", "stale_read"})
"""Well-formed reads that are not true: before a write nobody can tell, so an untouched field may go back as read."""

SAVED = ("confirmed", "applied")
NOTHING_CHANGED = ("refused", "not_sent", "not_applied", "conflict", "held")


@dataclass
class Run:
    """One write under one fault, and what was said. wanted: the record as it should then be, from the test's table.

    lied_to: the read before it was untrue. mentioned: untouched fields of which was said that somebody changed them.
    """

    stage: Stage
    verb: str
    what: str
    start: dict[str, Any]
    wanted: dict[str, Any]
    said: str = ""
    at_once: str = ""
    change: Any = None
    lied_to: bool = False
    asked: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()
    ended: float = 0.0
    lies: list[str] = field(default_factory=list)

    def lie(self, words: str) -> None:
        self.lies.append(f"{words} [{self.verb} under {self.what}]")


@dataclass(frozen=True)
class Case:
    """What to try. seed: of everything else that is random in it."""

    verb: str
    place: str
    kind: str
    params: dict[str, Any]
    seed: int


def cases(rng: random.Random, count: int, kinds: Any = KINDS, verbs: tuple[str, ...] = VERBS) -> list[Case]:
    """`count` cases over all verbs, places and kinds, each combination about equally often."""
    every = [(verb, place, kind, params) for verb in verbs for place in PLACES for kind, params in kinds]
    rng.shuffle(every)
    picked = [every[index % len(every)] for index in range(count)]
    return [Case(verb, place, kind, params, rng.randrange(10**9)) for verb, place, kind, params in picked]


EDITS: tuple[dict[str, Any], ...] = (
    {"name": "renamed"},
    {"expired_time": 4_000_000_000},
    {"unlimited_quota": True},
    {"model_limits": "gpt-5,claude"},
    {"allow_ips": "203.0.113.0/24"},
    {"group": "vip"},
    {"group": "auto", "cross_group_retry": True},
    {"name": "renamed", "status": 2},
    {"name": "", "group": "vip", "unlimited_quota": True},
)
QUOTAS = {("set", 42): 42, ("add", 1_000): 101_000, ("take", 1_000): 99_000, ("take", 200_000): 0}


def run(stage: Stage, case: Case, late_s: float) -> Run:
    """Make a key, arm the fault, write, and note what was said. late_s: until when a late update may land."""
    rng = random.Random(case.seed)
    on = stage.on(stage.sandbox.add_key(stage.account, name="older", remain_quota=100_000))
    begun_status = 2 if case.verb == "enable" else 1
    start = on.sandbox.console_edit(on.key_id, name="staging", status=begun_status)
    asked, wanted = _asked(rng, case.verb)
    times = rng.choice((1, 1, 2, 99))
    done = Run(on, case.verb, f"{case.kind} {case.params} {case.place} x{times}", start, {**start, **wanted})
    done.lied_to = case.place == "before" and case.kind in LYING_READS
    done.asked = tuple(wanted)
    base = patient_read(on)
    if rng.random() < 0.2:
        on.sandbox.interleave(when="before", operation="update", key_id=on.key_id, spend=7)
    arm(on, case, times, delay=rng.uniform(0.1, 0.8) * late_s)
    _write(done, lambda: _ask(on, case.verb, asked, base))
    done.ended = time.time()
    return done


def patient_read(stage: Stage) -> Any:
    """The key as its page shows it; the shortened waits are no matter of the page's."""
    for _ in range(20):
        try:
            return stage.read()
        except UpstreamError:
            time.sleep(0.05)
    return stage.read()


def _asked(rng: random.Random, verb: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What to ask for, and the fields as they should then read."""
    if verb == "quota":
        quota, left = rng.choice(list(QUOTAS.items()))
        return {"quota": quota}, {"remain_quota": left}
    if verb == "edit":
        fields = rng.choice(EDITS)
        return dict(fields), dict(fields)
    return {}, {"status": 2 if verb == "disable" else 1}


def arm(stage: Stage, case: Case, times: int, *, delay: float) -> None:
    operation, skip = PLACES[case.place]
    params = {**case.params, "delay": delay} if case.kind == "applied_late" else case.params
    stage.sandbox.fault(case.kind, operation=operation, skip=skip, times=times, key_id=stage.key_id, **params)


def _ask(stage: Stage, verb: str, asked: dict[str, Any], base: Any) -> Result:
    if verb == "disable":
        return stage.disable(change_id=uuid4())
    if verb == "enable":
        return stage.enable(change_id=uuid4())
    return stage.edit(wish(**asked), base=base)


def _write(done: Run, ask: Any) -> None:
    """Note what is said, and hold a claim of success against the stored record at that very moment."""
    try:
        result = ask()
        done.said, done.change = str(result.outcome), result.change_id
        done.mentioned = tuple(result.moved)
        if result.gone:
            done.lie("said the key was deleted, and it is there")
    except Conflict:
        done.said = "conflict"
    except Held:
        done.said = "held"
    done.at_once = done.said
    judge_success(done, done.said)


def judge_success(done: Run, said: str) -> None:
    if said not in SAVED:
        return
    stored = done.stage.stored()
    if done.verb == "disable":
        wrong = [] if stored["status"] == 2 else [f"status {stored['status']}"]
    else:
        wrong = unlike(done.wanted, stored, done.stage.sandbox.spent(done.stage.key_id))
    if done.lied_to and done.verb in ("edit", "quota"):
        wrong = [one for one in wrong if one.split()[0] not in done.mentioned]
    elif done.lied_to:
        wrong = [one for one in wrong if one.split()[0] in done.asked]
    if wrong:
        done.lie(f"said {said} while stored is {wrong}")


def settle_and_judge(done: Run, settle: Any) -> None:
    """Let it be settled once; a verdict that this brings is held against the record at that moment."""
    before = Change.objects.filter(pk=done.change).values_list("outcome", flat=True).first()
    settle(done.stage)
    now = Change.objects.filter(pk=done.change).values_list("outcome", flat=True).first()
    if now is None or now == before:
        return
    done.said = str(now)
    judge_success(done, done.said)
    stored = done.stage.stored()
    # Who was lied to before the write wanted what was read then, and is told that something else is there.
    if now == "other" and done.verb != "disable" and not done.lied_to:
        spent = done.stage.sandbox.spent(done.stage.key_id)
        if not unlike(done.wanted, stored, spent) and unlike(done.start, stored, spent):
            done.lie("settled as other while it is stored as wanted")


def judge_at_the_end(done: Run, log: list[Entry]) -> None:
    """When all is over: was "nothing changed" true, also of what landed late? Was no update sent twice?

    log: what the sandbox tells of this key. What settling sends later is another change.
    """
    mine = [entry for entry in log if entry["operation"] == "update" and entry["began"] <= done.ended]
    effects = [entry for entry in mine if had_effect(entry)]
    if done.said in NOTHING_CHANGED and effects:
        done.lie(f"said {done.said} while an update was carried out: {_moved(effects[-1])}")
    said_yes = any(e["fault"] in SAYS_YES or (e["fault"] is None and e["refused"] is None) for e in mine)
    if "differs" in (done.at_once, done.said) and not effects and not said_yes:
        done.lie("said that CometAPI stored something else, which it never said nor did")
    if done.said == "unknown" or (done.said == "unchanged" and not done.lied_to):
        done.lie(f"ended as {done.said}")
    kinds = [bool(entry["query"].get("status_only")) for entry in mine]
    if done.verb != "disable" and len(kinds) != len(set(kinds)):
        done.lie(f"the same update was sent {len(kinds)} times")
    if done.verb == "disable" and done.said not in NOTHING_CHANGED and done.stage.stored()["status"] != 2:
        done.lie(f"disabled, said {done.said}, settled, and the key still has status {done.stage.stored()['status']}")


def _moved(entry: Entry) -> dict[str, Any]:
    return {name: entry["after"][name] for name in EDITABLE if entry["before"][name] != entry["after"][name]}
