"""Editing a key: what was touched changes, nothing else does, and both records tell it."""

import time
from uuid import uuid4

import pytest

from keys.errors import Denied, Invalid
from keys.models import Change, ChangeState, Person, Record
from keys.services.outcome import ChangeIdTaken, Conflict, Outcome
from tests.road.drive import beside, first_reading_refused
from tests.road.stage import Stage, wish

EDITABLE = (
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
LATER = int(time.time()) + 86_400

EACH = [
    ({"name": "staging-2"}, {"name": "staging-2"}),
    ({"expired_time": LATER}, {"expired_time": LATER}),
    ({"unlimited_quota": True}, {"unlimited_quota": True}),
    ({"model_limits": "gpt-4o,claude"}, {"model_limits": "gpt-4o,claude"}),
    ({"allow_ips": "203.0.113.0/24\n2001:db8::/32"}, {"allow_ips": "203.0.113.0/24\n2001:db8::/32"}),
    ({"group": "vip"}, {"group": "vip"}),
    ({"group": "auto", "cross_group_retry": True}, {"group": "auto", "cross_group_retry": True}),
    ({"status": 2, "name": "off"}, {"status": 2, "name": "off"}),
    ({"quota": ("set", 42)}, {"remain_quota": 42}),
    ({"quota": ("add", 42)}, {"remain_quota": 100_042}),
    ({"quota": ("take", 42)}, {"remain_quota": 99_958}),
    ({"quota": ("take", 200_000), "name": "spent"}, {"remain_quota": 0, "name": "spent"}),
]


@pytest.mark.parametrize(("asked", "expected"), EACH, ids=lambda value: ",".join(value))
def test_it_changes_what_was_touched_and_nothing_else(everywhere: Stage, asked: dict, expected: dict) -> None:  # type: ignore[type-arg]
    before = everywhere.stored()

    result = everywhere.edit(wish(**asked), reason="a new office")

    after = everywhere.stored()
    assert result.outcome is Outcome.CONFIRMED, result
    assert {name: after[name] for name in expected} == expected
    rest = set(EDITABLE) - set(expected)
    assert {name: after[name] for name in rest} == {name: before[name] for name in rest}


def test_it_sends_every_editable_field_with_the_id_in_the_body(stage: Stage) -> None:
    stage.edit(wish(name="staging-2"))

    (put,) = stage.puts()
    body = put["body"]
    assert set(body) == {"id", *EDITABLE}
    assert (body["id"], body["name"], body["remain_quota"]) == (stage.key_id, "staging-2", 100_000)


def test_it_records_intent_and_outcome(stage: Stage) -> None:
    result = stage.edit(wish(name="staging-2"), reason="renamed after the move")

    intent, outcome = stage.records()
    assert (intent.outcome, outcome.outcome) == ("", "confirmed")
    assert intent.change == outcome.change == str(result.change_id)
    assert intent.reason == outcome.reason == "renamed after the move"
    assert intent.actor == outcome.actor == stage.lead.username
    assert result.record_seq == outcome.seq
    assert Change.objects.get().state == ChangeState.DONE


def test_nothing_touched_sends_nothing_and_records_nothing(stage: Stage) -> None:
    result = stage.edit(wish())

    assert result.outcome is Outcome.UNCHANGED
    assert (stage.puts(), stage.records()) == ([], [])


def test_what_already_reads_as_wanted_is_not_sent(stage: Stage) -> None:
    base = stage.read()
    stage.sandbox.console_edit(stage.key_id, name="staging-2")

    result = stage.edit(wish(name="staging-2"), base=base)

    assert result.outcome is Outcome.UNCHANGED
    assert stage.puts() == []


def test_a_touched_field_that_somebody_else_changed_is_a_conflict(stage: Stage) -> None:
    base = stage.read()
    stage.sandbox.console_edit(stage.key_id, name="theirs")

    with pytest.raises(Conflict) as conflict:
        stage.edit(wish(name="mine"), base=base)

    assert conflict.value.fields == {"name": ("staging", "theirs", "mine")}
    assert conflict.value.live.settings.name == "theirs"
    assert stage.puts() == []


def test_an_untouched_field_that_somebody_else_changed_is_kept_and_mentioned(stage: Stage) -> None:
    base = stage.read()
    stage.sandbox.console_edit(stage.key_id, allow_ips="203.0.113.9")

    result = stage.edit(wish(name="mine"), base=base)

    assert result.outcome is Outcome.CONFIRMED
    assert dict(result.moved) == {"allow_ips": (base.settings.allow_ips, "203.0.113.9")}
    assert stage.stored()["allow_ips"] == "203.0.113.9"


def test_spending_is_no_conflict_and_is_not_refunded(stage: Stage) -> None:
    base = stage.read()
    stage.sandbox.spend(stage.key_id, 700)

    result = stage.edit(wish(name="mine"), base=base)

    assert (result.outcome, dict(result.moved)) == (Outcome.CONFIRMED, {})
    assert stage.stored()["remain_quota"] == 99_300


def test_another_persons_top_up_is_a_conflict_with_mine(stage: Stage) -> None:
    base = stage.read()
    stage.sandbox.console_edit(stage.key_id, remain_quota=150_000)

    with pytest.raises(Conflict) as conflict:
        stage.edit(wish(quota=("add", 50_000)), base=base)

    assert conflict.value.fields == {"remain_quota": (100_000, 150_000, 200_000)}


def test_a_double_click_is_one_change(stage: Stage) -> None:
    base, change_id = stage.read(), uuid4()

    first = stage.edit(wish(name="mine"), base=base, change_id=change_id)
    second = stage.edit(wish(name="mine"), base=base, change_id=change_id)

    assert (second.outcome, second.record_seq) == (first.outcome, first.record_seq)
    assert len(stage.puts()) == 1
    assert len(stage.records()) == 2


def test_a_second_press_that_reads_what_the_first_one_saved_is_no_conflict(stage: Stage) -> None:
    base, change_id, asked = stage.read(), uuid4(), wish(quota=("add", 500))
    hook = stage.sandbox.pause("before", operation="get", key_id=stage.key_id)

    with beside(lambda: stage.edit(asked, base=base, change_id=change_id)) as slow:
        assert stage.sandbox.wait_paused(hook)
        quick = stage.edit(asked, base=base, change_id=change_id)
        stage.sandbox.release(hook)

    assert (slow[0].outcome, slow[0].record_seq) == (quick.outcome, quick.record_seq) and len(stage.puts()) == 1


def test_a_second_press_that_cannot_read_is_told_what_became_of_the_first(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was sent for it, and yet "nothing changed" would be untrue."""
    base, change_id, asked = stage.read(), uuid4(), wish(name="mine")
    begun, go_on = first_reading_refused(monkeypatch)

    with beside(lambda: stage.edit(asked, base=base, change_id=change_id)) as slow:
        assert begun.wait(10)
        quick = stage.edit(asked, base=base, change_id=change_id)
        go_on.set()

    assert quick.outcome is Outcome.CONFIRMED and len(stage.puts()) == 1
    assert (slow[0].outcome, slow[0].record_seq) == (quick.outcome, quick.record_seq)


def test_two_presses_that_have_both_read_are_one_change(stage: Stage) -> None:
    base, change_id, asked = stage.read(), uuid4(), wish(name="mine")
    hook = stage.sandbox.pause("after", operation="get", key_id=stage.key_id)

    with beside(lambda: stage.edit(asked, base=base, change_id=change_id)) as slow:
        assert stage.sandbox.wait_paused(hook)
        quick = stage.edit(asked, base=base, change_id=change_id)
        stage.sandbox.release(hook)

    assert quick.outcome is Outcome.CONFIRMED and len(stage.puts()) == 1 and stage.outcomes() == ["", "confirmed"]
    assert (slow[0].outcome, slow[0].record_seq) == (quick.outcome, quick.record_seq)


@pytest.mark.parametrize("press", ["edit", "disable"])
def test_a_press_that_has_read_is_told_that_the_other_one_ended_without_sending(stage: Stage, press: str) -> None:
    """The other one never held the key, so that the ledger alone knows of it."""
    change_id, asked = uuid4(), {"wish": wish(name="mine"), "base": stage.read()} if press == "edit" else {}
    hook = stage.sandbox.pause("after", operation="get", key_id=stage.key_id)

    with beside(lambda: getattr(stage, press)(change_id=change_id, **asked)) as slow:
        assert stage.sandbox.wait_paused(hook)
        stage.sandbox.fault("403", operation="get")
        quick = getattr(stage, press)(change_id=change_id, **asked)
        stage.sandbox.release(hook)

    assert quick.outcome is Outcome.NOT_SENT and stage.puts() == [] and stage.outcomes() == ["", "not_sent"]
    assert (slow[0].outcome, slow[0].record_seq) == (quick.outcome, quick.record_seq)


def test_the_same_id_with_other_content_is_refused(stage: Stage) -> None:
    base, change_id = stage.read(), uuid4()
    stage.edit(wish(name="mine"), base=base, change_id=change_id)

    with pytest.raises(ChangeIdTaken):
        stage.edit(wish(name="other"), base=base, change_id=change_id)

    assert len(stage.puts()) == 1


def test_a_change_id_belongs_to_one_key(stage: Stage) -> None:
    change_id = uuid4()
    stage.edit(wish(name="mine"), change_id=change_id)
    other = stage.on(stage.sandbox.add_key(stage.account, name="other"))

    with pytest.raises(ChangeIdTaken):
        other.edit(wish(name="mine"), change_id=change_id)

    assert len(stage.puts()) == 1


def test_a_stranger_is_refused_with_a_record_and_nothing_is_sent(stage: Stage) -> None:
    stranger = Person.objects.create_user("stranger")
    base = stage.read()

    with pytest.raises(Denied):
        stage.edit(wish(name="mine"), base=base, person=stranger)

    assert stage.puts() == []
    assert Record.objects.filter(action="access.denied").count() == 1


def test_a_top_up_above_what_upstream_takes_is_invalid(stage: Stage) -> None:
    with pytest.raises(Invalid) as invalid:
        stage.edit(wish(quota=("add", 5 * 10**14)))

    assert set(invalid.value.faults) == {"remain_quota"}
    assert stage.puts() == []


def test_a_status_that_a_full_put_does_not_write_follows_apart(everywhere: Stage) -> None:
    result = everywhere.edit(wish(status=2, name="off"))

    assert result.outcome is Outcome.CONFIRMED
    assert (everywhere.stored()["status"], everywhere.stored()["name"]) == (2, "off")


def test_an_expired_key_is_mended_first_and_then_enabled(everywhere: Stage) -> None:
    everywhere.sandbox.console_edit(everywhere.key_id, status=3, expired_time=LATER - 2 * 86_400)

    result = everywhere.edit(wish(expired_time=LATER, status=1))

    assert result.outcome is Outcome.CONFIRMED, result
    assert (everywhere.stored()["status"], everywhere.stored()["expired_time"]) == (1, LATER)
    assert [step.step for step in result.steps] == ["settings", "status"]


def test_enabling_what_stays_expired_is_invalid(stage: Stage) -> None:
    stage.sandbox.console_edit(stage.key_id, status=2, expired_time=1)

    with pytest.raises(Invalid):
        stage.enable()

    assert stage.puts() == []


def test_a_record_of_another_account_is_never_written_to(stage: Stage) -> None:
    base = stage.read()
    stage.sandbox.fault("another_user", operation="get", times=9)

    result = stage.edit(wish(name="mine"), base=base)

    assert result.outcome is Outcome.NOT_SENT
    assert stage.puts() == []
