"""What a soak came to: the rules that it is held to, and the figures for a page."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from flat import Sample, settled, slope
from report import table

PER_REQUESTS = 10_000
# These were written down before the first long run, and hold for every one.
MOST_MIB = 5.0
"""Growth of memory for 10,000 requests, once it has settled: the target of a long run."""
MOST_FDS = 4
"""Files and sockets at rest, beyond those before."""
MOST_SHORT_MIB = 96.0
"""Growth of memory from rest to rest, however short or long the run."""
LONG_S = 600.0
"""From here on a slope says more than the noise around it."""
MARKED = re.compile(r"(<!-- soak:begin -->).*(<!-- soak:end -->)", re.DOTALL)


@dataclass(frozen=True)
class Figures:
    """All that was counted."""

    machine: Mapping[str, str]
    noise: Mapping[str, float]
    seed: int
    clients: int
    seconds: float
    asked: int
    booked: int
    saw: Mapping[str, int]
    failed: Mapping[str, int]
    words: Mapping[str, int]
    slowest_s: float
    lost: Sequence[str]
    leaks: Sequence[str]
    samples: Sequence[Sample]
    before: Sample
    after: Sample

    @property
    def growth(self) -> float:
        """MiB for 10,000 requests."""
        kept = settled(self.samples)
        return PER_REQUESTS * slope([one.asked for one in kept], [one.rss_mib for one in kept])

    @property
    def fd_growth(self) -> float:
        """Files and sockets for 10,000 requests, under load."""
        kept = settled(self.samples)
        return PER_REQUESTS * slope([one.asked for one in kept], [one.fds for one in kept])

    @property
    def wrongs(self) -> list[str]:
        """What breaks a rule, in words."""
        return list(_wrongs(self))


def _wrongs(figures: Figures) -> Iterator[str]:
    if figures.lost:
        yield f"{len(figures.lost)} answers were lost, the first: {figures.lost[0]}"
    yield from figures.leaks
    if figures.booked != figures.asked:
        yield f"{figures.asked} requests were sent, and {figures.booked} are in the ledger"
    if (more := figures.after.fds - figures.before.fds) > MOST_FDS:
        yield f"{more} files or sockets more at rest than before"
    if (grew := figures.after.rss_mib - figures.before.rss_mib) > MOST_SHORT_MIB:
        yield f"{grew:.1f} MiB more at rest than before"
    if figures.seconds >= LONG_S and figures.growth > MOST_MIB:
        yield f"memory grows by {figures.growth:.1f} MiB for {PER_REQUESTS} requests"


def markdown(figures: Figures) -> str:
    about = ", ".join(
        f"{name} {value}" for name, value in figures.machine.items() if name != "date"
    )
    noise = figures.noise
    took = figures.seconds

    def grown(by: float, unit: str) -> str:
        return f"{by:+.2f}{unit}" if took >= LONG_S else "too short to tell"

    cpu = (figures.after.cpu_s - figures.before.cpu_s) / took
    peak = max(figures.samples, key=lambda one: one.rss_mib)
    fds = max(one.fds for one in figures.samples)
    lines = [
        f"{figures.machine['date']}; {about}; steal {noise['steal_percent']:.1f} %, idle "
        f"{noise['idle_percent']:.0f} %. {figures.clients} clients for {took:.0f} s, seed "
        f"{figures.seed}: {figures.asked} requests, {figures.booked} rows in the ledger, "
        f"**{len(figures.lost)} answers lost**; the slowest took {figures.slowest_s:.0f} s. The "
        f"gateway used {cpu:.0%} of a core.",
        "",
        table(
            ["what a client got", "times"],
            [[name, str(n)] for name, n in sorted(figures.saw.items(), key=lambda one: -one[1])],
        ),
        "",
        table(
            ["what was made to fail", "times"],
            [[name, str(n)] for name, n in sorted(figures.failed.items())],
        ),
        "",
        table(
            ["of the gateway", "at rest before", "most", "at rest after", "for 10,000 requests"],
            [
                [
                    *("memory", f"{figures.before.rss_mib:.1f} MiB", f"{peak.rss_mib:.1f} MiB"),
                    *(f"{figures.after.rss_mib:.1f} MiB", grown(figures.growth, " MiB")),
                ],
                [
                    *("files and sockets", str(figures.before.fds), str(fds)),
                    *(str(figures.after.fds), grown(figures.fd_growth, "")),
                ],
            ],
        ),
    ]
    return "\n".join(lines)


def to_json(figures: Figures) -> bytes:
    value = {**asdict(figures), "growth": figures.growth, "wrongs": figures.wrongs}
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


def write(figures: Figures, page: Path) -> None:
    """Put the figures between the marks of a page."""
    text = page.read_text(encoding="utf-8")
    if not MARKED.search(text):
        raise ValueError(f"{page} has no place marked for the figures of the soak")
    section = markdown(figures)
    page.write_text(MARKED.sub(lambda m: f"{m[1]}\n\n{section}\n\n{m[2]}", text), encoding="utf-8")
