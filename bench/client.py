"""The client's end: sends a request, and notes when what came back."""

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass

import aiohttp
from bodies import request

STAMP = re.compile(rb'"<(\d+)> ')
END = b'{"type":"message_stop"'
DEADLINE_S = 60


@dataclass(frozen=True)
class Line:
    """A way to the upstream: none between, nginx, or the gateway."""

    name: str
    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Heard:
    """One answer: seconds to the first byte of its body, and the delay of each event."""

    first_s: float
    delays_s: tuple[float, ...]


class Client:
    """Sends the same request down different lines, over connections that stay open."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.asked: Counter[str] = Counter()

    async def ask(self, line: Line, body: bytes) -> Heard:
        """Return what one streamed answer took. An answer that is not whole is an error."""
        self.asked[line.name] += 1
        delays, tail, first_s, ended = [], b"", 0.0, False
        async with asyncio.timeout(DEADLINE_S):
            began = time.perf_counter()
            async with self._session.post(
                f"{line.url}/v1/messages", data=body, headers=line.headers
            ) as response:
                while data := await response.content.readany():
                    now = time.monotonic_ns()
                    first_s = first_s or time.perf_counter() - began
                    events, _, tail = (tail + data).rpartition(b"\n\n")
                    delays += [(now - int(stamp)) / 1e9 for stamp in STAMP.findall(events)]
                    ended = ended or END in events
        if response.status != 200 or not ended:
            raise RuntimeError(f"{line.name} answered {response.status} with {tail[:200]!r}")
        return Heard(first_s, tuple(delays))

    async def crowd(self, line: Line, body: bytes, streams: int, spread_s: float) -> list[Heard]:
        """Return what each of many streams took, whose starts are spread over some time."""

        async def late(number: int) -> Heard:
            await asyncio.sleep(spread_s * number / streams)
            return await self.ask(line, body)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(late(number)) for number in range(streams)]
        return [task.result() for task in tasks]


def body(size_bytes: int, events: int, gap_s: float = 0.0) -> bytes:
    """Return a request of this size that makes the upstream send so many events, so far apart."""
    return request(size_bytes, f"tick-{events}-{int(gap_s * 1e6)}")
