"""Synthetic months of work: what several kinds of developers ask, turn by turn.

Turns say sentences of tests/golden/workload.jsonl that were held out when the features of the guess
were chosen, so the guess is as wrong here as it is there; or others, where that is asked for.
"""

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))

import deciding
import workload as golden

from standby.core.policy.features import Features
from standby.core.policy.thread import Thread
from standby.core.policy.workload import Guess, Workload
from standby.core.wire.json import JSON
from standby.core.wire.purpose import Purpose

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


def cost_of(event: Event, thread: Thread) -> float:
    """Return what an event costs the cloud: more when its prompt was forgotten meanwhile."""
    cold = thread.cloud_at is None or event.at - thread.cloud_at > CACHE_S
    return event.cost * (COLD if cold and thread.by else 1.0)


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
