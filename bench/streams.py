"""A thousand streams at once, 20 events a second each, all on one machine. `make streams` runs it.

Each event says which it is and when it was sent: none may be lost, doubled or out of order. What
the gateway adds to its way is its delay less that of the same event on the direct line.

python bench/streams.py [--streams 1000] [--seconds 10] [--json FILE] [--write docs/performance.md]
"""

import argparse
import asyncio
import gc
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import gateway
import orjson
import uvloop
from client import Line, body
from machine import Noise, describe
from many_client import Heard, ask
from process import Measured, started
from relay import HEADERS
from report import ms, table
from stats import differences, percentile
from trials import DIRECT

GAP_S = 0.05
SPREAD_S = 2.0
"""Over which the streams begin: a thousand requests in one moment are another trial."""
BODY_BYTES = 10_000
"""What is asked for; with its tools no request has less than 40 KB."""
PATIENCE_S = 30.0
"""Beyond the time that the events of a stream take."""
MIB, KIB = 1024 * 1024, 1024
MOST_ADDED_S = 0.25
"""The 99th percentile of what is added: half of what a person takes for a pause."""
MOST_KIB = 100.0
"""Memory for each open stream."""
MARKED = re.compile(r"(<!-- streams:begin -->).*(<!-- streams:end -->)", re.DOTALL)


@dataclass
class Round:
    """All streams, once."""

    line: str
    heard: Sequence[Heard]
    cpu_s: float
    most_rss: int

    def broken(self, events: int) -> int:
        """Return how many streams are not whole."""
        return sum(not one.whole(events) for one in self.heard)

    def delays(self) -> list[float]:
        return [delay for one in self.heard for delay in one.delays_s]


@dataclass
class Figures:
    """What a run came to."""

    machine: dict[str, str]
    streams: int
    events: int
    """Of each stream."""
    rounds: list[Round] = field(default_factory=list)
    rest_rss: int = 0
    noise: dict[str, float] = field(default_factory=dict)

    def of(self, line: str) -> list[Round]:
        return [one for one in self.rounds if one.line == line]

    def broken(self, line: str) -> int:
        return sum(one.broken(self.events) for one in self.of(line))

    def delays(self, line: str) -> list[float]:
        return [delay for one in self.of(line) for delay in one.delays()]

    @property
    def added(self) -> list[float]:
        """What the gateway added to each event, where both lines delivered it."""
        found: list[float] = []
        for ours, base in zip(self.of("standby"), self.of(DIRECT), strict=True):
            for one, other in zip(ours.heard, base.heard, strict=True):
                if one.whole(self.events) and other.whole(self.events):
                    found += differences(one.delays_s, other.delays_s)
        return found

    @property
    def stream_kib(self) -> float:
        return (max(one.most_rss for one in self.of("standby")) - self.rest_rss) / (
            KIB * self.streams
        )

    @property
    def wrongs(self) -> list[str]:
        """What is not as it should be, in words."""
        found = [
            f"{broken} streams of the line {line!r} are not whole and in order"
            for line in (DIRECT, "standby")
            if (broken := self.broken(line))
        ]
        if not found and (p99 := percentile(self.added, 99)) > MOST_ADDED_S:
            found.append(f"the 99th percentile of what is added is {ms(p99)}")
        if self.stream_kib > MOST_KIB:
            found.append(f"a stream takes {self.stream_kib:.0f} KiB")
        return found


async def crowd(line: Line, used: Measured | None, figures: Figures) -> Round:
    """Return what each stream of one line brought; starts are spread over two seconds."""
    asked = body(BODY_BYTES, figures.events, GAP_S)
    whole_s = SPREAD_S + figures.events * GAP_S
    before = used.cpu_s() if used else 0.0
    most = 0

    async def late(number: int) -> Heard:
        await asyncio.sleep(SPREAD_S * number / figures.streams)
        return await ask(line, asked, whole_s + PATIENCE_S)

    async def look() -> None:
        nonlocal most
        while used is not None:
            most = max(most, used.rss_bytes())
            await asyncio.sleep(0.5)

    async with asyncio.TaskGroup() as group:
        watch = group.create_task(look())
        async with asyncio.TaskGroup() as streams:
            tasks = [streams.create_task(late(number)) for number in range(figures.streams)]
        watch.cancel()
    spent = used.cpu_s() - before if used else 0.0
    return Round(line.name, [task.result() for task in tasks], spent, most)


async def listen(figures: Figures, direct: Line, ours: Line, used: Measured) -> None:
    gc.disable()  # a pause of ours is not a delay of theirs
    figures.rest_rss = used.rss_bytes()
    for line in (direct, ours, ours, direct):
        say(f"{figures.streams} streams, {line.name}")
        figures.rounds.append(await crowd(line, used if line is ours else None, figures))
        gc.collect()


def measure(figures: Figures, folder: Path) -> None:
    program = str(Path(__file__).with_name("many_upstream.py"))
    with ExitStack() as stack:
        cloud = stack.enter_context(
            started([sys.executable, program], stdout=subprocess.PIPE, text=True)
        )
        port = int(cloud.stdout.readline())
        ours, used = stack.enter_context(gateway.relay(folder / "standby", port, HEADERS))
        direct = Line(DIRECT, f"http://127.0.0.1:{port}", HEADERS)
        noise = Noise()
        uvloop.run(listen(figures, direct, ours, used))
        figures.noise = noise.since()


def markdown(figures: Figures) -> str:
    machine = ", ".join(f"{k} {v}" for k, v in figures.machine.items() if k != "date")
    noise = figures.noise
    total = figures.streams * figures.events
    rows = []
    for line in (DIRECT, "standby"):
        delays = figures.delays(line)
        count = len(figures.of(line))
        rows.append(
            [
                *(line, f"{len(delays)} of {total * count}", str(figures.broken(line))),
                *(ms(percentile(delays, 50)), ms(percentile(delays, 99)), ms(max(delays))),
            ]
        )
    added, ours = figures.added, figures.of("standby")
    cpu = sum(one.cpu_s for one in ours) / (total * len(ours)) * 1000
    return "\n".join(
        [
            f"{figures.machine['date']}; {machine}; steal {noise['steal_percent']:.1f} %, idle "
            f"{noise['idle_percent']:.0f} %. {figures.streams} streams at once, each "
            f"{figures.events} events, {1 / GAP_S:.0f} a second.",
            "",
            table(["line", "events", "streams not whole", "delay, median", "p99", "longest"], rows),
            "",
            f"Added to each event, pair by pair: median {ms(percentile(added, 50))}, 99th "
            f"percentile {ms(percentile(added, 99))}. Memory for each open stream: "
            f"{figures.stream_kib:.0f} KiB. CPU of the gateway for 1,000 events: {cpu * 1000:.0f} "
            "ms.",
        ]
    )


def to_json(figures: Figures) -> bytes:
    value = {
        **{name: getattr(figures, name) for name in ("machine", "noise", "streams", "events")},
        "stream_kib": figures.stream_kib,
        "added_s": {p: percentile(figures.added, p) for p in (50, 90, 99)},
        "delay_s": {
            line: {str(p): percentile(figures.delays(line), p) for p in (50, 90, 99)}
            for line in (DIRECT, "standby")
        },
        "broken": {line: figures.broken(line) for line in (DIRECT, "standby")},
        "wrongs": figures.wrongs,
    }
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)


def write(figures: Figures, page: Path) -> None:
    """Put the figures between the marks of a page."""
    text = page.read_text(encoding="utf-8")
    if not MARKED.search(text):
        raise ValueError(f"{page} has no place marked for the figures of the streams")
    section = markdown(figures)
    page.write_text(MARKED.sub(lambda m: f"{m[1]}\n\n{section}\n\n{m[2]}", text), encoding="utf-8")


def say(words: str) -> None:
    print(words, file=sys.stderr)


def main() -> int:
    options = arguments()
    figures = Figures(describe(), options.streams, int(options.seconds / GAP_S))
    with tempfile.TemporaryDirectory(prefix="standby-streams-") as name:
        measure(figures, Path(name))
    print(markdown(figures))
    if options.json:
        options.json.write_bytes(to_json(figures))
    if options.write:
        write(figures, options.write)
    for words in figures.wrongs:
        say(f"WRONG: {words}")
    return bool(figures.wrongs)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=1000, help="how many at once")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each lasts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put them into this page")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
