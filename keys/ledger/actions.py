"""What can happen: the names of actions, as the ledger keeps them for ever. A retired one stays as a comment.

What they are called on pages is in `keys.ledger.labels`.
"""

from enum import StrEnum


class Action(StrEnum):
    """subject.verb, at most 40 characters."""

    KEY_EDIT = "key.edit"
    KEY_DISABLE = "key.disable"
    KEY_ENABLE = "key.enable"
    KEY_SETTLE = "key.settle"
    KEY_DRIFT = "key.drift"
    KEY_DRIFT_ACCEPT = "key.drift_accept"
    KEY_NOTE = "key.note"
    KEYS_PANIC = "keys.panic"
    KEYS_PANIC_UNDO = "keys.panic_undo"
    KEYS_EXPORT = "keys.export"
    DENIED = "access.denied"
    SIGN_IN = "person.sign_in"
    SIGN_IN_FAILED = "person.sign_in_failed"
    SIGN_OUT = "person.sign_out"
    PASSWORD_CHANGE = "person.password_change"  # noqa: S105 (a name)
    PERSON_ADD = "person.add"
    PERSON_EDIT = "person.edit"
    MEMBERSHIP_SET = "membership.set"
    MEMBERSHIP_REMOVE = "membership.remove"
    TEAM_ADD = "team.add"
    TEAM_EDIT = "team.edit"
    ACCESS_TOKEN_SET = "access_token.set"  # noqa: S105 (a name)
    ACCESS_TOKEN_REPLACE = "access_token.replace"  # noqa: S105 (a name)
    ACCESS_TOKEN_FORGET = "access_token.forget"  # noqa: S105 (a name)
    SEALING_KEY_ROTATE = "sealing_key.rotate"
    LEDGER_KEY_ROTATE = "ledger_key.rotate"
    CHECKPOINT_KEY_ROTATE = "checkpoint_key.rotate"
    EXPORT = "ledger.export"
    LEAK_OPEN = "leak.open"
    LEAK_FOUND = "leak.found"
    LEAK_ELSEWHERE = "leak.elsewhere"
    LEAK_ASK = "leak.ask"
    LEAK_PROBE = "leak.probe"
    LEAK_REVIVED = "leak.revived"
    LEAK_CONTAINED = "leak.contained"
    LEAK_REOPEN = "leak.reopen"
    LEAK_CLOSE = "leak.close"
    LEAK_NOTE = "leak.note"
    LEAK_SECRETS_DESTROYED = "leak.secrets_destroyed"  # noqa: S105 (a name)


OWN_ACTIONS: tuple[Action, ...] = (
    Action.SIGN_IN,
    Action.SIGN_IN_FAILED,
    Action.SIGN_OUT,
    Action.PASSWORD_CHANGE,
)
"""What everybody may see of themselves, in no team."""
