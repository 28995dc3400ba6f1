"""Every key of a team disabled at one press: what reads so, what does not, and that nothing is claimed beyond it."""

from dataclasses import replace
from typing import Any

import pytest

from keys.errors import Denied, Invalid, LedgerUnavailable
from keys.ledger.finding import body_of
from keys.models import Job, Membership, Panic, Person, Record, TeamRole
from keys.services.outcome import Result
from keys.services.panic import batches, listing, running
from keys.services.panic.pressing import NumberChanged
from keys.types import KeyPage
from tests.panic.scene import Scene
from tests.road.stage import wish


def test_all_are_disabled_in_every_dialect(everywhere: Scene) -> None:
    enabled = everywhere.enabled()
    panic = everywhere.press(reason="the laptop was stolen")
    assert everywhere.sandbox.requests() == []

    panic = everywhere.work(panic)

    assert everywhere.enabled() == set()
    assert everywhere.states(panic) == {"done": len(enabled)}
    assert set(panic.items.values_list("key_id", flat=True)) == enabled
    assert (panic.asked, panic.already, panic.skipped, panic.checks) == (len(enabled), 1, 0, 1)
    job = everywhere.job(panic)
    assert (job.lane, job.status, job.done, job.total, job.error) == ("urgent", "done", len(enabled), len(enabled), "")
    assert not any(everywhere.sandbox.would_serve(key_id) for key_id in everywhere.ids)


def test_each_change_is_recorded_and_names_the_press(scene: Scene) -> None:
    panic = scene.work(scene.press(reason="the laptop was stolen"))

    begun = Record.objects.get(seq=panic.record_seq)
    assert (begun.action, begun.reason, begun.actor_role) == ("keys.panic", "the laptop was stolen", "lead")
    assert body_of(begun.text) == {"keys": len(scene.ids) - 1, "already": 1}
    intents = [record for record in scene.records("key.disable") if not record.outcome]
    assert {record.key_id for record in intents} == set(scene.ids) - scene.before
    assert {body_of(record.text)["part_of"] for record in intents} == {panic.record_seq}
    assert {record.reason for record in intents} == {"the laptop was stolen"}
    outcomes = [record for record in scene.records("key.disable") if record.outcome]
    assert {record.outcome for record in outcomes} == {"confirmed"} and len(outcomes) == len(intents)
    windows = [body_of(record.text)["window_ms"] for record in outcomes]
    assert all(isinstance(window, int) for window in windows)


def test_a_page_is_the_look_of_many(scene: Scene) -> None:
    panic = scene.work(scene.press())

    n = panic.items.count()
    calls = scene.calls()
    twice = calls["update"] - n
    assert 0 < twice == calls["get"], "a second body where the first is refused, each with a look of its own"
    # The listing, the page before the first batch, one after each batch, and the listing that checks; on a machine so
    # busy that a batch does not fit into its time, a few more.
    assert 2 + 1 + -(-n // batches.BATCH) <= calls["list"] < n - 1


def test_what_is_looked_at_was_read_after_it_was_sent(scene: Scene) -> None:
    """By the sandbox's own order: after each key's last PUT comes a reading, before the outcome was written."""
    panic = scene.work(scene.press(), check=False)

    log = scene.sandbox.requests()
    for item in panic.items.all():
        last = max(n for n, one in enumerate(log) if one["operation"] == "update" and one["key_id"] == item.key_id)
        assert any(one["operation"] in ("list", "get") for one in log[last + 1 :])


def test_an_edit_that_was_saved_after_the_page_was_read_is_not_undone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, read, saved = scene.stage, batches.read, list[Result]()

    def read_then_edited(*args: Any) -> batches.Page | None:
        page = read(*args)
        if not saved:
            saved.append(stage.edit(wish(name="saved meanwhile")))
        return page

    monkeypatch.setattr(batches, "read", read_then_edited)
    panic = scene.work(scene.press(), check=False)

    assert saved[0].outcome == "confirmed" and scene.item(panic, stage.key_id).state == "done"
    assert (stage.stored()["name"], stage.stored()["status"]) == ("saved meanwhile", 2)


def test_a_key_made_since_is_caught(scene: Scene) -> None:
    new = scene.sandbox.add_key(scene.stage.account, name="made a moment ago")
    panic = scene.work(scene.press())
    assert scene.item(panic, new).fresh and scene.enabled() == set()
    assert panic.items.filter(fresh=True).count() == 1


def test_a_key_made_while_it_goes_on_is_caught_by_the_check(scene: Scene) -> None:
    panic = scene.work(scene.press(), check=False)
    new = scene.sandbox.add_key(scene.stage.account, name="made meanwhile")
    panic = scene.work(panic)
    assert scene.item(panic, new).state == "done" and scene.enabled() == set()


def test_a_key_deleted_meanwhile(scene: Scene) -> None:
    panic = scene.press()
    scene.slice()  # the listing
    scene.sandbox.console_delete(scene.stage.key_id)
    panic = scene.work(panic)
    assert scene.item(panic, scene.stage.key_id).state == "gone"
    assert scene.states(panic) == {"gone": 1, "done": len(scene.ids) - 2}
    assert scene.job(panic).status == "done"


def test_when_it_cannot_be_listed_the_mirrors_keys_are_disabled(scene: Scene) -> None:
    scene.sandbox.fault("503", operation="list", times=999)
    panic = scene.work(scene.press(), check=False)
    assert panic.unlisted == "http_503"
    assert scene.enabled() == set() and scene.states(panic) == {"done": len(scene.ids) - 1}
    scene.sandbox.clear_faults()
    assert scene.work(panic).checks == 1


def test_a_list_that_is_shorter_than_it_says_is_not_believed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys that it hides are known here: they are disabled too, and nothing is called done before a whole list."""
    usual, hidden = listing.read_page, min(scene.ids)

    def short(client: Any, number: int) -> KeyPage:
        page = usual(client, number)
        return replace(page, items=tuple(key for key in page.items if key.id != hidden))

    monkeypatch.setattr(listing, "read_page", short)
    panic = scene.work(scene.press(), check=False)
    assert panic.unlisted == "list_short" and scene.enabled() == set()
    for _ in range(3):
        scene.hasten(panic)
        scene.slice()
    panic.refresh_from_db()
    assert (panic.checks, panic.failed_checks) == (0, 3)
    monkeypatch.undo()
    assert scene.work(panic).checks == 1


def test_a_list_that_never_ends_keeps_nothing_waiting(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = listing.read_page

    def again(client: Any, number: int) -> KeyPage:
        page = usual(client, 1)
        return replace(page, page=number, page_size=len(page.items), total=99_999)

    monkeypatch.setattr(listing, "read_page", again)
    panic = scene.work(scene.press(), check=False)
    assert panic.unlisted == "list_repeats" and scene.enabled() == set()


def test_a_refused_access_token_stops_it_and_leaves_all_in_sight(scene: Scene) -> None:
    scene.sandbox.fault("401_json", path="/api/", times=999)
    panic = scene.work(scene.press())
    job = scene.job(panic)
    assert job.status == "failed" and job.error
    assert scene.states(panic) == {"waiting": len(scene.ids) - 1}
    assert scene.sandbox.writes() == []


def test_refused_with_cometapis_words(scene: Scene) -> None:
    scene.sandbox.fault("refusal", operation="update", key_id=scene.stage.key_id, times=999)
    panic = scene.work(scene.press(), check=False)
    item = scene.item(panic, scene.stage.key_id)
    assert item.state == "failed" and item.message
    assert scene.enabled() == {scene.stage.key_id}

    scene.sandbox.clear_faults()
    panic = scene.work(panic)
    assert scene.enabled() == set() and scene.states(panic) == {"done": len(scene.ids) - 1}


def test_what_is_disabled_elsewhere_is_done_by_the_check(few: Scene) -> None:
    few.sandbox.fault("refusal", operation="update", key_id=few.stage.key_id, times=999)
    panic = few.work(few.press(), check=False)
    assert few.item(panic, few.stage.key_id).state == "failed"
    few.sandbox.console_edit(few.stage.key_id, status=2)

    panic = few.work(panic)

    assert few.states(panic) == {"done": panic.items.count()} and few.job(panic).status == "done"


def test_what_stays_refused_is_a_bad_end(few: Scene) -> None:
    few.sandbox.fault("refusal", operation="update", key_id=few.stage.key_id, times=999)
    panic = few.work(few.press())
    assert panic.checks == running.CHECKS
    assert few.job(panic).status == "failed" and "1 key" in few.job(panic).error


def test_503_for_every_second_answer(few: Scene) -> None:
    for number in range(40):
        few.sandbox.fault("503", skip=number + 1)
    panic = few.work(few.press(), check=False)
    few.sandbox.clear_faults()
    panic = few.work(panic)
    assert few.enabled() == set()
    assert few.states(panic) == {"done": len(few.ids) - 1}


def test_done_is_never_said_of_a_key_that_reads_enabled(few: Scene) -> None:
    """CometAPI says yes to everything and stores nothing."""
    few.sandbox.fault("status_ignored", operation="update", times=9999)
    panic = few.press()
    for _ in range(3):
        few.hasten(panic)
        few.slice()
    assert few.states(panic)["done"] == 0
    few.sandbox.clear_faults()
    panic = few.work(panic)
    assert few.enabled() == set()


def test_a_key_that_comes_back_is_disabled_again(scene: Scene) -> None:
    panic = scene.work(scene.press(), check=False)
    scene.sandbox.console_edit(scene.stage.key_id, status=1)
    panic = scene.work(panic)
    item = scene.item(panic, scene.stage.key_id)
    assert (item.state, item.came_back, panic.checks) == ("done", 1, 2)
    assert scene.enabled() == set()


def test_a_key_disabled_here_too_that_comes_back_is_disabled_again(few: Scene) -> None:
    """Whoever disabled it by itself wanted it disabled no less."""
    panic = few.work(few.press(), check=False)
    few.sandbox.console_edit(few.stage.key_id, status=1)
    assert few.stage.disable().outcome == "confirmed"
    few.sandbox.console_edit(few.stage.key_id, status=1)
    panic = few.work(panic)
    item = few.item(panic, few.stage.key_id)
    assert (item.state, item.came_back) == ("done", 1) and few.enabled() == set()


def test_a_key_enabled_here_on_purpose_is_left_alone(few: Scene) -> None:
    panic = few.work(few.press(), check=False)
    few.stage.enable()
    panic = few.work(panic)
    item = few.item(panic, few.stage.key_id)
    assert (item.state, item.why) == ("left", "enabled_here")
    assert few.enabled() == {few.stage.key_id}
    assert few.job(panic).status == "failed"


def test_the_number_has_to_be_right(scene: Scene) -> None:
    for typed in (0, 1, len(scene.ids), -3):
        with pytest.raises(NumberChanged) as told:
            scene.press(typed)
        assert told.value.number == len(scene.ids) - 1
    assert not Panic.objects.exists() and not Job.objects.exists() and scene.sandbox.requests() == []
    assert scene.records("keys.panic") == []


def test_a_second_press_is_the_first_ones(scene: Scene) -> None:
    first = scene.press()
    assert scene.press(1, reason="again") == first
    scene.slice()
    assert scene.press(len(scene.ids) - 1) == first
    assert Job.objects.count() == 1 and len(scene.records("keys.panic")) == 1


def test_a_member_cannot(scene: Scene) -> None:
    scene.stage.lead.memberships.update(role=TeamRole.MEMBER)
    with pytest.raises(Denied):
        scene.press()
    assert not Panic.objects.exists() and scene.records("access.denied")


def test_who_loses_the_right_in_the_middle_stops_it(scene: Scene) -> None:
    panic = scene.press()
    scene.slice()
    Membership.objects.filter(person=scene.stage.lead).delete()
    panic = scene.work(panic)
    assert scene.job(panic).status == "failed" and "any more" in scene.job(panic).error
    assert scene.sandbox.writes() == [] and scene.states(panic)["done"] == 0


def test_a_secret_is_no_reason(scene: Scene) -> None:
    with pytest.raises(Invalid):
        scene.press(reason=scene.sandbox.secret(scene.stage.key_id))
    assert not Panic.objects.exists()


def test_without_a_ledger_nothing_is_sent(few: Scene, settings: Any) -> None:
    ledger_keys = settings.LEDGER_KEYS
    settings.LEDGER_KEYS = {}
    with pytest.raises(LedgerUnavailable):
        few.press()
    settings.LEDGER_KEYS = ledger_keys
    panic = few.press()
    settings.LEDGER_KEYS = {}
    for _ in range(3):
        few.hasten(panic)
        few.slice()
    panic.refresh_from_db()
    assert few.sandbox.writes() == [] and panic.trouble
    settings.LEDGER_KEYS = ledger_keys
    panic = few.work(panic)
    assert few.enabled() == set() and panic.trouble == ""


def test_secrets_nowhere(scene: Scene) -> None:
    panic = scene.work(scene.press())
    kept = [item.masked + item.name + item.message for item in panic.items.all()]
    kept += list(Record.objects.values_list("text", flat=True))
    for key_id in scene.ids:
        secret = scene.sandbox.key(key_id)["key"]
        assert not any(secret in text for text in kept)


def test_a_person_deleted_since_stops_it(scene: Scene) -> None:
    panic = scene.press()
    Panic.objects.update(person=None)
    panic = scene.work(panic)
    assert scene.job(panic).status == "failed" and scene.sandbox.writes() == []
    assert Person.objects.exists()
