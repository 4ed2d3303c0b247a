"""How often the range of a forecast holds the true moment, over patterns of use.

Each trial makes a person's use minute by minute for weeks, gives the forecast what the headers
would have said up to some moment (two decimals, as the cloud sends them), and looks what became of
the window. A range that is stated to hold four of five must do so, neither less nor much more.
"""

import argparse
import math
import random
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from standby.core.quota.forecast import Forecast, Sample, forecast
from standby.core.quota.windows import LENGTH_S, Window

MINUTE = 60.0
HOUR = 3600.0
DAY = 86_400.0
START = 1_795_000_000.0 // (7 * DAY) * 7 * DAY
MARKED = re.compile(r"(<!-- forecast:begin -->\n).*?(<!-- forecast:end -->)", re.DOTALL)
PATTERNS = ("steady", "bursty", "nights", "weekends")
HISTORIES = {"1 h": HOUR, "5 h": 5 * HOUR, "1 day": DAY, "1 week": 7 * DAY, "4 weeks": 28 * DAY}


def demand(pattern: str, dice: random.Random, days: int) -> list[float]:
    """Return what a person wants to use in each minute, in units of their own."""
    zone = dice.randrange(24)
    begin, end = dice.uniform(7, 10), dice.uniform(16, 22)
    on, off = dice.uniform(10, 60), dice.uniform(5, 90)
    minutes: list[float] = []
    bursts = pattern != "steady"
    working, left, pace = False, 0.0, 0.0
    day = 1.0
    for minute in range(days * 1440):
        hour = (minute / 60 + zone) % 24
        if minute % 1440 == 0:
            day = 1.0 if pattern == "steady" else dice.lognormvariate(0, 0.4)
        if bursts:
            left -= 1
            if left <= 0:
                working = not working
                left = dice.expovariate(1 / (on if working else off))
                pace = dice.lognormvariate(0, 0.5)
        else:
            pace = 1.0
        awake = pattern in {"steady", "bursty"} or begin <= hour < end
        weekday = int((minute / 1440 + zone / 24) % 7)
        if pattern == "weekends" and weekday >= 5:
            awake = dice.random() < 0.05 and awake
        use = pace * day * dice.lognormvariate(0, 0.3) if awake and (working or not bursts) else 0.0
        minutes.append(use)
    return minutes


@dataclass(frozen=True)
class Trial:
    """One forecast, and what came true."""

    said: Forecast
    now: float
    ran_out_at: float | None
    resets_at: float
    name: str = ""

    @property
    def may_end(self) -> bool:
        return self.said.earliest is not None

    @property
    def held(self) -> bool:
        return not (self.early or self.late)

    @property
    def early(self) -> bool:
        """It ran out before the range."""
        if self.ran_out_at is None:
            return False
        return self.said.earliest is None or self.ran_out_at < self.said.earliest

    @property
    def late(self) -> bool:
        """It ran out after the range, or not at all though the range said so."""
        if self.said.latest is None:
            return False
        return self.ran_out_at is None or self.ran_out_at > self.said.latest


def trial(pattern: str, name: str, history_s: float, dice: random.Random) -> Trial | None:
    days = math.ceil(history_s / DAY) + (10 if name == "5h" else 17)
    wants = demand(pattern, dice, days)
    length = int(LENGTH_S[name] // 60)
    weekly = sum(wants) / days * 7 or 1.0
    # From a window that lasts twice over to one that is spent in a fraction of its time.
    heavy = dice.uniform(0.5, 2.5)
    peak = max(sum(wants[i : i + length]) for i in range(0, len(wants) - length, length // 2))
    scale = heavy / (peak if name == "5h" else weekly)
    offset = dice.randrange(length)
    begin = dice.randrange(8 * 1440)
    now = begin + int(history_s // 60) + dice.randrange(60)
    samples: list[Sample] = []
    used, shown = 0.0, -1.0
    truth: float | None = None
    at_now: Sample | None = None
    reset = 0
    for minute in range(len(wants)):
        if (minute + offset) % length == 0:
            used = 0.0
            if minute > now:
                break
        want = wants[minute] * scale
        if want and used < 1:
            used += want
        if minute <= now:
            said = round(min(used, 1.0), 2)
            if minute >= begin and want and said != shown:
                samples.append(Sample(START + minute * MINUTE, said))
                shown = said
            if minute == now:
                if used >= 0.995:
                    return None
                at_now = samples[-1] if samples else None
                reset = minute + length - (minute + offset) % length
        elif used >= 1:
            truth = START + minute * MINUTE
            break
    if at_now is None or reset > len(wants):
        return None
    # The headers of before a reset say nothing of the window after it.
    last_reset = reset - length
    fresh = at_now.at < START + last_reset * MINUTE
    resets_at = START + (last_reset if fresh else reset) * MINUTE
    if fresh:
        return None
    moment = START + now * MINUTE
    window = Window(name, at_now.used, resets_at)
    return Trial(forecast(samples, window, moment), moment, truth, resets_at)


def trials(pattern: str, name: str, history_s: float, count: int, seed: int) -> Iterator[Trial]:
    dice = random.Random(f"{pattern} {name} {history_s} {seed}")
    made = tried = 0
    while made < count and tried < count * 20:
        tried += 1
        one = trial(pattern, name, history_s, dice)
        if one is not None:
            made += 1
            yield one


@dataclass(frozen=True)
class Row:
    """The figures of one pattern."""

    pattern: str
    window: str
    history: str
    count: int
    open: int
    held: float
    held_open: float
    early: float
    late: float
    right: float
    width_h: float


def row(pattern: str, name: str, history: str, found: Sequence[Trial]) -> Row:
    unsure = [one for one in found if one.may_end]

    def share(of: Sequence[Trial], what: Callable[[Trial], bool]) -> float:
        return sum(map(what, of)) / len(of) if of else math.nan

    widths = sorted(
        ((one.said.latest or one.resets_at) - (one.said.earliest or 0)) / HOUR for one in unsure
    )
    return Row(
        pattern,
        name,
        history,
        len(found),
        len(unsure),
        share(found, lambda one: one.held),
        share(unsure, lambda one: one.held),
        share(found, lambda one: one.early),
        share(found, lambda one: one.late),
        share(found, lambda one: one.said.lasts == (one.ran_out_at is None)),
        widths[len(widths) // 2] if widths else math.nan,
    )


def figures(count: int, seed: int = 1) -> Iterator[Row]:
    for name in ("5h", "7d"):
        for pattern in PATTERNS:
            for history, seconds in HISTORIES.items():
                yield row(pattern, name, history, [*trials(pattern, name, seconds, count, seed)])


Row4 = tuple[str, float, float, float | None]
"""A window's name, when it was seen, the share used, and its reset: as the ledger keeps it."""


def replayed(rows: Sequence[Row4], every_s: float = 1800.0) -> Iterator[Trial]:
    """Yield what would have been said at each moment of a past, with what became of it."""
    for name in sorted({row[0] for row in rows}):
        seen = [row[1:] for row in rows if row[0] == name]
        moment, last = seen[0][0] + HOUR, seen[-1][0]
        while moment < last:
            past = [one for one in seen if one[0] <= moment]
            _, used, resets_at = past[-1]
            if resets_at is not None and moment < resets_at < last and used < 0.995:
                later = (at for at, share, _ in seen if moment < at < resets_at and share >= 0.995)
                said = forecast(
                    [Sample(at, share) for at, share, _ in past],
                    Window(name, used, resets_at),
                    moment,
                )
                yield Trial(said, moment, next(later, None), resets_at, name)
            moment += every_s


def of_ledger(path: Path) -> Iterator[Row]:
    """Yield the figures of what a ledger has seen of each account."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        accounts = connection.execute("SELECT DISTINCT account FROM windows").fetchall()
        for (account,) in accounts:
            rows = connection.execute(
                "SELECT name, at, used, resets_at FROM windows WHERE account = ? ORDER BY at",
                (account,),
            ).fetchall()
            found = list(replayed(rows))
            for name in sorted({row[0] for row in rows} & set(LENGTH_S)):
                of_it = [one for one in found if one.name == name]
                yield row(account[:8], name, "replayed", of_it)


def told(one: Row) -> str:
    return (
        f"{one.pattern:<9} {one.window:<6} {one.history:<8} {one.count:>6} {one.open:>5}"
        f" {one.held:>6.0%} {one.held_open:>10.0%} {one.early:>7.0%} {one.late:>5.0%}"
        f" {one.right:>10.0%} {one.width_h:>7.1f} h"
    )


def section(rows: Sequence[Row], last: str) -> str:
    lines = [
        "| pattern | window | seen for | held | ran out before | after | right side | range |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {one.pattern} | {one.window} | {one.history} | {one.held:.0%} | {one.early:.0%}"
        f" | {one.late:.0%} | {one.right:.0%} | {one.width_h:.1f} h |"
        for one in rows
    ]
    return "\n".join([*lines, "", last])


def write(figures: str, page: Path) -> None:
    """Put the figures between the marks of a page."""
    text = page.read_text(encoding="utf-8")
    if not MARKED.search(text):
        raise ValueError(f"{page} has no place marked for the figures")
    page.write_text(MARKED.sub(lambda m: f"{m[1]}\n{figures}\n\n{m[2]}", text), encoding="utf-8")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--ledger", type=Path, help="Replay what this ledger has seen instead.")
    options.add_argument("--write", type=Path, help="Put the figures into this page.")
    chosen = options.parse_args()
    print(
        "pattern   window history  trials  open   held  held(open)  early  late  side right  width"
    )
    rows = []
    found = of_ledger(chosen.ledger) if chosen.ledger else figures(chosen.count, chosen.seed)
    for one in found:
        rows.append(one)
        print(told(one))
        sys.stdout.flush()
    total = sum(one.count for one in rows)
    held = sum(one.held * one.count for one in rows) / total
    opened = sum(one.open for one in rows)
    held_open = sum(one.held_open * one.open for one in rows if one.open) / opened
    last = (
        f"All: {total} trials, of which the range held {held:.1%};"
        f" of the {opened} in which the window might end, {held_open:.1%}."
    )
    print(last)
    if chosen.write:
        write(section(rows, last), chosen.write)


if __name__ == "__main__":
    main()
