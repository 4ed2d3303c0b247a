"""Whether an engine answers, as far as its last answers tell. Quota has no part in it."""

from dataclasses import dataclass, replace
from typing import Final, Self

__all__ = ["IN_A_ROW", "LONGEST_S", "REST_S", "TRIAL_S", "Health"]

IN_A_ROW: Final = 3
"""So many failures in a row are no chance any more."""
REST_S: Final = 5.0
"""The first rest; each further failure doubles it."""
LONGEST_S: Final = 300.0
TRIAL_S: Final = 60.0
"""How long one request may try an engine after its rest, before another does."""

_MOST_DOUBLINGS: Final = 10


@dataclass(frozen=True, slots=True)
class Health:
    """The failures since an engine last answered; all times on a clock that never jumps."""

    failures: int = 0
    until: float | None = None
    """When it may be tried again; ``None``: it is well."""

    def rests(self, now: float) -> bool:
        """Whether others are to be asked first."""
        return self.until is not None and now < self.until

    def asked(self, now: float) -> Self:
        """Return the health once a request goes to it: after a rest that is the one trial."""
        if self.until is None or now < self.until:
            return self
        return replace(self, until=now + TRIAL_S)

    def failed(self, now: float) -> Self:
        """Return the health after a failure."""
        failures = self.failures + 1
        if failures < IN_A_ROW:
            return replace(self, failures=failures)
        doublings = min(failures - IN_A_ROW, _MOST_DOUBLINGS)
        return replace(self, failures=failures, until=now + min(REST_S * 2**doublings, LONGEST_S))
