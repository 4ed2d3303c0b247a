"""What a process holds, looked at again and again, and whether it grows."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil

EVERY_S = 2.0
MIB = 1024 * 1024
WARM = 0.2
"""The part at the beginning that says nothing: caches fill, the allocator takes what it needs."""


@dataclass(frozen=True)
class Sample:
    """What a process held, after so many requests."""

    at_s: float
    asked: int
    rss_mib: float
    fds: int
    """Files and sockets; connections to the cloud, which are kept for the next request, aside."""
    cpu_s: float


class Watch:
    """Looks at a process every two seconds."""

    def __init__(self, pid: int, cloud_port: int, asked: Callable[[], int]) -> None:
        self._process = psutil.Process(pid)
        self._cloud_port = cloud_port
        self._asked = asked
        self._began = time.monotonic()
        self.samples: list[Sample] = []

    def look(self) -> Sample:
        used = self._process.cpu_times()
        return Sample(
            round(time.monotonic() - self._began, 1),
            self._asked(),
            self._process.memory_info().rss / MIB,
            self._fds(),
            used.user + used.system,
        )

    def _fds(self) -> int:
        if not hasattr(self._process, "num_fds"):
            return 0  # Windows counts handles, which are something else
        lines = self._process.net_connections("tcp")
        return self._process.num_fds() - sum(
            bool(line.raddr) and line.raddr.port == self._cloud_port for line in lines
        )

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Look again and again while the block lasts."""
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(self._watch())
            try:
                yield
            finally:
                watch.cancel()

    async def _watch(self) -> None:
        while True:
            self.samples.append(self.look())
            await asyncio.sleep(EVERY_S)


def settled(samples: Sequence[Sample]) -> Sequence[Sample]:
    """Return the samples without those of the beginning."""
    return samples[int(len(samples) * WARM) :]


def slope(xs: Sequence[float], ys: Sequence[float], pairs: int = 40_000) -> float:
    """Return what ``y`` grows by for each ``x``: the median over pairs, which no spike moves."""
    points = list(zip(xs, ys, strict=True))
    stride = max(1, len(points) ** 2 // 2 // pairs)
    found, number = [], 0
    for at, (x, y) in enumerate(points):
        for later_x, later_y in points[at + 1 :]:
            number += 1
            if number % stride == 0 and later_x > x:
                found.append((later_y - y) / (later_x - x))
    return statistics.median(found) if found else 0.0
