"""What was read goes into the mirror: over what was read earlier, never over what was read later, never a secret."""

import string
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from keys.fingerprints import fingerprint
from keys.models import MirrorKey, TeamSync, UsageSample
from keys.redact import escape_visible
from keys.rules.admits import lets_in, parse_address
from keys.selectors.admitted import admitting
from keys.services import mirror
from tests.mirror.support import row, state, store_now, sync
from tests.road.stage import Stage, wish


def test_a_reading_is_stored_with_its_columns(stage: Stage) -> None:
    fields = {"name": "Büro\x00\u202e", "group": "VIP", "allow_ips": None, "used_quota": 7, "model_limits": "gpt-4o,b"}
    stage.sandbox.console_edit(stage.key_id, **fields)
    before = timezone.now()

    stage.read()

    found = row(stage)
    assert (found.name, found.group, found.allow_ips, found.used_quota) == ("Büro\\u0000\\u202e", "VIP", "", 7)
    assert found.haystack.startswith("büro") and f"\n{stage.key_id}\n" in found.haystack and "vip" in found.haystack
    assert found.snapshot["name"] == "Büro\x00\u202e"
    assert before <= found.read_at <= timezone.now()
    assert not found.suspect


@pytest.mark.parametrize(
    "stored",
    [
        *("203.0.113.7\r\n198.51.100.1", "\t203.0.113.7\n198.51.100.1", "203.0.113.7\x85\n198.51.100.1"),
        *("203.0.113.7\x0b", "203.0.113.7\x00", "203.0.113.7\u202e", "203.0.113.7\r198.51.100.1", "\r\n", "\t", ""),
    ],
)
def test_lists_by_address_find_whom_the_reading_lets_in(stage: Stage, stored: str) -> None:
    stage.sandbox.console_edit(stage.key_id, allow_ips=stored)
    stage.read()
    # As such texts were copied before line ends were kept: the next reading mends it, though nothing else is new.
    MirrorKey.objects.update(allow_ips=escape_visible(stored, keep="\n"))

    reading = stage.read()

    for address in map(parse_address, ("203.0.113.7", "198.51.100.1", "192.0.2.1")):
        found = admitting(MirrorKey.objects.all(), address).exists()
        assert found == lets_in(reading.settings.allow_ips, address)


def test_an_older_reading_never_undoes_a_newer_one(stage: Stage) -> None:
    old, begun = stage.read(), timezone.now() - timedelta(seconds=5)
    stage.sandbox.console_edit(stage.key_id, name="newer")
    stage.read()

    mirror.store(stage.team, [old], begun)

    assert row(stage).name == "newer"


def test_the_road_stores_what_it_read_back(stage: Stage) -> None:
    stage.edit(wish(name="renamed"))

    assert row(stage).name == "renamed"


def test_what_settling_read_is_stored(stage: Stage, settings: Any) -> None:
    from keys.models import Change
    from keys.services.settle import settle_change

    stage.read()
    stage.sandbox.fault("500_after", operation="update", times=1)
    stage.sandbox.fault("500_before", operation="get", skip=2, times=99)
    stage.edit(wish(name="renamed"), base=stage.read())
    assert row(stage).name == "staging"
    stage.sandbox.clear_faults()

    settle_change(Change.objects.get(), stage.team)

    assert row(stage).name == "renamed"


def test_a_mirror_that_cannot_be_written_takes_no_record_along(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise DatabaseError

    base = stage.read()
    monkeypatch.setattr(mirror, "store", broken)

    result = stage.edit(wish(name="renamed"), base=base)

    assert stage.outcomes()[-1] == str(result.outcome) == "confirmed"


def test_the_secret_is_told_again_and_kept_nowhere(stage: Stage, settings: Any) -> None:
    sync(stage.team)
    secret, found = stage.sandbox.secret(stage.key_id), row(stage)

    assert found.fingerprint_of == "whole" and len(found.fingerprint) == 64
    assert secret[3:15] not in repr({name: getattr(found, name) for name in vars(found)})
    kinds = {"0-9": string.digits, "A-Z": string.ascii_uppercase, "a-z": string.ascii_lowercase}
    of_it = "".join(name for name, kind in kinds.items() if set(kind) & set(secret.removeprefix("sk-")))
    assert (state(stage).secret_length, state(stage).secret_charset) == (48, of_it)  # one in thousands has no digit

    settings.FINGERPRINT_KEYS = {"f2": b"2" * 32}
    sync(stage.team)
    assert row(stage).fingerprint != found.fingerprint


def test_a_masked_secret_is_told_by_head_and_tail(stage: Stage) -> None:
    stage.sandbox.configure(masked=True)
    sync(stage.team)
    found = row(stage)

    assert found.fingerprint_of == "mask" and len(found.fingerprint) == 64
    assert state(stage).secret_length == 0


def fingerprints(stage: Stage, *, masked: bool) -> tuple[str, str]:
    """Of the key as it is read now."""
    stage.sandbox.configure(masked=masked)
    sync(stage.team)
    found = row(stage)
    return found.fingerprint_of, found.fingerprint


def test_a_secret_seen_whole_is_told_exactly_though_only_its_mask_is_shown_by_now(stage: Stage) -> None:
    whole = fingerprints(stage, masked=False)
    assert whole[0] == "whole"

    assert fingerprints(stage, masked=True) == whole
    stage.sandbox.console_edit(stage.key_id, name="renamed")  # so that its row is written anew
    assert fingerprints(stage, masked=True) == whole and row(stage).name == "renamed"


def test_another_secret_behind_a_mask_does_not_keep_the_old_ones(stage: Stage) -> None:
    fingerprints(stage, masked=False)
    other = fingerprint("Qx7" * 16)
    assert other

    stage.sandbox.console_edit(stage.key_id, key="Qx7" * 16)

    masked = fingerprints(stage, masked=True)
    assert masked == ("mask", other.mask)
    assert fingerprints(stage, masked=False) == ("whole", other.digest)


def test_what_another_fingerprint_key_made_does_not_stay_in_the_way_of_the_mask(stage: Stage, settings: Any) -> None:
    fingerprints(stage, masked=False)

    settings.FINGERPRINT_KEYS = {"f2": b"2" * 32}

    assert fingerprints(stage, masked=True)[0] == "mask"


def test_the_highest_use_of_a_day_is_kept(stage: Stage) -> None:
    for used in (500, 900, 700):
        stage.sandbox.console_edit(stage.key_id, used_quota=used)
        store_now(stage)

    sample = UsageSample.objects.get(key_id=stage.key_id)
    assert (sample.day, sample.used_quota) == (timezone.now().date(), 900)


def test_a_listing_that_finds_nothing_new_writes_rows_in_one_statement(
    stage: Stage, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        stage.sandbox.add_key(stage.account, name=f"key {number}")
    sync(stage.team)

    with django_assert_max_num_queries(40):
        sync(stage.team)

    assert MirrorKey.objects.count() == 61
    assert TeamSync.objects.get().done == 61
