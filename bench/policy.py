"""Synthetic months of several kinds of developers under several policies: does the quota last?

The rules, the pace and the guess of a turn's kind are those of the product; what is made up is the
work (bench/synthetic.py), and a cloud that counts. The numbers of the pace were chosen on other
months, with sentences that were looked at.

    python bench/policy.py              print the table, and whether the targets are met
    python bench/policy.py --write      put it into docs/policy.md
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))

import deciding
from foresight import planned
from synthetic import (
    CACHE_S,
    COLD,
    DEVELOPERS,
    HELD_OUT,
    LOOKED_AT,
    UNSEEN,
    WINDOW_S,
    Developer,
    Event,
    cost_of,
    month,
)

from standby.core.policy.decide import decide
from standby.core.policy.habits import Course, gone_on
from standby.core.policy.modes import Mode
from standby.core.policy.pace import EASY, paced
from standby.core.policy.thread import CLOUD, NEW, Thread, continued
from standby.core.policy.verdicts import Facts
from standby.core.quota.machine import Admission
from standby.core.quota.windows import Window
from standby.core.wire.purpose import Purpose

PAGE: Final = Path(__file__).parent.parent / "docs" / "policy.md"
BEGIN: Final = "<!-- the table is written by `python bench/policy.py --write` -->"
END: Final = "<!-- end of the table -->"
# The first of the months that the numbers of the pace were chosen on.
CHOSEN_ON: Final = 10


@dataclass(slots=True)
class Counted:
    """What became of one window."""

    wanted: float = 0.0
    """What all of it would have cost."""
    wanted_high: float = 0.0
    """What the turns of high value alone would have cost, cold prompts and all."""
    refused: bool = False
    high: int = 0
    high_on_cloud: int = 0
    high_given_away: int = 0
    """Turns of high value that a local model answered although the cloud would have."""
    given_knowingly: int = 0
    """Those of them of which it was guessed that they are of high value."""
    turns: int = 0
    on_cloud: int = 0
    switches: Counter[str] = field(default_factory=Counter)
    """By conversation, how often it has changed sides."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one event."""

    event: Event
    by: str
    spent: bool
    """The quota of its window was spent."""
    cost: float
    used: float
    """What is used of the window after it."""
    ends: float
    """When the window ends."""


Choose = Callable[["World", Event, Counted], str]


@dataclass(slots=True)
class World:
    """A cloud that counts, and what the gateway remembers."""

    choose: Choose
    ends: float = 0.0
    used: float = 0.0
    level: int = 0
    left: bool = False
    """A policy of fixed thresholds has left the cloud."""
    threads: dict[str, Thread] = field(default_factory=dict)
    high_at: dict[str, float] = field(default_factory=dict)
    """When each conversation had its last turn of high value."""
    courses: tuple[Course, ...] = ()
    hear: Callable[["Answered"], None] | None = None
    """Is told of each event, when it was answered."""
    plan: frozenset[int] | None = None
    """What a policy that knows the future has decided to answer here."""

    def run(self, events: Sequence[Event]) -> list[Counted]:
        done: list[Counted] = []
        for event in events:
            if event.at >= self.ends:
                self.ends, self.used = event.at + WINDOW_S, 0.0
                done.append(Counted())
            self.answer(event, done[-1])
        return done

    def answer(self, event: Event, counted: Counted) -> None:
        thread = self.threads.get(event.session, NEW)
        by = self.choose(self, event, counted)
        cost = cost_of(event, thread)
        counted.wanted += event.cost
        if event.is_high:
            warm = event.at - self.high_at.get(event.session, event.at) <= CACHE_S
            counted.wanted_high += event.cost * (1.0 if warm else COLD)
            self.high_at[event.session] = event.at
        if by == CLOUD and self.spent:
            counted.refused, by = True, "desk/coder"
        if by == CLOUD:
            self.used += cost
        if self.hear is not None:
            self.hear(Answered(event, by, counted.refused, cost, self.used, self.ends))
        if event.purpose is Purpose.WORK:
            self._count(event, counted, by, thread)
        if event.purpose in {Purpose.WORK, Purpose.SUBAGENT}:
            little = event.features.workload.little
            self.threads[event.session] = continued(thread, by, event.at, 0, little)

    def _count(self, event: Event, counted: Counted, by: str, thread: Thread) -> None:
        served = by == CLOUD
        counted.turns += 1
        counted.on_cloud += served
        counted.switches[event.session] += bool(thread.by) and (thread.by == CLOUD) != served
        if event.is_high:
            counted.high += 1
            counted.high_on_cloud += served
            given = not served and not self.spent
            counted.high_given_away += given
            counted.given_knowingly += given and not event.features.workload.may_be_of_little_value

    @property
    def spent(self) -> bool:
        """Whether the cloud refuses what comes now."""
        return self.used >= 1

    def windows(self) -> tuple[Window, ...]:
        # As the cloud's headers say it: in hundredths.
        return (Window("5h", round(self.used, 2), self.ends),)


def auto(world: World, event: Event, _: Counted) -> str:
    return _decided(world, event, Mode.AUTO)


def spare(world: World, event: Event, _: Counted) -> str:
    return _decided(world, event, Mode.SPARE)


def fixed(world: World, _event: Event, _: Counted) -> str:
    """Leave when a tenth is left, return when there is a fifth again."""
    left = 1 - world.used
    world.left = left < 0.2 if world.left else left <= 0.1
    return "desk/coder" if world.left else CLOUD


def _decided(world: World, event: Event, mode: Mode) -> str:
    pace = EASY
    if mode is Mode.SPARE:
        window, *_ = windows = world.windows()
        used = window.utilisation or 0.0
        world.courses = gone_on(world.courses, event.at, used, world.ends, WINDOW_S)
        pace = paced(world.level, windows, event.at, habits={window.name: world.courses})
        world.level = pace.level
    spent = world.spent
    facts = Facts(
        model="claude-opus-5-5",
        purpose=event.purpose,
        admission=Admission.STAY if spent else Admission.GO,
        why="the 5-hour limit is reached" if spent else "",
        trusted=True,
        credential=True,
        mode=mode,
        now=event.at,
        thread=world.threads.get(event.session, NEW),
        features=event.features,
        pace=pace,
    )
    by = decide(facts, deciding.CANDIDATES, deciding.RULES).order[0]
    if spent and by != CLOUD:  # the first one meets the limit, and is answered here
        return CLOUD
    return by


def foresight(world: World, event: Event, _: Counted) -> str:
    """Know the future, and the value of each turn: what any policy could reach at most."""
    if world.plan is None:
        raise ValueError("a world of foresight has a plan")
    return "desk/coder" if id(event) in world.plan else CLOUD


POLICIES: Final = {
    "`auto`": auto,
    "leave at 10 % left, return at 20 %": fixed,
    "`spare`": spare,
    "who knows the future": foresight,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One policy over all windows of some developers."""

    windows: int
    fitting: int
    """Windows that are too small for all, and large enough for the turns of high value."""
    lasts: float
    lasts_pressed: float
    high_on_cloud: float
    given_away: int
    given_knowingly: int
    switches: float
    """Of all conversations of a window together."""
    few_switches: float
    """The share of windows with two switches or fewer."""
    most_switches: int
    """95 of 100 conversations have no more in a window."""
    on_cloud: float


def row(counted: Sequence[Counted]) -> Row:
    fit = [one for one in counted if one.wanted_high <= 1]
    pressed = [one for one in fit if one.wanted > 1]
    switches = sorted(many for one in counted for many in one.switches.values())
    return Row(
        len(counted),
        len(pressed),
        _mean(not one.refused for one in fit),
        _mean(not one.refused for one in pressed),
        sum(one.high_on_cloud for one in fit) / max(sum(one.high for one in fit), 1),
        sum(one.high_given_away for one in counted),
        sum(one.given_knowingly for one in counted),
        sum(switches) / len(counted),
        _mean(one.switches.total() <= 2 for one in counted),
        switches[int(len(switches) * 0.95)],
        sum(one.on_cloud for one in counted) / max(sum(one.turns for one in counted), 1),
    )


def _mean(of: Iterator[bool]) -> float:
    every = [*of]
    return sum(every) / len(every) if every else 1.0


def run_of(name: str, events: Sequence[Event]) -> list[Counted]:
    """Return what becomes of a month under a policy."""
    choose = POLICIES[name]
    return World(choose, plan=planned(events) if choose is foresight else None).run(events)


def simulated(
    seeds: Iterable[int],
    developers: Sequence[Developer] = DEVELOPERS,
    policies: Iterable[str] = POLICIES,
) -> dict[tuple[str, str], list[Counted]]:
    """Return what becomes of each developer's months under each policy."""
    found: dict[tuple[str, str], list[Counted]] = {}
    for one in developers:
        for seed in seeds:
            events = month(one, seed)
            for name in policies:
                found.setdefault((one.name, name), []).extend(run_of(name, events))
    return found


HEAD: Final = (
    "| developer | policy | windows | pressed | quota lasts | of pressed | high value on cloud"
    " | given away | knowingly | switches, window | windows with ≤ 2 | switches, conversation"
    " | turns on cloud |"
)


def line(developer: str, policy: str, got: Row) -> str:
    return (
        f"| {developer} | {policy} | {got.windows} | {got.fitting} | {got.lasts:.1%} |"
        f" {got.lasts_pressed:.1%} | {got.high_on_cloud:.1%} | {got.given_away} |"
        f" {got.given_knowingly} | {got.switches:.1f} | {got.few_switches:.0%} |"
        f" ≤ {got.most_switches} | {got.on_cloud:.0%} |"
    )


def table(seeds: Sequence[int]) -> str:
    lines = [HEAD, "|" + "---|" * HEAD.count(" | ") + "---|"]
    found = simulated(seeds)
    lines += [line(name, policy, row(counted)) for (name, policy), counted in found.items()]
    for policy in POLICIES:
        every = [one for (_, by), counted in found.items() if by == policy for one in counted]
        lines.append(line("**all**", policy, row(every)))
    chosen_on = [seed + CHOSEN_ON for seed in seeds]
    lines += [
        line("all, as chosen on", "`spare`", row(_spared(chosen_on, LOOKED_AT))),
        line("all, in a style never seen", "`auto`", row(_spared(seeds, UNSEEN, "`auto`"))),
        line("all, in a style never seen", "`spare`", row(_spared(seeds, UNSEEN))),
        line("all, were each guess right", "`spare`", row(_spared(seeds, HELD_OUT, right=True))),
    ]
    return "\n".join(lines)


def _spared(
    seeds: Sequence[int], says: str, policy: str = "`spare`", *, right: bool = False
) -> list[Counted]:
    """Return what becomes of the months of all developers in other words, or guessed rightly."""
    months = (month(one, seed, says=says, right=right) for one in DEVELOPERS for seed in seeds)
    return [one for events in months for one in run_of(policy, events)]


def put(text: str, begin: str, end: str) -> None:
    """Put a table into docs/policy.md, between two remarks."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    PAGE.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2, help="months of each developer")
    parser.add_argument("--write", action="store_true", help="put the table into docs/policy.md")
    options = parser.parse_args()
    print(f"{deciding.page()}\n")
    began = time.perf_counter()
    text = table(range(options.seeds))
    print(text)
    print(f"\n{time.perf_counter() - began:.0f} s")
    if options.write:
        put(text, BEGIN, END)
    return 0


if __name__ == "__main__":
    sys.exit(main())
