"""The trials: each line beside the direct one, forth and back, so that noise hits all alike."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from client import Client, Heard, Line, body
from process import Measured
from stats import Estimate, differences, estimate, percentile

DIRECT = "direct"
FLOOR = "direct again"  # the same line once more: what differs between the two is noise


@dataclass(frozen=True)
class Plan:
    """How long to look."""

    single_rounds: int
    event_rounds: int
    crowd_rounds: int
    crowd_events: int
    cpu_s: float
    cpu_events: int
    starts: int


FULL = Plan(40, 3, 2, 20, 4.0, 100, 7)
QUICK = Plan(6, 1, 1, 5, 0.6, 50, 3)
STREAMS = 50
SPREAD_S = 1.0
CROWD_GAP_S = 0.05
EVENTS, EVENT_GAP_S = 100, 0.005
KB = 1000


@dataclass
class Samples:
    """What was heard on each line, in the order of the rounds: equal places were taken together."""

    first_s: dict[str, list[float]] = field(default_factory=dict)
    delays_s: dict[str, list[float]] = field(default_factory=dict)

    def add(self, line: Line, heard: Sequence[Heard]) -> None:
        self.first_s.setdefault(line.name, []).extend(one.first_s for one in heard)
        self.delays_s.setdefault(line.name, []).extend(d for one in heard for d in one.delays_s)

    def added_first(self) -> dict[str, Estimate]:
        return added(self.first_s)

    def added_delay(self) -> dict[str, Estimate]:
        return added(self.delays_s)

    def delay_p99(self) -> dict[str, float]:
        return {name: percentile(values, 99) for name, values in self.delays_s.items()}


def added(values: Mapping[str, Sequence[float]]) -> dict[str, Estimate]:
    """Return what each line adds to the direct one, pair by pair."""
    base = values[DIRECT]
    return {
        name: estimate(differences(ours, base)) for name, ours in values.items() if name != DIRECT
    }


def rounds(lines: Sequence[Line], count: int) -> Iterator[Line]:
    """Yield the lines forth and back, so that a drift falls on all of them: ABBA."""
    for _ in range(count):
        yield from lines
        yield from reversed(lines)


async def single(client: Client, lines: Sequence[Line], size_bytes: int, plan: Plan) -> Samples:
    """One stream at a time, a few events each: the time to the first byte."""
    samples, asked = Samples(), body(size_bytes, events=3)
    for line in lines:
        await client.ask(line, asked)  # connects
    for line in rounds(lines, plan.single_rounds):
        samples.add(line, [await client.ask(line, asked)])
    return samples


async def paced(client: Client, lines: Sequence[Line], size_bytes: int, plan: Plan) -> Samples:
    """One stream at a time, its events a few milliseconds apart: the delay of each."""
    samples, asked = Samples(), body(size_bytes, EVENTS, EVENT_GAP_S)
    for line in rounds(lines, plan.event_rounds):
        samples.add(line, [await client.ask(line, asked)])
    return samples


async def crowd(client: Client, lines: Sequence[Line], size_bytes: int, plan: Plan) -> Samples:
    """Many paced streams at once."""
    samples, asked = Samples(), body(size_bytes, plan.crowd_events, CROWD_GAP_S)
    for line in rounds(lines, plan.crowd_rounds):
        samples.add(line, await client.crowd(line, asked, STREAMS, SPREAD_S))
    return samples


async def cpu(
    client: Client, relays: Sequence[tuple[Line, Measured]], plan: Plan, *, streams: int
) -> dict[str, float]:
    """Return the seconds of CPU of each relay for 1,000 events.

    One stream is as fast as it goes; many are paced, so that each event is a read of its own.
    """
    used = {line.name: 0.0 for line, _ in relays}
    events = dict.fromkeys(used, 0)
    size = 10 * KB
    asked = body(size, 20_000) if streams == 1 else body(size, plan.cpu_events, 0.02)
    for line, measured in [*relays, *reversed(relays)]:
        began, before = time.monotonic(), measured.cpu_s()
        while time.monotonic() - began < plan.cpu_s / 2:
            heard = await client.crowd(line, asked, streams, spread_s=0.025)
            events[line.name] += sum(len(one.delays_s) for one in heard)
        used[line.name] += measured.cpu_s() - before
    return {name: used[name] / events[name] * 1000 for name in used}
