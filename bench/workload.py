"""How often the guess of a turn's kind is wrong, on turns whose kind is known.

The set was written for this purpose, in several styles. What was held out was not looked at while
the features were chosen and their weights fitted; the figures that count are those of it. What is
called fresh was written after all of that, and the fourth part after a look at how that fared.

    python bench/workload.py            print the figures
    python bench/workload.py --wrong    and what is guessed wrong, of what may be looked at
    python bench/workload.py --fit      fit the weights anew, and write them
"""

import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from standby.core.policy.hearing import FEATURES, heard
from standby.core.policy.workload import KINDS, Guess, Workload, guessed
from standby.core.wire.json import JSON

ROOT: Final = Path(__file__).parent.parent
CASES: Final = ROOT / "tests" / "golden" / "workload.jsonl"
WEIGHTS: Final = ROOT / "src" / "standby" / "core" / "policy" / "weights.py"
HEAD: Final = '''\
"""What each feature of a turn weighs. Written by ``python bench/workload.py --fit``."""

from collections.abc import Mapping
from typing import Final

__all__ = ["WEIGHTS"]

WEIGHTS: Final[Mapping[str, tuple[float, ...]]] = {
'''
# What the turns of the set hold too few of to be fitted: the weights are drawn to these, not to 0.
BELIEVED: Final[Mapping[str, Mapping[Workload, float]]] = {
    "what was tried last failed": {Workload.DEBUG: 1.0},
    "much is said": {Workload.MULTI_FILE: 0.4, Workload.PLAN: 0.2, Workload.DEBUG: 0.2},
}
LAST: Final = "tracker"
"""The style of the part that was written last; nothing was chosen on it."""
SETS: Final = (
    ("looked at", "", False),
    ("held out, first", "list", True),
    ("held out, second: as in a chat", "chat", True),
    ("held out, third: fresh", "fresh", True),
    ("held out, fourth: as among issues and reviews", LAST, True),
)


@dataclass(frozen=True, slots=True)
class Case:
    says: str
    kind: Workload
    held_out: bool
    style: str
    failed_before: bool
    guess: Guess


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares of all cases of their kind."""

    cases: int
    right: float
    """The kind is the right one."""
    kept: float
    """Of turns of high value, those that stay on the cloud."""
    spared: float
    """Of turns of little value, those that may go to a local model."""


def cases() -> list[Case]:
    lines = CASES.read_text(encoding="utf-8").splitlines()
    return [_case(json.loads(line)) for line in lines]


def held_out(every: Iterable[Case], style: str = "") -> list[Case]:
    """Return the cases that were not looked at, of one style or of all."""
    return [case for case in every if case.held_out and style in {"", case.style}]


def figures(of: Sequence[Case]) -> Figures:
    high = [case for case in of if case.kind.of_high_value]
    low = [case for case in of if not case.kind.of_high_value]
    return Figures(
        len(of),
        _share(case.guess.kind is case.kind for case in of),
        _share(case.guess.of_high_value for case in high),
        _share(not case.guess.of_high_value for case in low),
    )


def page() -> str:
    """Return the figures as Markdown."""
    every = cases()
    lines = [
        "| turns | number | kind right | high value stays on the cloud | little may go local |",
        "|---|---|---|---|---|",
    ]
    for name, style, is_held_out in SETS:
        some = [
            case
            for case in every
            if case.held_out is is_held_out and (not style or case.style == style)
        ]
        got = figures(some)
        lines.append(
            f"| {name} | {got.cases} | {got.right:.0%} | {got.kept:.0%} | {got.spared:.0%} |"
        )
    return "\n".join(lines)


def fitted(of: Sequence[Case], steps: int = 600, pull: float = 0.004) -> dict[str, list[float]]:
    """Return the weights that make the known kinds most probable.

    Plain gradient descent with momentum: the same cases give the same weights. ``pull`` draws them
    to 0, or to what is believed.
    """
    loud = [heard(case.says, failed=case.failed_before) for case in of]
    kinds = [KINDS.index(case.kind) for case in of]
    prior = {name: [BELIEVED.get(name, {}).get(k, 0.0) for k in KINDS] for name in FEATURES}
    weights = {name: [*prior[name]] for name in FEATURES}
    speed = {name: [0.0] * len(KINDS) for name in FEATURES}
    for _ in range(steps):
        slope = {
            name: [pull * (one - to) for one, to in zip(weights[name], prior[name], strict=True)]
            for name in FEATURES
        }
        for one, kind in zip(loud, kinds, strict=True):
            totals = [
                sum(weights[name][i] * v for name, v in one.items()) for i in range(len(KINDS))
            ]
            greatest = max(totals)
            powers = [math.exp(total - greatest) for total in totals]
            whole = sum(powers)
            for i, power in enumerate(powers):
                miss = (power / whole - (i == kind)) / len(of)
                for name, v in one.items():
                    slope[name][i] += miss * v
        for name in FEATURES:
            for i in range(len(KINDS)):
                speed[name][i] = 0.9 * speed[name][i] - 0.5 * slope[name][i]
                weights[name][i] += speed[name][i]
    return weights


def fit() -> None:
    """Write the weights, fitted to what may be looked at."""
    found = fitted([case for case in cases() if not case.held_out])
    lines = [
        f'    "{name}": ({", ".join(f"{round(one, 1) + 0.0:.1f}" for one in of)}),\n'
        for name, of in found.items()
    ]
    WEIGHTS.write_text(f"{HEAD}{''.join(lines)}}}\n", encoding="utf-8")


def _case(row: Mapping[str, JSON]) -> Case:
    says, failed = str(row["says"]), bool(row.get("failed_before"))
    turns: list[JSON] = [{"role": "user", "content": says}]
    if failed:
        result = {"type": "tool_result", "tool_use_id": "t", "content": "x", "is_error": True}
        turns = [{"role": "user", "content": [result]}, *turns]
    kind = Workload[str(row["kind"]).upper()]
    style = str(row.get("style", "list"))
    guess = guessed({"messages": turns})
    return Case(says, kind, row["held_out"] is True, style, failed, guess)


def _share(of: Iterable[bool]) -> float:
    counted = Counter(of)
    return counted[True] / (counted[True] + counted[False] or 1)


def main() -> None:
    if "--fit" in sys.argv:
        fit()
        return
    print(page())
    if "--wrong" in sys.argv:
        for case in cases():
            right = case.guess.of_high_value == case.kind.of_high_value
            if not case.held_out and (case.guess.kind is not case.kind or not right):
                print(f"{case.kind.value}: {case.says} -> {case.guess.words} {case.guess.features}")


if __name__ == "__main__":
    main()
