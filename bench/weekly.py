"""The same months with a limit of a week on top of that of five hours: does the week's quota last?

Each developer has a week's quota that lies in the middle between what all of a usual week would
cost and what its turns of high value alone would: so most weeks are pressed. A week begins with the
first request after the last one has ended, as a window does.

    python bench/weekly.py              print the table
    python bench/weekly.py --write      put it into docs/policy.md
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))

import policy
import synthetic
from policy import Choose, Counted, World
from synthetic import Event

from standby.core.quota.windows import LENGTH_S, Window

BEGIN: Final = "<!-- this table is written by `python bench/weekly.py --write` -->"
END: Final = "<!-- end of the table of weeks -->"
NAME: Final = "7d"
WEEK_S: Final = LENGTH_S[NAME]
# Whole weeks of a month.
_DAYS: Final = 28
HEAD: Final = (
    "| developer | policy | weeks | pressed | quota lasts | of pressed | high value on cloud"
    " | switches, window of 5 h | turns on cloud |"
)


@dataclass(slots=True)
class Week:
    """What became of one week. Costs are shares of the quota of a window of five hours."""

    wanted: float = 0.0
    wanted_high: float = 0.0
    refused: bool = False


@dataclass(slots=True)
class Weeks(World):
    """A cloud that counts both windows."""

    quota: float = float("inf")
    """Of a week."""
    week_ends: float = 0.0
    week_used: float = 0.0
    weeks: list[Week] = field(default_factory=list[Week])

    @property
    def spent(self) -> bool:
        return self.used >= 1 or self.week_used >= self.quota

    def windows(self) -> tuple[Window, ...]:
        week = Window(NAME, round(self.week_used / self.quota, 2), self.week_ends)
        return (*World.windows(self), week)

    def answer(self, event: Event, counted: Counted) -> None:
        if event.at >= self.week_ends:
            self.week_ends, self.week_used = event.at + WEEK_S, 0.0
            self.weeks.append(Week())
        week, used, high = self.weeks[-1], self.used, counted.wanted_high
        week.refused |= self.week_used >= self.quota
        World.answer(self, event, counted)
        self.week_used += self.used - used
        week.wanted += event.cost
        week.wanted_high += counted.wanted_high - high


def usual(months: Iterable[Sequence[Event]]) -> float:
    """Return the quota of a week that lies in the middle of all work and that of high value."""
    wanted: list[float] = []
    for events in months:
        world = Weeks(policy.auto)
        world.run(events)
        wanted += [(week.wanted + week.wanted_high) / 2 for week in world.weeks]
    return sum(wanted) / len(wanted)


def line(developer: str, who: str, weeks: Sequence[tuple[Week, float]], got: policy.Row) -> str:
    fit = [(week, quota) for week, quota in weeks if week.wanted_high <= quota]
    pressed = [week for week, quota in fit if week.wanted > quota]
    return (
        f"| {developer} | {who} | {len(weeks)} | {len(pressed)} |"
        f" {_last([week for week, _ in fit])} | {_last(pressed)} | {got.high_on_cloud:.1%} |"
        f" {got.switches:.1f} | {got.on_cloud:.0%} |"
    )


def _last(weeks: Sequence[Week]) -> str:
    if not weeks:
        return "-"
    return f"{sum(not week.refused for week in weeks) / len(weeks):.0%}"


def table(seeds: Sequence[int]) -> str:
    lines = [HEAD, "|" + "---|" * HEAD.count(" | ") + "---|"]
    policies: dict[str, Choose] = {"`auto`": policy.auto, "`spare`": policy.spare}
    all_weeks: dict[str, list[tuple[Week, float]]] = {who: [] for who in policies}
    all_counted: dict[str, list[Counted]] = {who: [] for who in policies}
    for developer in synthetic.DEVELOPERS:
        months = [_whole(synthetic.month(developer, seed)) for seed in seeds]
        quota = usual(months)
        for who, choose in policies.items():
            weeks: list[tuple[Week, float]] = []
            counted: list[Counted] = []
            for events in months:
                world = Weeks(choose, quota=quota)
                counted += world.run(events)
                weeks += [(week, quota) for week in world.weeks]
            lines.append(line(developer.name, who, weeks, policy.row(counted)))
            all_weeks[who] += weeks
            all_counted[who] += counted
    lines += [
        line("**all**", who, all_weeks[who], policy.row(all_counted[who])) for who in policies
    ]
    return "\n".join(lines)


def _whole(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if event.at < _DAYS * synthetic.DAY_S]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4, help="months of each developer")
    parser.add_argument("--write", action="store_true", help="put the table into docs/policy.md")
    options = parser.parse_args()
    text = table(range(options.seeds))
    print(text)
    if options.write:
        policy.put(text, BEGIN, END)


if __name__ == "__main__":
    main()
