"""A refusal is laid on the field whose rule the update broke, told by what was sent, never by CometAPI's words."""

from collections.abc import Callable
from typing import Any

import pytest

from keys.services import compute, journal
from keys.services.outcome import Outcome, Result
from tests.road.stage import Stage, set_up, wish
from tests.support.databases import RealDatabase
from tests.support.mutants import mutated

LONG = "ä" * 26
"""26 characters, 52 bytes."""


def refused(stage: Stage, asked: Any) -> Result:
    """Refused by the sandbox whatever was asked for, in words that name no field."""
    stage.sandbox.fault("refusal", operation="update", times=9, message="no")
    result = stage.edit(asked)
    stage.sandbox.clear_faults()
    assert result.outcome is Outcome.REFUSED, result
    return result


def too_long(stage: Stage) -> Result:
    """By the sandbox's own rule: this family counts bytes."""
    stage.sandbox.configure(dialect="B")
    return stage.edit(wish(name=LONG, group="vip"))


def too_long_and_untouched(stage: Stage) -> Result:
    stage.sandbox.configure(dialect="B")
    stage.sandbox.console_edit(stage.key_id, name=LONG, remain_quota=-5)
    return stage.edit(wish(group="vip"))


def nameless(stage: Stage) -> Result:
    stage.sandbox.console_edit(stage.key_id, name="")
    return refused(stage, wish(group="vip"))


def nothing_left(stage: Stage) -> Result:
    """By the sandbox's own rule."""
    stage.sandbox.configure(quota_zero_refused=True)
    return stage.edit(wish(quota=("set", 0), group="vip"))


def overspent(stage: Stage) -> Result:
    """By the sandbox's own rule: what is below 0 is not taken back as it was read."""
    stage.sandbox.console_edit(stage.key_id, remain_quota=-5)
    return stage.edit(wish(group="vip"))


def overspent_but_unlimited(stage: Stage) -> Result:
    stage.sandbox.console_edit(stage.key_id, remain_quota=-5, unlimited_quota=True)
    return refused(stage, wish(allow_ips="10.0.0.1"))


def enabling(stage: Stage) -> Result:
    stage.sandbox.console_edit(stage.key_id, status=2, group="vip")
    return refused(stage, wish(status=1))


def enabling_and_more(stage: Stage) -> Result:
    stage.sandbox.console_edit(stage.key_id, status=2)
    return refused(stage, wish(status=1, allow_ips="10.0.0.1"))


def no_group(stage: Stage) -> Result:
    return refused(stage, wish(group="", allow_ips="10.0.0.1"))


def unauthorized(stage: Stage) -> Result:
    stage.sandbox.fault("403", operation="update", times=9)
    return stage.edit(wish(group="vip"))


def limited(stage: Stage) -> Result:
    stage.sandbox.fault("429", operation="update", times=9)
    return stage.edit(wish(group="vip"))


WAYS: dict[Callable[[Stage], Result], str] = {
    too_long: "name",
    too_long_and_untouched: "name",
    nameless: "name",
    nothing_left: "remain_quota",
    overspent: "remain_quota",
    overspent_but_unlimited: "",
    enabling: "status",
    enabling_and_more: "",
    no_group: "",
    unauthorized: "",
    limited: "",
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_it_is_laid_on_the_field_that_broke_a_rule(stage: Stage, way: Callable[[Stage], Result]) -> None:
    result = way(stage)

    assert (result.outcome, result.field) == (Outcome.REFUSED, WAYS[way]), result
    assert len(stage.puts()) == 1 and stage.outcomes() == ["", "refused"]


MUTANTS: list[tuple[Callable[..., Any], str, str, Callable[[Stage], Result]]] = [
    (compute.refusal_field, "rules.NAME_MAX_BYTES", "99", too_long),
    (compute.refusal_field, 'sent.name.encode("utf-8", "surrogatepass")', "sent.name", too_long_and_untouched),
    (compute.refusal_field, " or not sent.name:", ":", nameless),
    (compute.refusal_field, "sent.remain_quota <= 0", "sent.remain_quota < 0", nothing_left),
    (compute.refusal_field, "sent.remain_quota <= 0", "sent.remain_quota == 0", overspent),
    (compute.refusal_field, " and not sent.unlimited_quota", "", overspent_but_unlimited),
    (compute.refusal_field, ' and "group" in touched', "", enabling),
    (compute.refusal_field, "sent.group and ", "", no_group),
    (journal._field, ' or ("status" if last.step == "status" else "")', "", enabling),
    (journal._field, 'last.step == "status"', "True", enabling_and_more),
    (journal._field, "last.http_status != 200", "False", unauthorized),
]


def test_each_part_of_the_rule_is_held(real_db: RealDatabase, sandbox: Any) -> None:
    for function, old, new, way in MUTANTS:
        with mutated(function, old, new):
            result = way(set_up(sandbox))
        sandbox.clear_faults()
        sandbox.configure(dialect="A", quota_zero_refused=False)
        assert result.field != WAYS[way], (old, new, way.__name__)
