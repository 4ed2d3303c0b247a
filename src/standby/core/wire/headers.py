"""The head of an answer, and which header lines go on to the next hop."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from standby.core.request import Headers, header

__all__ = ["SERVED_BY", "Head", "as_they_came", "end_to_end", "lines_of"]

SERVED_BY: Final = "x-standby-served-by"
"""Our header on every answer: ``cloud``, or ``local; model=...; why=...``."""

SHORTENED: Final = "x-standby-shortened"
"""Our header on a local answer to a request that was made to fit: what was left out, in words."""

# RFC 9110 7.6.1, and what proxies have always added to it.
_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of an answer, as they came."""

    status: int
    headers: Headers

    def header(self, name: str) -> str | None:
        """Return the first value of a header, whatever the case of its name."""
        return header(self.headers, name)

    @property
    def streamed(self) -> bool:
        """Whether the body is a stream of events."""
        return self.media_type == "text/event-stream"

    @property
    def media_type(self) -> str:
        """The type of the body in lower case, without parameters; empty when it is not named."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def coding(self) -> str:
        """The content coding of the body in lower case; empty when there is none."""
        return (self.header("content-encoding") or "").strip().lower().removeprefix("identity")


def end_to_end(headers: Headers, *, less: frozenset[str] = frozenset()) -> Headers:
    """Return the lines that travel on: no hop-by-hop header, none that ``Connection`` names.

    ``less`` names further headers, in lower case, that stay here.
    """
    named = {
        name.strip().lower()
        for key, value in headers
        if key.lower() == "connection"
        for name in value.split(",")
    }
    stays = _HOP_BY_HOP | named | less
    return tuple((key, value) for key, value in headers if key.lower() not in stays)


def as_they_came(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return header lines as text of which their bytes can be made again.

    What is no UTF-8 is kept as lone surrogates (``errors="surrogateescape"``).
    """
    return tuple(
        (name.decode(errors="surrogateescape"), value.decode(errors="surrogateescape"))
        for name, value in raw
    )


def lines_of(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return header lines as text: UTF-8, in which aiohttp writes them again, or else Latin-1."""
    return tuple((_text(name), _text(value)) for name, value in raw)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
