"""What a client asked for, and who asked: as it came, to the byte."""

from dataclasses import dataclass
from typing import Final, NewType

__all__ = ["NOBODY", "SHOWN", "Account", "Caller", "Headers", "Request", "header"]

Headers = tuple[tuple[str, str], ...]
"""Header lines in the order and spelling they came in."""

Account = NewType("Account", str)
"""A keyed fingerprint of a cloud credential; never the credential."""

NOBODY = Account("")
"""The account of a request that carries no cloud credential."""


SHOWN: Final = 8
"""How much of a fingerprint or a session tells people their own apart."""


def header(headers: Headers, name: str) -> str | None:
    """Return the first value of a header, whatever the case of its name."""
    wanted, length = name.lower(), len(name)
    for key, value in headers:
        # A request is asked some thirty times: nearly all lines are told apart by their length.
        if len(key) == length and key.lower() == wanted:
            return value
    return None


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a client.

    ``target`` is the path with its query as the client wrote it, less our own path prefix.
    ``headers`` are the end-to-end ones; hop-by-hop headers and our own have been taken out.
    """

    method: str
    target: str
    headers: Headers
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """Return the first value of a header, whatever the case of its name."""
        return header(self.headers, name)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as far as the gateway may know."""

    account: Account
    """Whose quota is asked for; :data:`NOBODY` when the request has no cloud credential."""
    trusted: bool
    """Came with the gateway's token, or with a credential that the cloud itself has accepted:
    may be answered by a local model."""
    project: str = ""
    """The folder that the client works in, as its launcher said; empty when it did not. For the
    ledger and the user's own rules; it never leaves this machine."""
