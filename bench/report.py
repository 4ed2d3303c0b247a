"""The figures as a table for a terminal, as JSON, and as a section of the documentation."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from stats import Estimate
from trials import DIRECT, FLOOR, STREAMS, Samples

GATEWAY, NGINX = "standby", "nginx"
FLOORS = {"bytes only": "floor_bytes.py", "aiohttp only": "floor_aiohttp.py"}
MARKED = re.compile(r"(<!-- bench:begin -->\n).*?(<!-- bench:end -->)", re.DOTALL)
MIB = 2**20


@dataclass(frozen=True)
class Trial:
    """A name for people, and what was measured."""

    name: str
    samples: Samples


@dataclass
class Figures:
    """All that a run found out. What it could not measure is not there; ``missing`` says why."""

    machine: dict[str, str]
    noise: dict[str, float] = field(default_factory=dict)
    firsts: list[Trial] = field(default_factory=list)
    delays: list[Trial] = field(default_factory=list)
    cpu_s: dict[str, dict[str, float]] = field(default_factory=dict)
    rss_bytes: dict[str, dict[str, int]] = field(default_factory=dict)
    start_s: list[float] = field(default_factory=list)
    status_s: list[float] = field(default_factory=list)
    asked: int = 0
    booked: int = 0
    missing: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Target:
    """What the gateway has to reach, and what it reached."""

    name: str
    wanted: str
    reached: str
    met: bool


def targets(figures: Figures) -> Iterator[Target]:
    for trial in figures.firsts:
        added = trial.samples.added_first()
        if GATEWAY in added and NGINX in added:
            ours, theirs = added[GATEWAY].middle, added[NGINX].middle
            name = f"added time to first byte, {trial.name}"
            times = f"{ours / theirs:.1f} times" if theirs > 0 else f"nginx adds {ms(theirs)}"
            yield Target(name, "≤ 2 times nginx's", times, ours <= 2 * theirs)
    if GATEWAY in figures.rss_bytes:
        idle = figures.rss_bytes[GATEWAY]["idle"] / MIB
        yield Target("memory at rest", "≤ 60 MiB", f"{idle:.1f} MiB", idle <= 60)
    for name, values, limit_s in (
        ("start to first 200", figures.start_s, 0.5),
        ("`standby status`", figures.status_s, 0.2),
    ):
        if values:
            middle = sorted(values)[len(values) // 2]
            yield Target(name, f"< {limit_s:g} s", f"{middle:.2f} s", middle < limit_s)


def ms(seconds: float) -> str:
    return f"{seconds * 1000:+.2f} ms"


def interval(value: Estimate) -> str:
    return f"{ms(value.middle)} ({value.low * 1000:+.2f} to {value.high * 1000:+.2f})"


def markdown(figures: Figures) -> str:
    parts = [about(figures)]
    names = [FLOOR, NGINX, *FLOORS, GATEWAY]
    if figures.firsts:
        rows = [first_row(trial, names) for trial in figures.firsts]
        parts += [
            "**Added time to the first byte** (median of the paired differences, 95 % interval)"
        ]
        parts += [table(["trial", "direct", *names], rows)]
    if figures.delays:
        rows = [delay_row(trial, names) for trial in figures.delays]
        parts += ["**Added delay of each event** (the same; then the 99th percentile, not paired)"]
        parts += [
            table(["trial", *names, f"p99 {DIRECT}", *(f"p99 {name}" for name in names)], rows)
        ]
    if figures.cpu_s:
        rows = [
            [name, *(f"{seconds * 1000:.1f} ms" for seconds in used.values())]
            for name, used in figures.cpu_s.items()
        ]
        used = next(iter(figures.cpu_s.values()))
        parts += ["**CPU for 1,000 events**", table(["trial", *used], rows)]
    parts += [table(["of the process", *figures.rss_bytes], memory_rows(figures))]
    met = [[t.name, t.wanted, t.reached, "yes" if t.met else "**no**"] for t in targets(figures)]
    parts += ["**Targets**", table(["what", "wanted", "reached", "met"], met)]
    parts += [f"Not measured: {why}." for why in figures.missing]
    return "\n\n".join(parts) + "\n"


def about(figures: Figures) -> str:
    noise = (
        f"steal {figures.noise['steal_percent']:.1f} %, idle {figures.noise['idle_percent']:.0f} %,"
        f" load {figures.noise['load_average']:.1f}"
    )
    said = ", ".join(f"{name} {value}" for name, value in figures.machine.items() if name != "date")
    return (
        f"{figures.machine['date']}; {said}; {noise}."
        f" The gateway was asked {figures.asked} times, its ledger has {figures.booked} rows."
    )


def first_row(trial: Trial, names: Sequence[str]) -> list[str]:
    added, direct = trial.samples.added_first(), sorted(trial.samples.first_s[DIRECT])
    cells = [interval(added[name]) if name in added else "not run" for name in names]
    return [trial.name, f"{direct[len(direct) // 2] * 1000:.2f} ms", *cells]


def delay_row(trial: Trial, names: Sequence[str]) -> list[str]:
    added, p99 = trial.samples.added_delay(), trial.samples.delay_p99()
    cells = [interval(added[name]) if name in added else "not run" for name in names]
    tails = [
        f"{p99[name] * 1000:.2f} ms" if name in p99 else "not run" for name in [DIRECT, *names]
    ]
    return [trial.name, *cells, *tails]


def memory_rows(figures: Figures) -> Iterator[list[str]]:
    for when, words in (
        ("idle", "memory at rest"),
        ("crowd", f"memory after {STREAMS} streams at once, 1 MB each"),
    ):
        yield [words, *(f"{used[when] / MIB:.1f} MiB" for used in figures.rss_bytes.values())]


def table(head: Sequence[str], rows: Sequence[Sequence[str]] | Iterator[list[str]]) -> str:
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    padded = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    ]
    return "\n".join([padded[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *padded[1:]])


def to_json(figures: Figures) -> bytes:
    value = {
        **{name: getattr(figures, name) for name in ("machine", "noise", "cpu_s", "rss_bytes")},
        **{
            name: getattr(figures, name)
            for name in ("start_s", "status_s", "asked", "booked", "missing")
        },
        "first_byte_s": {
            t.name: summary(t.samples.first_s, t.samples.added_first()) for t in figures.firsts
        },
        "delay_s": {
            t.name: summary(t.samples.delays_s, t.samples.added_delay()) for t in figures.delays
        },
        "targets": list(targets(figures)),
    }
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


def summary(values: Mapping[str, Sequence[float]], added: Mapping[str, Estimate]) -> dict:
    return {
        "samples": len(values[DIRECT]),
        "direct": sorted(values[DIRECT])[len(values[DIRECT]) // 2],
        "added": added,
    }


def write(figures: Figures, page: Path) -> None:
    """Put the figures between the marks of a page."""
    text = page.read_text(encoding="utf-8")
    if not MARKED.search(text):
        raise ValueError(f"{page} has no place marked for the figures")
    section = markdown(figures)
    page.write_text(MARKED.sub(lambda m: f"{m[1]}\n{section}\n{m[2]}", text), encoding="utf-8")
