"""The error tree. Each class of `UpstreamError` answers one question: may upstream have changed?

    CometAdminError
    ├─ Denied                      the permission table says no                    nothing sent
    ├─ Invalid(faults)             what was typed breaks a rule                    nothing sent
    ├─ UpstreamError
    │  ├─ NotSent                  nothing left us (connect, DNS, TLS, no budget)  changed: no
    │  ├─ Refused                  upstream answered no                            changed: it says no; look
    │  │  ├─ AccessTokenRefused    401, 403, or success:false to everything
    │  │  ├─ KeyNotFound           the access token works, this key is not there
    │  │  └─ RateLimited           429
    │  └─ Unclear                  timeout, reset, 5xx, redirect, odd answer       changed: maybe; only reading tells
    └─ LedgerError
       ├─ LedgerUnavailable        a record cannot be written, so nothing is sent
       └─ ChainBroken(seq, expected, found)

Imports nothing of ours.
"""


class CometAdminError(Exception):
    """Root of everything this project raises on purpose."""


class Denied(CometAdminError):
    """The actor may not do this. Nothing was sent."""


class Invalid(CometAdminError):
    """What was typed breaks a rule. Nothing was sent.

    faults: field name -> messages for people ("" for the form as a whole).
    """

    def __init__(self, faults: dict[str, list[str]]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{name}: {text}" for name, texts in faults.items() for text in texts))


class UpstreamError(CometAdminError):
    """A call to CometAPI that did not answer as it should.

    message: for people, without any secret. http_status: None when no answer came. request_id: upstream's, or "".
    kind: one short word for records and logs, such as `timeout`, `reset`, `http_503`, `html`, `redirect`.
    """

    may_have_changed = True

    def __init__(self, message: str, *, kind: str, http_status: int | None = None, request_id: str = "") -> None:
        self.message = message
        self.kind = kind
        self.http_status = http_status
        self.request_id = request_id
        super().__init__(message)


class NotSent(UpstreamError):
    """Nothing left us: upstream cannot have changed."""

    may_have_changed = False


class Refused(UpstreamError):
    """Upstream answered no (`success: false` or 4xx). It says that nothing changed; a read still decides."""

    may_have_changed = False


class AccessTokenRefused(Refused):
    """The team's access token is not accepted (401, 403, or HTTP 200 with `success: false` to every call; trap 13)."""


class KeyNotFound(Refused):
    """The access token works and this key is not there."""


class RateLimited(Refused):
    """429. retry_after_s: seconds, None when upstream did not say anything usable."""

    def __init__(
        self,
        message: str,
        *,
        kind: str = "http_429",
        http_status: int | None = 429,
        request_id: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, kind=kind, http_status=http_status, request_id=request_id)
        self.retry_after_s = retry_after_s


class Unclear(UpstreamError):
    """No usable answer after something was sent: upstream may have changed. Only reading tells (trap 8)."""


class LedgerError(CometAdminError):
    """The ledger cannot do what was asked."""


class LedgerUnavailable(LedgerError):
    """A record cannot be written, so nothing may be sent."""


class ChainBroken(LedgerError):
    """The first record that does not verify. expected, found: short texts, no secret."""

    def __init__(self, seq: int, what: str, expected: str, found: str) -> None:
        self.seq, self.what, self.expected, self.found = seq, what, expected, found
        super().__init__(f"record {seq}: {what}: expected {expected}, found {found}")
