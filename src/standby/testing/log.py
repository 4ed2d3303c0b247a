"""What the fake cloud was asked, for tests and for the drill's report."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from standby.core.request import Headers, header

__all__ = ["Received", "count"]


@dataclass(frozen=True, slots=True)
class Received:
    """One request, and what became of it."""

    at: float
    """Seconds since the epoch, by the cloud's clock."""
    method: str
    target: str
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)
    account: str = ""
    """The name of the account; empty when nobody was recognised."""
    status: int = 0
    """What was answered; 0 while nothing was, or when the connection broke before."""
    refused: bool = False
    """Whether a limit or an outage stood in the way."""
    why: str = ""
    """The words of an error."""
    said: bytes = field(default=b"", repr=False)
    """The body of an error."""
    left: bool = False
    """Whether the client went away before the answer was complete."""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """Return the first value of a header, whatever the case of its name."""
        return header(self.headers, name)


def count(
    log: Iterable[Received],
    *,
    path: str | None = None,
    account: str | None = None,
    status: int | None = None,
    refused: bool | None = None,
) -> int:
    """Return how many requests are as asked for; what is not named does not matter."""
    return sum(
        (path is None or one.path == path)
        and (account is None or one.account == account)
        and (status is None or one.status == status)
        and (refused is None or one.refused == refused)
        for one in log
    )
