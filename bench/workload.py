"""How often the guess of a turn's kind is wrong, on turns whose kind is known.

The set was written for this purpose. Its one half was looked at while the features were chosen; the
figures that count are those of the other half, which was not.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from standby.core.policy.workload import Guess, Workload, guessed
from standby.core.wire.json import JSON

CASES = Path(__file__).parent.parent / "tests" / "golden" / "workload.jsonl"


@dataclass(frozen=True, slots=True)
class Case:
    says: str
    kind: Workload
    held_out: bool
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
        "| half | turns | kind right | high value kept on the cloud | little value may go local |",
        "|---|---|---|---|---|",
    ]
    for name, held_out in (("looked at", False), ("held out", True)):
        got = figures([case for case in every if case.held_out is held_out])
        lines.append(
            f"| {name} | {got.cases} | {got.right:.0%} | {got.kept:.0%} | {got.spared:.0%} |"
        )
    return "\n".join(lines)


def _case(row: Mapping[str, JSON]) -> Case:
    says = str(row["says"])
    turns: list[JSON] = [{"role": "user", "content": says}]
    if row.get("failed_before"):
        result = {"type": "tool_result", "tool_use_id": "t", "content": "x", "is_error": True}
        turns = [{"role": "user", "content": [result]}, *turns]
    guess = guessed({"messages": turns})
    return Case(says, Workload[str(row["kind"]).upper()], row["held_out"] is True, guess)


def _share(of: Iterable[bool]) -> float:
    counted = Counter(of)
    return counted[True] / (counted[True] + counted[False] or 1)


def main() -> None:
    print(page())
    if "--wrong" in sys.argv:
        for case in cases():
            right = case.guess.of_high_value == case.kind.of_high_value
            if not case.held_out and (case.guess.kind is not case.kind or not right):
                print(f"{case.kind.value}: {case.says} -> {case.guess.words} {case.guess.features}")


if __name__ == "__main__":
    main()
