"""What can be asked of CometAPI, and what its refusals mean; how it is sent is the client's business."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from keys.cometapi import record, wire
from keys.cometapi.locate import is_listed
from keys.cometapi.retry import repeated
from keys.errors import AccessTokenRefused, KeyNotFound, NotSent, RateLimited, Refused, Unclear, UpstreamError
from keys.types import Account, Deadline, Fingerprinter, Group, KeyPage, KeySettings, KeySnapshot, ModelList, SpentPage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PutAnswer:
    """What an accepted update answered, which proves nothing (trap 4). snapshot: None when it held no record."""

    snapshot: KeySnapshot | None
    message: str
    request_id: str


ABSENT = frozenset({"html", "redirect", "empty", "odd_answer"})
"""Kinds of Unclear with which an endpoint answers that this deployment does not have."""
DENIED = frozenset({"refused", "not_found"})


class Verbs(ABC):
    """Every method raises NotSent, Refused or Unclear, nothing else. Reads are repeated inside the deadline."""

    account_id: int | None
    fingerprint: Fingerprinter | None

    @abstractmethod
    def _call(self, call: wire.Call, deadline: Deadline, read: Callable[[wire.Success], T]) -> T:
        """Sends `call` once and reads the answer with `read`, which may raise record.OddRecord."""

    def list_keys(self, page: int, page_size: int, deadline: Deadline) -> KeyPage:
        """page: from 1. page_size: at most 100. With `success: false` the access token is not accepted (trap 13)."""
        return self._listed(page, page_size, deadline, self.account_id)

    def get_key(self, key_id: int, deadline: Deadline) -> KeySnapshot:
        """The key as it is now. `success: false` may mean the key or the access token: the list tells which.

        Raises KeyNotFound only when the list does not have it either; Unclear, after asking again, when it has.
        """

        def read(success: wire.Success) -> KeySnapshot:
            return record.key(success.data, key_id=key_id, account_id=self.account_id, fingerprint=self.fingerprint)

        def attempt(until: Deadline) -> KeySnapshot:
            try:
                if not 0 < key_id < record.INT_BOUND:
                    raise Refused("CometAPI has no such key.", kind="not_found")
                return self._call(wire.get_call(key_id), until, read)
            except Refused as fault:
                if fault.kind not in DENIED:
                    raise
                refusal = fault
            if is_listed(key_id, lambda page: self._listed(page, wire.MOST_PER_PAGE, until, None)):
                raise Unclear("CometAPI lists this key, and refused to give it.", kind="refused_but_listed")
            raise _as(KeyNotFound, refusal, kind="not_found")

        return repeated(attempt, deadline)

    def put_key(
        self, key_id: int, settings: KeySettings, deadline: Deadline, *, status_only: bool = False
    ) -> PutAnswer:
        """Replaces every editable field, or the status alone (trap 4). Sent once: never repeated, whatever happens."""

        def read(success: wire.Success) -> PutAnswer:
            data = success.data
            found = None if data is None else record.key(data, key_id=key_id, account_id=self.account_id)
            return PutAnswer(found, success.message, success.request_id)

        try:
            call = wire.put_call(key_id, settings, status_only=status_only)
        except record.OddRecord:
            raise NotSent("A setting is of a wrong type. Nothing was sent.", kind="bad_body") from None
        return self._call(call, deadline, read)

    def account(self, deadline: Deadline) -> Account:
        """Whose access token this is; from a key's `user_id` where CometAPI does not say (design.md, "People").

        Raises AccessTokenRefused when the list is refused as well, Unclear (account_unknown) when there is no key.
        """

        def read(success: wire.Success) -> Account:
            return record.account(success.data)

        try:
            return repeated(lambda until: self._call(wire.ACCOUNT, until, read), deadline)
        except UpstreamError as fault:
            refused = isinstance(fault, Refused) and not isinstance(fault, RateLimited)
            if not refused and fault.kind not in ABSENT:
                raise
        owners = {key.user_id for key in self._listed(1, wire.MOST_PER_PAGE, deadline, None).items}
        if len(owners) != 1:
            raise Unclear("The access token works, but CometAPI does not say whose it is.", kind="account_unknown")
        return Account(id=owners.pop(), username="")

    def groups(self, deadline: Deadline) -> tuple[Group, ...] | None:
        """Groups that the account may use, None when CometAPI does not list them now: forms then do without."""
        try:
            return self._call(wire.GROUPS, deadline, lambda success: record.groups(success.data))
        except UpstreamError:
            return None

    def spent(self, page: int, key_name: str, since: int, deadline: Deadline, until: int | None = None) -> SpentPage:
        """A page of the usage log, as many rows as one gives; see wire.usage_call. Asked once: nothing hangs on it."""
        try:
            call = wire.usage_call(page, wire.MOST_PER_PAGE, key_name, since, until)
        except record.OddRecord:
            raise NotSent("This key's name cannot be asked for.", kind="bad_query") from None
        return self._call(call, deadline, lambda success: record.spent_page(success.data))

    def models(self, deadline: Deadline) -> ModelList:
        """The models on offer, asked for without the access token: the list is public."""

        def read(success: wire.Success) -> ModelList:
            return record.models(success.data, total=success.total)

        return repeated(lambda until: self._call(wire.MODELS, until, read), deadline)

    def _listed(self, page: int, page_size: int, deadline: Deadline, account_id: int | None) -> KeyPage:
        size = min(page_size, wire.MOST_PER_PAGE)

        def read(success: wire.Success) -> KeyPage:
            return record.page(
                success.data, page=page, page_size=size, account_id=account_id, fingerprint=self.fingerprint
            )

        try:
            return repeated(lambda until: self._call(wire.list_call(page, size), until, read), deadline)
        except Refused as fault:
            if fault.kind not in DENIED:
                raise
            refusal = fault
        raise _as(AccessTokenRefused, refusal, kind=refusal.kind)


def _as(kind_of_error: type[Refused], fault: Refused, *, kind: str) -> Refused:
    return kind_of_error(fault.message, kind=kind, http_status=fault.http_status, request_id=fault.request_id)
