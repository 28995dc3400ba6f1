"""What must hold over the two of each: by the visitors' own notes and the sandbox's log, held against the ledger."""

from collections import Counter, defaultdict

from keys.models import Change, ChangeState, Drift, LedgerHead, Record
from keys.types import Waits
from tests.mirror.two_of_each import Deed
from tests.road.drive import EDITABLE, Entry

SENT = {303: 1, 200: 0, 409: 0, 429: 0, 502: 0, 503: 0}
"""Status -> how often such a save was carried out. 200: nothing to change; 409: a conflict, or held; else: not sent."""
NOT_KNOWN = 202


def all_wrong(deeds: list[Deed], log: list[Entry]) -> list[str]:
    return [
        *(f"{one.verb} was answered {one.status}" for one in deeds if one.status not in (*SENT, NOT_KNOWN)),
        *unrecorded(log),
        *overwritten(deeds, log)[0],
        *told_falsely(deeds, log),
        *two_at_once(log),
        *(f"key {one.key_id} was changed by nobody: {one.changed}" for one in Drift.objects.all()),
        *unsound(),
    ]


def writes_of(log: list[Entry]) -> list[Entry]:
    return [entry for entry in log if entry["operation"] == "update" and entry["method"] == "PUT"]


def carried_out(log: list[Entry]) -> list[Entry]:
    return sorted((entry for entry in writes_of(log) if entry["after"]), key=lambda entry: int(entry["order"]))


def moved_by(entry: Entry) -> set[str]:
    return {name for name in EDITABLE if entry["before"][name] != entry["after"][name]}


def unrecorded(log: list[Entry]) -> list[str]:
    """Requests that write, and no intent of their key before them asks for this."""
    asked = intents()
    return [
        f"request {entry['n']} to key {entry['key_id']} has no intent before it"
        for entry in writes_of(log)
        if not senders(entry, asked)
    ]


Intents = dict[int, list[tuple[float, Change]]]


def intents() -> Intents:
    """Of each key, when an intent was recorded (Unix seconds), and its change; oldest first."""
    recorded = {record.seq: record for record in Record.objects.filter(outcome="").exclude(change="")}
    found: Intents = defaultdict(list)
    for change in Change.objects.order_by("intent_seq"):
        intent = recorded.get(change.intent_seq)
        if intent and intent.change == str(change.pk):
            found[change.key_id].append((intent.time.timestamp(), change))
    return found


def senders(entry: Entry, asked: Intents) -> list[Change]:
    """The changes that may have sent this, by what it asks for."""
    fields = ("status",) if is_switch(entry) else ("name", "allow_ips")
    return [
        change
        for at, change in asked[entry["key_id"]]
        if at <= entry["began"] and all(change.wanted[name] == entry["body"][name] for name in fields)
    ]


def is_switch(entry: Entry) -> bool:
    """Does it ask for the status alone? Where CometAPI does not know that, it writes its whole body (trap 4)."""
    return "status_only" in entry["query"]


def overwritten(deeds: list[Deed], log: list[Entry]) -> tuple[list[str], int]:
    """What a request took away that its sender had not seen, or moved that nobody asked for; and how many such losses
    fell between a reading and its request, where only a disable can come (it is never held) and nobody can see it.
    """
    found, in_window, asked = list[str](), 0, intents()
    by_name = {deed.typed["name"]: deed for deed in deeds if deed.typed}
    for entry in carried_out(log):
        before, moved = entry["before"], moved_by(entry)
        deed = None if is_switch(entry) else by_name.get(entry["body"]["name"])
        typed, saw = (deed.typed, deed.saw) if deed and "name" in moved else ({}, {})
        meant = {name for name in moved & typed.keys() if (before[name] or "") in (saw[name], typed[name])}
        lost = moved - meant - ({"status"} if not typed else set())
        if lost and _in_its_window(entry, lost, senders(entry, asked), log):
            in_window += 1
        elif lost:
            found.append(f"{sorted(lost)} of key {entry['key_id']} overwritten unseen by request {entry['n']}")
    return found, in_window


def _in_its_window(entry: Entry, lost: set[str], sent_by: list[Change], log: list[Entry]) -> bool:
    """Was all of it written since the reading that the sender's request was made from, by or against a disable?"""
    read_at = max((one.read_at.timestamp() for one in sent_by if one.read_at), default=entry["began"])
    since = [
        moved_by(other)
        for other in carried_out(log)
        if other["key_id"] == entry["key_id"]
        and other["order"] < entry["order"]
        and other["applied"] >= read_at
        and (is_switch(entry) or is_switch(other))
    ]
    return lost <= set().union(*since)


def told_falsely(deeds: list[Deed], log: list[Entry]) -> list[str]:
    """Saves that were called done and were not, or not done and were."""
    carried = [one for one in carried_out(log) if "name" in moved_by(one) and not is_switch(one)]
    sent = Counter(one["body"]["name"] for one in carried)
    return [
        f"{deed.typed['name']!r} was answered {deed.status} and carried out {sent[deed.typed['name']]} times"
        for deed in deeds
        if deed.typed and deed.status in SENT and sent[deed.typed["name"]] != SENT[deed.status]
    ]


def two_at_once(log: list[Entry]) -> list[str]:
    """Pages of one team's list that were asked for while another one was under way, and still waited for."""
    found, waited_for = [], defaultdict[int, float](float)
    for entry in sorted((one for one in log if one["operation"] == "list"), key=lambda one: float(one["began"])):
        team, begun = entry["account_id"], float(entry["began"])
        if begun < waited_for[team]:
            found.append(f"account {team} was listed twice at once, by request {entry['n']}")
        # Not "answered": that is noted when whoever asked may be asking for the next page already.
        waited_for[team] = min(entry["applied"] or begun, begun + Waits().page_s)
    return found


def unsound() -> list[str]:
    """A fork or a gap; a change without its end, or an end without its record."""
    seqs = list(Record.objects.order_by("seq").values_list("seq", flat=True))
    found = [] if seqs == list(range(1, len(seqs) + 1)) else ["the ledger has a gap or a fork"]
    if LedgerHead.objects.get().seq != len(seqs):
        found.append("the ledger's head is elsewhere")
    ended = set(Record.objects.exclude(outcome="").values_list("seq", flat=True))
    for change in Change.objects.all():
        if change.state != ChangeState.DONE or not change.outcome or change.outcome_seq not in ended:
            found.append(f"{change.kind} of key {change.key_id} has no outcome: {change.state} {change.outcome}")
    return found
