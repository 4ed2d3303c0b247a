"""The client of the fault kit: one request, one connection, and what came of it to the byte."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from standby.core.request import Headers
from standby.core.wire.json import JSON, dumps
from standby.testing.judge import End, Transcript

__all__ = ["CANARY", "TOOL", "Asker", "Shape", "body"]

CANARY: Final = "kit-canary-of-the-client"
"""Stands in every header of the client that is nobody's business but the cloud's."""
TOOL: Final = "Write"

_MAX_BYTES: Final = 64 * 1024 * 1024
_CONNECT_S: Final = 5.0
_PRIVATE: Final[Mapping[str, str]] = {
    "Cookie": f"session={CANARY}",
    "Proxy-Authorization": f"Basic {CANARY}",
    "anthropic-account": CANARY,
    "x-private-note": CANARY,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What kind of request it is."""

    streamed: bool
    tools: bool = False
    """With thinking and a tool besides; else words alone."""
    model: str = "claude-sonnet-5-5"

    @property
    def offers(self) -> frozenset[str]:
        """The tools that it offers."""
        return frozenset({TOOL} if self.tools else ())


def body(shape: Shape) -> dict[str, JSON]:
    """Return a request of that kind."""
    said: dict[str, JSON] = {
        "model": shape.model,
        "max_tokens": 2048,
        "messages": [{"role": "user", "content": "Please count to ten."}],
    }
    if shape.streamed:
        said["stream"] = True
    if shape.tools:
        path: dict[str, JSON] = {"type": "string"}
        schema: dict[str, JSON] = {"type": "object", "properties": {"path": path}}
        said["thinking"] = {"type": "adaptive"}
        said["tools"] = [
            {"name": TOOL, "description": "Write a file.", "input_schema": schema},
        ]
    return said


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks one gateway."""

    http: ClientSession
    """Must not decode, follow redirects or keep cookies."""
    url: str
    headers: Mapping[str, str] = field(repr=False)
    """With what the gateway itself wants to know a client by."""

    async def ask(
        self, shape: Shape, credential: Mapping[str, str], deadline_s: float
    ) -> Transcript:
        """Ask once; return what came, whatever it was."""
        headers = {
            "Content-Type": "application/json",
            "anthropic-version": "2023-06-01",
            "Connection": "close",
            **_PRIVATE,
            **credential,
            **self.headers,
        }
        draft = _Draft(shape.streamed)
        began = time.monotonic()
        try:
            async with asyncio.timeout(deadline_s):
                async with self.http.post(
                    f"{self.url}/v1/messages",
                    data=dumps(body(shape)),
                    headers=headers,
                    allow_redirects=False,
                    timeout=ClientTimeout(total=None, sock_connect=_CONNECT_S),
                ) as response:
                    await draft.read(response)
        except TimeoutError:
            draft.end = End.HUNG
        except (ClientError, OSError):
            draft.end = End.BROKEN if draft.status else End.NOTHING
        return draft.transcript(time.monotonic() - began)


@dataclass(slots=True)
class _Draft:
    """A transcript while it is being written."""

    streamed: bool
    end: End = End.WHOLE
    status: int = 0
    headers: Headers = ()
    body: bytearray = field(default_factory=bytearray)

    async def read(self, response: ClientResponse) -> None:
        self.status = response.status
        self.headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in response.raw_headers
        )
        async for data in response.content.iter_any():
            self.body += data
            if len(self.body) > _MAX_BYTES:
                self.end = End.FLOODED
                response.close()
                return

    def transcript(self, took_s: float) -> Transcript:
        return Transcript(
            self.streamed, self.end, self.status, self.headers, bytes(self.body), took_s
        )
