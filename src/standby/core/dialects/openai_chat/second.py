"""One quiet second try: for a call whose arguments the tool does not take, or that was not made.

The conversation is the same, so that its prefix is; behind it stand the call as it was made and
what is wrong with it, and the server holds the model to the schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from standby.core.dialects.arguments.mend import whole
from standby.core.dialects.openai_chat import in_words, stops
from standby.core.dialects.openai_chat.calls import Calls
from standby.core.dialects.openai_chat.chunks import Chunk
from standby.core.dialects.openai_chat.plan import Plan
from standby.core.dialects.openai_chat.tools import Tool
from standby.core.dialects.openai_chat.verdicts import Faults, NotOffered, Verdict, judged
from standby.core.dialects.written.bodies import call_of
from standby.core.usage import Tokens
from standby.core.wire.json import JSON

__all__ = ["Retry", "Second", "asking_again"]

_WRONG: Final = (
    "The call of {name} above was not carried out, for its arguments are wrong: {why}.\n"
    'Give it again, put right: one JSON object {{"tool": its name, "arguments": {{...}}}}.'
)
_MISSING: Final = (
    "A tool must be used now. Give the call, as one JSON object:"
    ' {"tool": its name, "arguments": {...}}.'
)
_SAID_NOTHING: Final = "(No tool was used.)"
_LONGEST_SAID: Final = 16_000
_MOST_OUTPUT: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Retry:
    """What is to be asked once more."""

    tools: tuple[str, ...]
    """The tools that may be called, by the names that were sent."""
    said: str
    """What the model said instead."""
    why: str
    """What is wrong with it; empty: no tool was called at all."""


def asking_again(body: Mapping[str, JSON], plan: Plan, retry: Retry) -> dict[str, JSON]:
    """Return the request once more, for nothing but the call."""
    tools = [Tool(name, "", plan.schemas.get(name)) for name in retry.tools]
    match retry.tools, retry.why:
        case [name], str(why) if why:
            note = _WRONG.format(name=name, why=why)
        case _:
            note = _MISSING
    messages = body.get("messages")
    said = retry.said[:_LONGEST_SAID] if retry.said.strip() else _SAID_NOTHING
    again: dict[str, JSON] = {
        key: value for key, value in body.items() if key not in ("parallel_tool_calls", "stop")
    }
    again["messages"] = [
        *(messages if isinstance(messages, list) else []),
        {"role": "assistant", "content": said},
        {"role": "user", "content": note},
    ]
    form: JSON = {
        "name": "call",
        "schema": in_words.form(tools, must_call=True),
        "strict": True,
    }
    again["response_format"] = {"type": "json_schema", "json_schema": form}
    if "tools" in body:
        # They stay in the prompt, which has the same beginning then; the schema makes the call.
        again["tool_choice"] = "none"
    match body.get("chat_template_kwargs"):
        case dict(flags):  # the call is all that is wanted
            again["chat_template_kwargs"] = dict.fromkeys(flags, False)
        case _:
            pass
    return again


@dataclass(slots=True)
class Second:
    """The second try's answer, as it comes in. Nothing of it is shown but its call."""

    _text: list[str] = field(default_factory=list[str])
    _calls: Calls = field(default_factory=Calls)
    _finish: str = ""
    _size: int = 0
    _pieces: int = 0
    counted: Tokens | None = None

    @property
    def output_tokens(self) -> int:
        """The tokens that it came to: the server's count, else ours."""
        return self._pieces if self.counted is None else self.counted.output

    def take(self, chunk: Chunk) -> None:
        """Add what a chunk says."""
        self._finish = chunk.finish or self._finish
        self.counted = chunk.tokens or self.counted
        self._pieces += bool(chunk.text or chunk.thought or chunk.calls)
        self._size += len(chunk.text)
        if self._size <= _MOST_OUTPUT:
            self._text.append(chunk.text)
        for part in chunk.calls:
            self._calls.take(part)

    def verdict(self, plan: Plan, faults: Faults) -> Verdict:
        """Return what is to become of the call that it made."""
        cut = stops.was_cut(self._finish)
        made = self._calls.finished(cut=cut)
        if made:
            name, given = made[0].name, made[0].arguments
            return judged(name, given, plan, faults)
        text = "".join(self._text)
        read = None if cut else whole(text)
        call = None if read is None else call_of(read.value)
        if call is None:
            return NotOffered("", text)
        return judged(call.name, call.given, plan, faults)
