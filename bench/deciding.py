"""What a decision costs on a conversation of 1 MB: as a person speaks, in a turn, and in circles.

All that is read of a body for a decision is read anew each time; the body has been parsed, as it is
when a request is judged. The pace is in it, with as many windows as are remembered. It is put into
words when the answer is over, and so this is not in it.

    python bench/deciding.py            print the figures, and whether p99 is below the target
"""

import argparse
import importlib
import pkgutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))

import workload as golden

from standby.core.handback.marks import TOOL
from standby.core.models.facts import LocalModel
from standby.core.policy import rules
from standby.core.policy.decide import Decision, decide
from standby.core.policy.features import Features
from standby.core.policy.habits import Course
from standby.core.policy.modes import Mode, SecondOpinion
from standby.core.policy.pace import paced
from standby.core.policy.thread import CLOUD, Thread
from standby.core.policy.verdicts import Candidate, Facts
from standby.core.quota.machine import Admission
from standby.core.quota.windows import Window
from standby.core.wire.json import JSON, dumps, loads
from standby.core.wire.purpose import Purpose

TARGET_S: Final = 0.0002
SIZE: Final = 1_000_000
WINDOW_S: Final = 5 * 3600.0
ANSWER: Final[JSON] = {"role": "assistant", "content": "Done."}
RULES: Final = tuple(
    importlib.import_module(f"{rules.__name__}.{info.name}").rule
    for info in pkgutil.iter_modules(rules.__path__)
)
CANDIDATES: Final = (
    Candidate(CLOUD, is_cloud=True),
    Candidate(
        "desk/coder",
        is_cloud=False,
        model=LocalModel("desk", "coder", "", context_tokens=131_072, tools=True, reasoning=True),
        wait_s=8.0,
    ),
)
_RESULT: Final = "def f(x):\n    return x + 1\n" * 80
# What takes longest to hear: of pages both ends are read, and most of these words are known.
_PAGES: Final = (
    "We have two of them; which one should go, and why does it fail? " * 200,
    "The upstream answers with a 529; can you look at `src/relay.py`, and tell me what the client"
    " sees meanwhile? There is a test in tests/test_relay.py that fails from time to time with a"
    " TimeoutError, because of the sleep in the fixture. Please fix it, too, and keep the old way"
    " behind a setting. " * 40,
)
# As many windows as are remembered, seen once a minute.
_HABITS: Final = tuple(
    Course(
        -number * WINDOW_S,
        tuple(60.0 * minute for minute in range(300)),
        tuple(minute / 300 for minute in range(300)),
    )
    for number in range(30, 0, -1)
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What decisions took, in seconds."""

    middle: float
    slow: float
    """99 of 100 cost no more."""
    slow_wall: float
    """99 of 100 took no longer by the clock on the wall, whatever else the machine did."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a decision is made of."""

    body: Mapping[str, JSON]
    size: int
    by: str
    """Who has answered the conversation until now."""


def costs(rounds: int = 40) -> dict[str, Cost]:
    """Return what a decision costs, by what is asked."""
    said = [case.says for case in golden.held_out(golden.cases())]
    turns = circles(SIZE)
    of = {
        "on a conversation of 1 MB": [conversation(SIZE, ending) for ending in ("Yes.", *said)],
        "where pages were said last": [conversation(SIZE, pages) for pages in _PAGES],
        "in a turn of the cloud": [conversation(SIZE)],
        "in a turn of 1 MB of a local model": [turns[name] for name in turns if name in GOES_ON],
        "where that goes in circles": [turns[name] for name in turns if name not in GOES_ON],
    }
    # Where there are few, each counts as often as all of the others together.
    most = max(map(len, of.values()))
    return {what: _cost(every, rounds * most // len(every)) for what, every in of.items()}


def _cost(every: Sequence[Judged], rounds: int) -> Cost:
    """Return what some decisions cost.

    Of each the quickest of some counts, which lie apart: it is what that decision costs, in time of
    this thread, and not what others take of the machine meanwhile. Their share shows by the clock
    on the wall, where each single decision counts.
    """
    took = [[_timed(one) for one in every] for _ in range(rounds)]
    spent = sorted(min(by_thread for by_thread, _ in of) for of in zip(*took, strict=True))
    passed = sorted(by_wall for of in took for _, by_wall in of)
    return Cost(
        spent[len(spent) // 2], spent[int(len(spent) * 0.99)], passed[int(len(passed) * 0.99)]
    )


def _timed(one: Judged) -> tuple[float, float]:
    """Return the time of this thread, and of the wall, that the pace and a decision take."""
    began, by_thread = time.perf_counter(), time.thread_time()
    decided(one)
    return time.thread_time() - by_thread, time.perf_counter() - began


def decided(one: Judged) -> Decision:
    """Decide upon a request, with the pace and all."""
    facts = Facts(
        model="claude-opus-5-5",
        purpose=Purpose.WORK,
        admission=Admission.GO,
        why="",
        trusted=True,
        credential=True,
        mode=Mode.SPARE,
        thread=Thread(one.by),
        features=Features(one.body, one.size),
        pace=paced(0, (Window("5h", 0.6, WINDOW_S / 2),), 0.0, habits={"5h": _HABITS}),
        second_opinion=SecondOpinion.CLOUD,
    )
    return decide(facts, CANDIDATES, RULES)


@cache
def _talk(size: int) -> tuple[list[JSON], int]:
    messages: list[JSON] = []
    for number in range(size // (len(_RESULT) + 250)):
        if number % 8 == 0:
            messages.append({"role": "user", "content": "Now rename `f` to `g` in the next one."})
        messages += _called(f"toolu_{number}", "Read", number, _RESULT)
    return messages, len(dumps(messages))


def _called(call: str, tool: str, given: int, result: str, *, failed: bool = False) -> list[JSON]:
    use: JSON = {"type": "tool_use", "id": call, "name": tool, "input": {"n": given}}
    back: dict[str, JSON] = {"type": "tool_result", "tool_use_id": call, "content": result}
    if failed:
        back["is_error"] = True
    return [{"role": "assistant", "content": [use]}, {"role": "user", "content": [back]}]


def conversation(size: int, ending: str = "") -> Judged:
    """Return a conversation of about so many bytes: calls and their results, turn by turn.

    ``ending`` is what a person says last; empty: the last is a result.
    """
    messages, length = _talk(size)
    if ending:
        messages = [*messages, ANSWER, {"role": "user", "content": ending}]
    body: dict[str, JSON] = {"model": "claude-opus-5-5", "messages": messages, "tools": []}
    return Judged(body, length, CLOUD)


GOES_ON: Final = frozenset(
    {
        "reads on",
        "reads on, large files",
        "reads on, files that differ at their ends",
        "other calls, one result",
    }
)
"""The turns below that go in no circles."""


def circles(size: int) -> dict[str, Judged]:
    """Return turns of about so many bytes that a local model is in the middle of, by what it does.

    Each is one turn: what a person said lies at its beginning, hundreds of calls back or dozens.
    """
    small, large = _RESULT, _RESULT * 12
    return {
        "reads on": _turn(size, "Read", lambda n: (n, f"{n}{small}")),
        "reads on, large files": _turn(size, "Read", lambda n: (n, f"{n}{large}")),
        "reads on, files that differ at their ends": _turn(
            size, "Read", lambda n: (n, f"{large}{n:04}")
        ),
        "reads the same again": _turn(size, "Read", lambda n: (n % 7, f"{n % 7}{small}")),
        "one call, one result": _turn(size, "Bash", lambda _: (0, small)),
        "other calls, one result": _turn(size, "Bash", lambda n: (n, large)),
        "one error": _turn(size, "Bash", lambda n: (n, f"{small}after {n}.5 s"), failed=True),
        "many errors": _turn(size, "Bash", lambda n: (n, f"{small}{n}"), failed=True),
    }


def _turn(
    size: int, tool: str, called: Callable[[int], tuple[int, str]], *, failed: bool = False
) -> Judged:
    many = size // (len(called(0)[1]) + 250)
    messages: list[JSON] = [{"role": "user", "content": "Find out why the test fails."}]
    for number in range(many):
        messages += _called(f"{TOOL}{number}", tool, *called(number), failed=failed)
    raw = dumps({"model": "claude-opus-5-5", "messages": messages, "tools": []})
    body = loads(raw)  # as it is parsed: no two results are one object
    return Judged(body if isinstance(body, dict) else {}, len(raw), CANDIDATES[1].name)


def page(rounds: int = 40) -> str:
    """Return what decisions cost, in words."""
    return "\n".join(
        f"a decision {what}: {one.middle * 1e3:.3f} ms, p99 {one.slow * 1e3:.3f} ms (below"
        f" {TARGET_S * 1e3:.1f} ms: {_told(one.slow)}); by the clock on the wall"
        f" {one.slow_wall * 1e3:.3f} ms ({_told(one.slow_wall)})"
        for what, one in costs(rounds).items()
    )


def _told(spent_s: float) -> str:
    return "yes" if spent_s < TARGET_S else "no"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="how often each is decided")
    print(page(parser.parse_args().rounds))


if __name__ == "__main__":
    main()
