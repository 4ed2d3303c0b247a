"""What the translation for a local model costs, by itself: no network, no server, one thread.

python bench/translate.py [--quick] [--write docs/performance.md]
"""

import argparse
import gc
import random
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import bodies
import orjson
from machine import Noise, describe
from report import table

from standby.adapters.schemas import JsonSchemas
from standby.core.context.fit import fit
from standby.core.context.measure import Gauge, weigh
from standby.core.context.window import Window
from standby.core.dialects.openai_chat.plan import Plan
from standby.core.dialects.openai_chat.reply import Reply
from standby.core.dialects.openai_chat.request import to_chat
from standby.core.handback import marks
from standby.core.handback.clean import clean
from standby.core.models.facts import LocalModel
from standby.core.wire.asked import Asked, read
from standby.core.wire.json import dumps

MARKED = re.compile(r"(<!-- translate:begin -->\n).*?(<!-- translate:end -->)", re.DOTALL)
MB = 1_000_000
SIZES = (MB // 4, MB // 2, MB, 2 * MB)
EVENTS = (2_500, 5_000, 10_000, 20_000)
RUNS, QUICK_RUNS = 31, 5
READ_BYTES = 4096
"""How much of an answer comes with one read."""

# What is compared with. A faster model makes our share larger.
PREFILL, GENERATION = 300, 50
"""Tokens a second."""
LIMIT = 0.01

T = TypeVar("T")

MODEL = LocalModel(
    *("llamacpp", "any", "http://127.0.0.1:8080"),
    context_tokens=1_000_000,
    tools=True,
    vision=False,
    reasoning=True,
    grammar=True,
)


@dataclass(frozen=True)
class Step:
    """One part of the way of a request or an answer; ``seconds`` for each size."""

    name: str
    seconds: tuple[float, ...]

    @property
    def times(self) -> float:
        """How much longer the largest took than the smallest, which is an eighth of it."""
        return self.seconds[-1] / self.seconds[0]


def main() -> int:
    options = arguments()
    runs, noise = QUICK_RUNS if options.quick else RUNS, Noise()
    requests, answers = requested(runs), answered(runs)
    section = markdown(requests, answers, noise)
    print(section)
    if options.write:
        write(section, options.write)
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a look, in seconds")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the figures into this page")
    return parser.parse_args()


def requested(runs: int) -> list[Step]:
    """Measure what is done to a request on its way to a local model, and on the way back."""
    sent = [bodies.request(size, "") for size in SIZES]
    mixed = [with_marks(body) for body in sent]
    asked = [understood(body) for body in sent]
    half = [Window(tokens(one) // 2, Gauge()) for one in asked]
    chats = [to_chat(one, MODEL).body for one in asked]
    return [
        step("read the body", read, sent, runs),
        step("measure it", lambda one: weigh(one.value), asked, runs),
        step(
            "make it fit half of its size",
            lambda pair: fit(pair[0].value, pair[1]),
            list(zip(asked, half, strict=True)),
            runs,
        ),
        step("translate it", lambda one: to_chat(one, MODEL), asked, runs),
        step("write it", dumps, chats, runs),
        step("clean it for the cloud, every tenth turn ours", clean, mixed, runs),
    ]


def answered(runs: int) -> list[Step]:
    """Measure what is done to an answer of so many events."""
    words = [streamed(count, call=False) for count in EVENTS]
    calls = [streamed(count, call=True) for count in EVENTS]
    return [
        step("words", lambda data: told(data, tools=False), words, runs),
        step("words, with tools on offer", lambda data: told(data, tools=True), words, runs),
        step("one tool call", lambda data: told(data, tools=True), calls, runs),
    ]


def step(name: str, does: Callable[[T], object], given: Sequence[T], runs: int) -> Step:
    """Time it for each size in turns, so that what the machine does besides is in all of them."""
    taken: list[list[float]] = [[] for _ in given]
    gc.collect()
    gc.disable()
    try:
        for _ in range(runs):
            for each, one in zip(taken, given, strict=True):
                began = time.perf_counter()
                does(one)
                each.append(time.perf_counter() - began)
    finally:
        gc.enable()
    return Step(name, tuple(statistics.median(each) for each in taken))


def understood(body: bytes) -> Asked:
    match read(body):
        case Asked() as asked:
            return asked
        case wrong:
            raise ValueError(wrong.why)


def tokens(asked: Asked) -> int:
    return Gauge().tokens(weigh(asked.value))


def with_marks(body: bytes) -> bytes:
    """Return a request in which a local model has given every tenth answer."""
    value = orjson.loads(body)
    ours = {"type": "thinking", "thinking": bodies.prose(random.Random(1), 500)}
    for message in value["messages"][1::20]:
        message["content"].insert(0, {**ours, "signature": marks.REASONING})
    return orjson.dumps(value)


def streamed(count: int, *, call: bool) -> list[bytes]:
    """Return an answer of so many events, as it is read from a server: one token in each event."""
    dice = random.Random(count)
    made = [piece(dice, number, call=call) for number in range(count - 3)]
    made.append(piece(dice, -1, call=call))
    last = {
        "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls" if call else "stop"}]
    }
    used = {"prompt_tokens": 250_000, "completion_tokens": count}
    made += [last, {"choices": [], "usage": used}]
    lines = [b"data: %b\n\n" % orjson.dumps({**HEAD, **chunk}) for chunk in made]
    data = b"".join([*lines, b"data: [DONE]\n\n"])
    return [data[at : at + READ_BYTES] for at in range(0, len(data), READ_BYTES)]


def piece(dice: random.Random, number: int, *, call: bool) -> dict[str, object]:
    word = dice.choice(bodies.WORDS) + " "
    if not call:
        delta: dict[str, object] = {"content": word}
    elif number == 0:
        function = {"name": "Tool3", "arguments": '{"field_1": "'}
        delta = {"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": function}]}
    else:
        said = '"}' if number < 0 else word
        delta = {"tool_calls": [{"index": 0, "function": {"arguments": said}}]}
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "any"}
TOOLS = [f"Tool{number}" for number in range(12)]
SCHEMA = {"type": "object", "properties": {"field_1": {"type": "string"}}}


def told(data: Sequence[bytes], *, tools: bool) -> int:
    """Read an answer to its end; return how many frames it makes."""
    offered = TOOLS if tools else []
    plan = Plan({name: name for name in offered}, dict.fromkeys(offered, SCHEMA), thinks=True)
    reply = Reply(plan, "any", lambda prefix, length: prefix + "a" * length, faults=FAULTS)
    return sum(len(reply.receive(part)) for part in data) + len(reply.end())


FAULTS = JsonSchemas().faults


def markdown(requests: Sequence[Step], answers: Sequence[Step], noise: Noise) -> str:
    machine, quiet = describe(), noise.since()
    said = ", ".join(f"{name} {value}" for name, value in machine.items() if name != "date")
    about = f"{machine['date']}; {said}; load {quiet['load_average']:.1f}. Medians, one thread."
    at_mb, at_10k = SIZES.index(MB), EVENTS.index(10_000)
    prompt = tokens(understood(bodies.request(MB, "")))
    there = sum(step.seconds[at_mb] for step in requests)
    back = max(step.seconds[at_10k] for step in answers)
    each = back / EVENTS[at_10k]
    warm = NEW_TOKENS / PREFILL + SAID_TOKENS / GENERATION
    rows = [
        share(f"1 MB, {prompt:,} tokens, read from the start", there, prompt / PREFILL),
        share("an answer of 10,000 tokens", back, EVENTS[at_10k] / GENERATION),
        share(
            f"1 MB of which {NEW_TOKENS:,} tokens are new, {SAID_TOKENS} tokens answered",
            there + each * SAID_TOKENS,
            warm,
        ),
    ]
    return "\n\n".join(
        [
            about,
            "**A request**, in the shape of a real session",
            steps(requests, [f"{size / MB:g} MB" for size in SIZES]),
            "**An answer**, one token in each event",
            steps(answers, [f"{count:,} events" for count in EVENTS]),
            f"**Beside a local model**: {PREFILL} tokens read and {GENERATION} written in a second",
            table(["what", "translation", "the model", "share", f"below {LIMIT:.0%}"], rows),
        ]
    )


NEW_TOKENS, SAID_TOKENS = 2_000, 300


def steps(all_steps: Sequence[Step], sizes: Sequence[str]) -> str:
    rows = [
        [one.name, *(f"{s * 1000:.2f} ms" for s in one.seconds), f"{one.times:.1f} times"]
        for one in [*all_steps, *whole(all_steps)]
    ]
    return table(["step", *sizes, "8 times as much takes"], rows)


def whole(all_steps: Sequence[Step]) -> list[Step]:
    """The sum of the steps of a request; of answers each is one of its own."""
    if len(all_steps[0].seconds) != len(SIZES) or all_steps[0].name != "read the body":
        return []
    sums = (sum(values) for values in zip(*(one.seconds for one in all_steps), strict=True))
    return [Step("**all of it**", tuple(sums))]


def share(what: str, ours_s: float, models_s: float) -> list[str]:
    part = ours_s / models_s
    return [
        what,
        f"{ours_s * 1000:.1f} ms",
        f"{models_s:,.1f} s",
        f"{part:.3%}",
        "yes" if part < LIMIT else "**no**",
    ]


def write(section: str, page: Path) -> None:
    """Put the figures between the marks of a page."""
    text = page.read_text(encoding="utf-8")
    if not MARKED.search(text):
        raise ValueError(f"{page} has no place marked for the figures")
    page.write_text(MARKED.sub(lambda m: f"{m[1]}\n{section}\n\n{m[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
