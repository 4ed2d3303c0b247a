"""The corpus of written tool calls, and what becomes of each of them.

``python -m tests.fakes.toolcalls`` prints the figures.
"""

import json
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from standby.adapters.schemas import JsonSchemas
from standby.core.dialects.openai_chat.plan import Plan
from standby.core.dialects.openai_chat.reply import Reply
from tests.fakes import stream_rules

FOLDER = Path(__file__).parents[1] / "golden" / "toolcalls"


@dataclass(frozen=True)
class Outcome:
    """An answer as the client gets it."""

    said: str
    thought: str
    calls: tuple[tuple[str, object], ...]
    reason: str


def cases():
    files = sorted(path for path in FOLDER.glob("*.json") if path.stem != "tools")
    return [case for path in files for case in json.loads(path.read_text(encoding="utf-8"))]


def plan():
    tools = json.loads((FOLDER / "tools.json").read_text(encoding="utf-8"))
    return Plan(
        tools={tool["name"]: tool["name"] for tool in tools},
        schemas={tool["name"]: tool["input_schema"] for tool in tools},
        thinks=True,
    )


def pieces_of(case, cuts=()):
    """The deltas of a case, its text cut at these places."""
    if case["answer"] is None:
        function = {"name": case["name"], "arguments": case["arguments"]}
        return [{"tool_calls": [{"index": 0, "id": "x", "function": function}]}]
    text = case["answer"]
    edges = [0, *sorted(cuts), len(text)]
    return [{"content": text[a:b]} for a, b in pairwise(edges)]


def outcome(pieces, finish="stop", wanted=None):
    """What becomes of an answer in these pieces."""
    made = iter(range(1000))
    reply = Reply(
        wanted or plan(),
        "local/tiny",
        lambda prefix, length: f"{prefix}{next(made):0{length}}",
        faults=JsonSchemas().faults,
    )
    deltas = [*({"delta": piece} for piece in pieces), {"delta": {}, "finish_reason": finish}]
    frames = []
    for choice in deltas:
        frames += reply.receive(f"data: {json.dumps({'choices': [choice]})}\n\n".encode())
    blocks, reason, _, _ = stream_rules.read([*frames, *reply.end()])

    def of(kind):
        return [block for block in blocks if block["type"] == kind]

    return Outcome(
        "".join(block["said"] for block in of("text")),
        "".join(block["said"] for block in of("thinking")),
        tuple((block["name"], json.loads(block["said"])) for block in of("tool_use")),
        reason,
    )


def is_right(case, found):
    """Whether a case came out as it was meant."""
    if case["kind"] == "decoy":
        said = case.get("said", case["answer"])
        return not found.calls and said.strip() == found.said.strip()
    return found.calls == tuple((call["name"], call["input"]) for call in case["calls"])


def figures():
    """How many cases there are, and how many came out right, by kind."""
    whole, right = Counter(), Counter()
    for case in cases():
        whole[case["kind"]] += 1
        right[case["kind"]] += is_right(case, outcome(pieces_of(case)))
    return {kind: (right[kind], whole[kind]) for kind in whole}


if __name__ == "__main__":
    for kind, (good, of) in figures().items():
        print(f"{kind}: {good} of {of}, {good / of:.1%}")  # noqa: T201 - what it is for
