"""What the turns of a conversation owe each other: order, calls and results, signatures."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Final, TypeAlias

from standby.core.wire.json import JSON
from standby.core.wire.rules.lines import line_of

__all__ = ["Binds", "Known", "Marks", "violations"]

Known: TypeAlias = Callable[[str], bool]
"""Tells whether a signature, or redacted data, was issued by the API."""
Binds: TypeAlias = Callable[[str, Sequence[JSON]], bool]
"""Tells whether a signature belongs behind these messages; the last may be the beginning of one."""

_NO_PREFILL: Final = (4, 6)


@dataclass(frozen=True, slots=True)
class Marks:
    """Who knows the API's own marks in a conversation; ``None``: not asked."""

    signature_ok: Known
    binds: Binds | None
    redacted_ok: Known | None


@dataclass(frozen=True, slots=True)
class _Turn:
    role: str
    blocks: tuple[JSON, ...]
    """The content as a list; a text is its one block."""
    bare: bool
    """Sets options only: a system turn without words is allowed to."""

    @property
    def ends_in_server_tool(self) -> bool:
        match self.blocks:
            case [*_, {"type": str(kind)}] if self.role == "assistant":
                return kind == "server_tool_use" or kind.endswith("_tool_result")
            case _:
                return False


@dataclass(frozen=True, slots=True)
class _Run:
    """Turns of one role in a row: to the API they are one turn."""

    role: str
    first: int
    blocks: tuple[tuple[str, JSON], ...]
    """Each with its place."""

    @property
    def calls(self) -> list[str]:
        found = [_call(block) for _, block in self.blocks] if self.role == "assistant" else []
        return [call for call in found if call is not None]

    @property
    def results(self) -> list[str]:
        found = [_result(block) for _, block in self.blocks] if self.role == "user" else []
        return [call for call in found if call is not None]


def violations(messages: Sequence[JSON], model: str, marks: Marks) -> Iterator[str]:
    """Yield what is wrong between the turns, and with what only the API can have written."""
    turns = [_turn(message) for message in messages]
    yield from _order(turns, model)
    yield from _emptiness(turns)
    runs = _runs(turns)
    yield from _calls(runs)
    yield from _results(runs)
    for at, turn in enumerate(turns):
        yield from _signatures(messages[:at], turn, marks, f"messages.{at}.content")
    yield from _prefill(turns, model)


def _turn(message: JSON) -> _Turn:
    match message:
        case {"role": str(role), "content": str(text)}:
            blocks: tuple[JSON, ...] = ({"type": "text", "text": text},) if text else ()
        case {"role": str(role), "content": list(content)}:
            blocks = tuple(content)
        case {"role": str(role)}:
            blocks = ()
        case _:
            return _Turn("", (), bare=False)
    return _Turn(role, blocks, bare=_is_bare(message))


def _is_bare(message: JSON) -> bool:
    match message:
        case {"role": "system", "output_config": _}:
            return True
        case _:
            return False


def _call(block: JSON) -> str | None:
    match block:
        case {"type": "tool_use", "id": str(call)}:
            return call
        case _:
            return None


def _result(block: JSON) -> str | None:
    match block:
        case {"type": "tool_result", "tool_use_id": str(call)}:
            return call
        case _:
            return None


def _order(turns: Sequence[_Turn], model: str) -> Iterator[str]:
    if turns[0].role != "user":
        yield 'messages: first message must use the "user" role'
    for at, turn in enumerate(turns):
        if turn.role == "system" and at > 0:
            yield from _system(turns[at - 1], turns[at + 1 : at + 2], model, f"messages.{at}")


def _system(before: _Turn, after: Sequence[_Turn], model: str, where: str) -> Iterator[str]:
    if model == "claude-sonnet-5":
        yield f"{where}: role 'system' is not supported on this model"
    if before.role != "user" and not before.ends_in_server_tool:
        yield (
            f"{where}: a `system` message must follow a `user` message or an `assistant` message "
            "that ends in a server tool result"
        )
    if after and after[0].role != "assistant":
        yield f"{where}: a `system` message must be the last or precede an `assistant` message"


def _emptiness(turns: Sequence[_Turn]) -> Iterator[str]:
    for at, turn in enumerate(turns):
        last = at == len(turns) - 1 and turn.role == "assistant"
        if turn.role and not turn.blocks and not turn.bare and not last:
            yield (
                f"messages.{at}: all messages must have non-empty content except for the optional "
                "final assistant message"
            )


def _runs(turns: Sequence[_Turn]) -> list[_Run]:
    return [
        _run(list(group)) for _, group in groupby(enumerate(turns), lambda placed: placed[1].role)
    ]


def _run(turns: Sequence[tuple[int, _Turn]]) -> _Run:
    placed = (
        (f"messages.{at}.content.{j}", block)
        for at, turn in turns
        for j, block in enumerate(turn.blocks)
    )
    first, turn = turns[0]
    return _Run(turn.role, first, tuple(placed))


def _calls(runs: Sequence[_Run]) -> Iterator[str]:
    seen: set[str] = set()
    for run, after in zip_longest(runs, runs[1:]):
        for call in run.calls:
            if call in seen:
                yield f"messages.{run.first}: `tool_use` ids must be unique"
            seen.add(call)
        answered = after.results if after else []
        if orphans := [call for call in run.calls if call not in answered]:
            yield (
                f"messages.{run.first}: `tool_use` ids were found without `tool_result` blocks "
                f"immediately after: {', '.join(orphans)}. Each `tool_use` block must have a "
                "corresponding `tool_result` block in the next message."
            )


def _results(runs: Sequence[_Run]) -> Iterator[str]:
    for before, run in zip([None, *runs], runs, strict=False):
        if run.role == "user":
            yield from _results_of(run, before.calls if before else [])


def _results_of(run: _Run, asked: Sequence[str]) -> Iterator[str]:
    seen: set[str] = set()
    other = False
    for where, block in run.blocks:
        call = _result(block)
        if call is None:
            other = True
            continue
        if call not in asked:
            yield (
                f"{where}: unexpected `tool_use_id` found in `tool_result` blocks: {call}. "
                "Each `tool_result` block must have a corresponding `tool_use` block in the "
                "previous message."
            )
        elif call in seen:
            yield (
                f"{where}: each tool_use must have a single result. Found multiple "
                f"`tool_result` blocks with id: {call}"
            )
        if other:
            yield f"{where}: `tool_result` blocks must come before any other content"
        seen.add(call)


def _signatures(before: Sequence[JSON], turn: _Turn, marks: Marks, where: str) -> Iterator[str]:
    if turn.role != "assistant":
        return
    for at, block in enumerate(turn.blocks):
        match block:
            case {"type": "thinking", "signature": str(signature)}:
                begun: JSON = {"role": "assistant", "content": list(turn.blocks[:at])}
                prefix = [*before, begun] if at else before
                yield from _signature(signature, prefix, marks, f"{where}.{at}")
            case {"type": "redacted_thinking", "data": str(data)}:
                if marks.redacted_ok is not None and not marks.redacted_ok(data):
                    yield f"{where}.{at}: Invalid `data` in `redacted_thinking` block"
            case _:
                pass


def _signature(signature: str, prefix: Sequence[JSON], marks: Marks, where: str) -> Iterator[str]:
    if not marks.signature_ok(signature):
        yield f"{where}: Invalid `signature` in `thinking` block"
    elif marks.binds is not None and not marks.binds(signature, prefix):
        yield (
            f"{where}: `thinking` block was not created in this conversation: the messages before "
            "it have changed"
        )


def _prefill(turns: Sequence[_Turn], model: str) -> Iterator[str]:
    line = line_of(model)
    if line is None or line.version < _NO_PREFILL:
        return
    last = turns[-1]
    # A turn that the server paused in the middle of its own tools is sent back to be gone on with.
    if last.role == "assistant" and not last.ends_in_server_tool:
        yield (
            "This model does not support assistant message prefill. The conversation must end "
            "with a user message."
        )
