"""The update, as each dialect does it, with the checks in the order in which the real one makes them."""

import time

from . import rules
from .calls import Refused
from .config import Config
from .rules import Record
from .state import Account, Key, State


def update(state: State, account: Account, sent: Record, status_only: bool) -> Key:
    """Checks and writes; the key as it then is. Raises Refused.

    Order: the body's name and quota, then whether there is such a key, then enabling against the stored record
    (trap 6), then the group; only after all of these is `status_only` looked at (trap 4).
    """
    config = state.config
    check_name(config, sent)
    key = state.key_of(account, sent.get("id", 0))
    check_quota(config, _quota_as_meant(config, sent, key))
    if key is None:
        raise Refused("not_found")
    asked_status = _check_status(config, sent)
    if asked_status == rules.ENABLED:
        check_enabling(key.record)
    if config.checks_group():
        check_group(account, sent.get("group", ""))
    state.write(key, _written(config, key.record, sent, status_only))
    return key


def check_name(config: Config, sent: Record) -> None:
    if rules.name_too_long(sent.get("name", ""), config.counts_bytes()):
        raise Refused("name_too_long")


def check_quota(config: Config, sent: Record) -> None:
    """Only the body is looked at, and not at all when it says unlimited (trap 7)."""
    quota = sent.get("remain_quota", 0)
    if sent.get("unlimited_quota", False):
        return
    if quota < 0:
        raise Refused("quota_negative")
    if quota == 0 and config.quota_zero_refused:
        raise Refused("quota_zero")
    if quota > rules.MAX_QUOTA:
        raise Refused("quota_too_large")


def check_enabling(stored: Record) -> None:
    """Enabling is judged against the stored record, whatever the body brings (trap 6)."""
    over = stored["expired_time"] != -1 and stored["expired_time"] <= int(time.time())
    if stored["status"] == rules.EXPIRED and over:
        raise Refused("expired_enable")
    if stored["status"] == rules.EXHAUSTED and rules.is_exhausted(stored):
        raise Refused("exhausted_enable")


def check_group(account: Account, group: str) -> None:
    if group and group not in account.groups:
        raise Refused("no_group", group)


def _quota_as_meant(config: Config, sent: Record, key: Key | None) -> Record:
    """In dialect C an omitted quota is not judged, and an omitted `unlimited_quota` is the stored one."""
    if config.dialect != "C":
        return sent
    if "remain_quota" not in sent:
        return {"unlimited_quota": True}
    stored = key.record if key is not None else rules.ZERO
    return {"unlimited_quota": stored["unlimited_quota"]} | sent


def _check_status(config: Config, sent: Record) -> int | None:
    """The reference page has four statuses; the family takes any number."""
    status = sent.get("status")
    if config.dialect != "B" and status is not None and status not in (1, 2, 3, 4):
        raise Refused("bad_status")
    return status


def _written(config: Config, stored: Record, sent: Record, status_only: bool) -> Record:
    """The record after the write: what is omitted is reset (trap 1), or kept in dialect C."""
    if config.dialect == "B" and status_only:
        return stored | {"status": sent.get("status", 0)}
    known = {name: value for name, value in sent.items() if name in rules.EDITABLE}
    fresh = stored | known if config.dialect == "C" else stored | rules.ZERO | known
    if config.dialect == "B":
        fresh["status"] = stored["status"]
    if not rules.is_auto_group(fresh["group"]):
        fresh["cross_group_retry"] = False
    return fresh
