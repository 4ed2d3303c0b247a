"""Synthetic months of several kinds of developers under several policies: does the quota last?

The rules, the pace and the guess of a turn's kind are those of the product; what is made up here is
the work, and a cloud that counts. Turns say sentences of tests/golden/workload.jsonl that were held
out when the features of the guess were chosen, so the guess is as wrong here as it is there. The
numbers of the pace were chosen on other months, with sentences that were looked at.

    python bench/policy.py              print the table, and whether the targets are met
    python bench/policy.py --write      put it into docs/policy.md
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))

import deciding
import workload as golden

from standby.core.policy.decide import decide
from standby.core.policy.features import Features
from standby.core.policy.habits import Course, gone_on
from standby.core.policy.modes import Mode
from standby.core.policy.pace import EASY, paced
from standby.core.policy.thread import CLOUD, NEW, Thread, continued
from standby.core.policy.verdicts import Facts
from standby.core.policy.workload import Guess, Workload
from standby.core.quota.machine import Admission
from standby.core.quota.windows import Window
from standby.core.wire.json import JSON
from standby.core.wire.purpose import Purpose

PAGE: Final = Path(__file__).parent.parent / "docs" / "policy.md"
BEGIN: Final = "<!-- the table is written by `python bench/policy.py --write` -->"
END: Final = "<!-- end of the table -->"
DAYS: Final = 30
DAY_S: Final = 86_400.0
HOUR_S: Final = 3600.0
WINDOW_S: Final = 5 * HOUR_S
CACHE_S: Final = 300.0
# People begin anew for each task, as the client advises; so many turns has one, on average.
TASK_TURNS: Final = 10
# What a turn costs more when it comes back to a cloud that has forgotten its prompt.
COLD: Final = 1.35
# Whose sentences the turns of a month say.
LOOKED_AT: Final = "looked at"
HELD_OUT: Final = "held out"
UNSEEN: Final = "in a style that nothing was chosen on"
# The first of the months that the numbers of the pace were chosen on.
CHOSEN_ON: Final = 10


@dataclass(frozen=True, slots=True)
class Developer:
    """A way of working. Costs are shares of the quota of a window."""

    name: str
    days_a_week: int
    sessions: tuple[tuple[float, float], ...]
    """When a day's sessions begin, in hours, and how long they last."""
    pause_s: float
    """The mean time between two turns."""
    cost: float
    """The mean cost of a turn of the main conversation."""
    high: float
    """The share of turns of high value."""
    runs: float
    """How probable it is that a turn is worth as much as the one before."""
    agents: float
    """How many subagents a turn has, on average."""


OFFICE: Final = ((9.0, 3.5), (13.5, 4.0))
DEVELOPERS: Final = (
    Developer("steady", 5, OFFICE, 300, 0.018, 0.45, 0.80, 0.3),
    Developer("builds much", 5, OFFICE, 240, 0.022, 0.60, 0.85, 0.6),
    Developer("tidies up", 5, OFFICE, 180, 0.014, 0.20, 0.85, 0.2),
    Developer("many agents", 5, OFFICE, 420, 0.020, 0.50, 0.80, 2.5),
    Developer("in bursts", 6, ((10.0, 1.0), (15.0, 1.2), (21.0, 1.5)), 90, 0.016, 0.45, 0.80, 0.4),
    Developer("nights", 6, ((20.0, 5.5),), 240, 0.020, 0.50, 0.85, 0.5),
    Developer("now and then", 3, ((11.0, 1.5),), 420, 0.015, 0.50, 0.75, 0.3),
)


@dataclass(frozen=True, slots=True)
class Event:
    """One turn, or one request beside it."""

    at: float
    session: str
    purpose: Purpose
    kind: Workload
    cost: float
    features: Features

    @property
    def is_high(self) -> bool:
        return self.purpose is Purpose.WORK and self.kind.of_high_value


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


def month(
    developer: Developer, seed: int, *, says: str = HELD_OUT, right: bool = False
) -> list[Event]:
    """Return what a developer asks in a month, in order.

    ``says``: in the words of which sentences. ``right``: each guess is.
    """
    dice = random.Random(f"{developer.name} {seed}")
    said = _sentences(says)
    events: list[Event] = []
    for day in range(DAYS):
        if day % 7 >= developer.days_a_week:
            continue
        effort = dice.lognormvariate(0, 0.35)  # some days are harder than others
        for number, (begins, lasts) in enumerate(developer.sessions):
            begin = day * DAY_S + begins * HOUR_S + dice.uniform(-900, 900)
            name = f"{day}.{number}"
            events += _session(developer, name, begin, lasts * HOUR_S, effort, dice, said)
    for event in events if right else ():
        little = 0.0 if event.kind.of_high_value else 1.0
        event.features.workload = Guess(event.kind, 1.0, (), little)
    return sorted(events, key=lambda event: event.at)


def _session(
    developer: Developer,
    name: str,
    begin: float,
    lasts_s: float,
    effort: float,
    dice: random.Random,
    said: dict[Workload, list[str]],
) -> Iterator[Event]:
    at, is_high, task, turn = begin, True, name, 0
    talk: list[JSON] = []
    while (at := at + dice.expovariate(effort / developer.pause_s)) < begin + lasts_s:
        if turn == 0 or dice.random() < 1 / TASK_TURNS:  # a new task, and a new conversation
            task, is_high, talk = f"{name}.{turn}", dice.random() < developer.high, []
            yield Event(at, task, Purpose.TITLE, Workload.SUMMARY, 0.001, Features({}, 2000))
        elif dice.random() > developer.runs:
            is_high = dice.random() < developer.high
        kind = dice.choice([each for each in Workload if each.of_high_value == is_high])
        cost = developer.cost * dice.lognormvariate(-0.3, 0.75) * (1.4 if is_high else 0.6)
        talk = [*talk[-6:], {"role": "user", "content": dice.choice(said[kind])}, deciding.ANSWER]
        size = dice.randrange(60_000, 200_000)
        features = Features({"messages": [*talk[:-1]]}, size)
        yield Event(at, task, Purpose.WORK, kind, cost, features)
        for agent in range(_poisson(developer.agents, dice)):
            simple = dice.choice([Workload.QUESTION, Workload.SUMMARY, Workload.MULTI_FILE])
            cost = developer.cost * dice.lognormvariate(-0.6, 0.5)
            place = f"{task}/{turn}.{agent}"
            body: dict[str, JSON] = {
                "messages": [{"role": "user", "content": dice.choice(said[simple])}]
            }
            features = Features(body, 60_000)
            yield Event(at + 20 + agent, place, Purpose.SUBAGENT, simple, cost, features)
        turn += 1
        if turn % 25 == 0:
            yield Event(
                at + 60, task, Purpose.COMPACTION, Workload.SUMMARY, developer.cost, Features({}, 1)
            )


@cache
def _sentences(says: str) -> dict[Workload, list[str]]:
    every = golden.cases()
    some = {
        LOOKED_AT: [case for case in every if not case.held_out],
        HELD_OUT: [case for case in golden.held_out(every) if case.style != golden.LAST],
        UNSEEN: golden.held_out(every, golden.LAST),
    }[says]
    return {kind: [case.says for case in some if case.kind is kind] for kind in Workload}


def _poisson(mean: float, dice: random.Random) -> int:
    count, left = 0, dice.expovariate(1)
    while left < mean:
        count, left = count + 1, left + dice.expovariate(1)
    return count


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


def planned(events: Sequence[Event]) -> frozenset[int]:
    """Return the events that are answered here by who knows all of them: as few switches as do."""
    here: set[int] = set()
    before: Mapping[str, Thread] = {}
    for window in windows_of(events):
        chosen = _enough(window, before)
        here |= chosen
        before = _spent(window, chosen, before)[2]
    return frozenset(here)


def windows_of(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Yield the events of each window of five hours."""
    window: list[Event] = []
    for event in events:
        if window and event.at >= window[0].at + WINDOW_S:
            yield window
            window = []
        window.append(event)
    if window:
        yield window


def _enough(window: Sequence[Event], before: Mapping[str, Thread]) -> set[int]:
    """Return what to answer here so that the rest fits: first what is no switch, then runs."""
    if _spent(window, set(), before)[0] <= 1:
        return set()
    here = {id(event) for event in window if event.purpose is not Purpose.WORK}
    used, switches, _ = _spent(window, here, before)
    runs = [{id(event) for event in run} for run in _runs(window)]
    while used > 1 and runs:
        tried = [(_spent(window, here | run, before), run) for run in runs]
        worth = [
            ((used - spent) / max(changes - switches, 0.001), run, spent, changes)
            for (spent, changes, _), run in tried
        ]
        # Of the runs that alone are enough, the one with the fewest switches; else the best deal.
        ends = [one for one in worth if one[2] <= 1]
        _, run, used, switches = (
            min(ends, key=lambda one: one[3]) if ends else max(worth, key=lambda one: one[0])
        )
        here |= run
        runs.remove(run)
    return here


def _runs(window: Sequence[Event]) -> Iterator[list[Event]]:
    """Yield the turns of little value that follow each other in a conversation."""
    for session in dict.fromkeys(event.session for event in window):
        run: list[Event] = []
        for event in window:
            if event.session != session or event.purpose is not Purpose.WORK:
                continue
            if event.is_high and run:
                yield run
                run = []
            elif not event.is_high:
                run.append(event)
        if run:
            yield run


def _spent(
    window: Sequence[Event], here: set[int], before: Mapping[str, Thread]
) -> tuple[float, int, dict[str, Thread]]:
    """Return what a window costs the cloud, its switches, and where conversations stand then."""
    threads = dict(before)
    used, switches = 0.0, 0
    for event in window:
        thread = threads.get(event.session, NEW)
        by = "desk/coder" if id(event) in here else CLOUD
        if by == CLOUD:
            used += cost_of(event, thread)
        if event.purpose is Purpose.WORK:
            switches += bool(thread.by) and thread.by != by
        if event.purpose in {Purpose.WORK, Purpose.SUBAGENT}:
            threads[event.session] = continued(thread, by, event.at, 0)
    return used, switches, threads


def cost_of(event: Event, thread: Thread) -> float:
    """Return what an event costs the cloud: more when its prompt was forgotten meanwhile."""
    cold = thread.cloud_at is None or event.at - thread.cloud_at > CACHE_S
    return event.cost * (COLD if cold and thread.by else 1.0)


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
