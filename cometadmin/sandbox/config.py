"""What can be switched in a running sandbox."""

from dataclasses import asdict, dataclass, fields
from typing import Any

DIALECTS = ("A", "B", "C")


@dataclass
class Config:
    """One switch a field. Times are in seconds, amounts in units.

    dialect: A writes status in a full PUT and ignores `status_only`; B writes status by `status_only` alone;
    C keeps what a PUT omits.
    """

    dialect: str = "A"
    masked: bool = False
    cache_s: float = 0.0
    resurrect_s: float = 0.0
    quota_zero_refused: bool = False
    require_new_api_user: bool = False
    language: str = "en"
    token_refusal: str = "401"  # noqa: S105  # an HTTP status
    unknown_path: str = "html"
    name_rule: str = ""
    group_rule: str = ""
    search_shape: str = "page"
    search_match: str = "substring"
    groups_listed: bool = True
    auto_status: bool = True
    auto_status_lag_s: float = 0.0
    rate_limit: int = 0
    rate_window_s: float = 180.0
    usage_limit: int = 0
    usage_window_s: float = 1200.0
    client_ip: str = ""
    gzip: bool = False
    latency_s: float = 0.0
    units_per_call: int = 500
    max_keys: int = 100_000

    def change(self, wanted: dict[str, Any]) -> None:
        """Sets the named switches. Raises ValueError for an unknown name, a wrong type or an unknown dialect."""
        kinds = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        for name, value in wanted.items():
            if name not in kinds:
                raise ValueError(f"unknown switch {name}")
            kind = kinds[name]
            if kind is float and type(value) is int:
                value = float(value)
            if type(value) is not kind:
                raise ValueError(f"{name} must be {kind.__name__}")
            if name == "dialect" and value not in DIALECTS:
                raise ValueError(f"dialect must be one of {', '.join(DIALECTS)}")
            setattr(self, name, value)

    def counts_bytes(self) -> bool:
        """The reference page counts the characters of a name, the family its bytes (trap 4)."""
        return (self.name_rule or ("bytes" if self.dialect == "B" else "chars")) == "bytes"

    def checks_group(self) -> bool:
        """The reference page checks the group on update; the family lets it fail at use (trap 9)."""
        return (self.group_rule or ("off" if self.dialect == "B" else "on")) == "on"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
