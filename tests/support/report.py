"""What a proof tells: how often it tried, how often the promise broke, which mutants it caught, how long it took."""

import json
import os
import time
from dataclasses import dataclass, field


@dataclass
class Promise:
    """One promise under attack. n: tries. failures: what broke it, as short texts. mutants: names of those caught.

    unfinished: the test ended by an error of its own, so that no failures does not mean that the promise was kept.
    """

    number: str
    title: str
    n: int = 0
    failures: list[str] = field(default_factory=list)
    mutants: list[str] = field(default_factory=list)
    unfinished: bool = False
    begun: float = field(default_factory=time.monotonic)

    def tried(self, count: int = 1) -> None:
        self.n += count

    def broke(self, what: str) -> None:
        self.failures.append(what)

    def caught(self, mutant: str) -> None:
        self.mutants.append(mutant)

    def close(self) -> None:
        """Write the row for `make prove`, then fail if the promise broke."""
        file = os.environ.get("PROMISES_FILE")
        if file:
            row = {
                "promise": f"{self.number} {self.title}",
                "n": self.n,
                "failures": "not finished" if self.unfinished else len(self.failures),
                "mutants": ", ".join(self.mutants),
                "seconds": time.monotonic() - self.begun,
            }
            with open(file, "a", encoding="utf-8") as out:
                out.write(json.dumps(row) + "\n")
        assert not self.failures, (
            f"promise {self.number} broke {len(self.failures)} of {self.n} times: {self.failures[:5]}"
        )
