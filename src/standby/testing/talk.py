"""The client's side of a rehearsal: one conversation with one tool, told in lines of JSON.

A script reads what the user says on stdin, one object a line, holds the conversation that comes of
it, the calls of its tool included, and writes on stdout what it got. It knows nothing of a gateway:
like any client it takes where to ask, and as whom, from the environment.

    {"words": "run date", "call": "may", "model": ""}
    {"event": "answer", "model": "claude-…", "text": "…", "calls": ["run"], …}
    {"event": "done"}
"""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from standby.core.handback import marks
from standby.core.wire.json import JSON, NotJSONError, dumps, loads

__all__ = ["MODEL", "Spoken", "TalkError", "Talker", "answered", "hold", "lines", "tell"]

MODEL: Final = "claude-sonnet-5-5"
SESSION_HEADER: Final = "x-claude-code-session-id"
"""By this header the gateway knows a conversation, to tell it once of a switch."""
WORDS_TOKENS: Final = 32
CALL_TOKENS: Final = 96
"""Enough for a call in words of JSON, which small models are made to write."""
ROUNDS: Final = 4
"""So many answers at most for one line: a small model might call its tool for ever."""

TOOL: Final[Mapping[str, JSON]] = {
    "name": "run",
    "description": "Run a command of the rehearsal.",
    "input_schema": {
        "type": "object",
        "properties": {"command": {"type": "string", "enum": ["date", "uptime"]}},
        "required": ["command"],
        "additionalProperties": False,
    },
}
RESULT: Final = "It is noon, and all is well."


class TalkError(Exception):
    """The client saw an error; the message is its words."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message that came, and when its first content did (seconds since the epoch)."""

    message: Mapping[str, JSON]
    first_at: float | None


class Talker(Protocol):
    """A client of the Messages API."""

    @property
    def name(self) -> str:
        """What it calls itself."""
        ...

    def ask(self, body: Mapping[str, JSON]) -> Spoken:
        """Return the streamed answer to a request, whole. Raise :class:`TalkError`."""
        ...


@dataclass(slots=True)
class Talk:
    """One conversation."""

    talker: Talker
    messages: list[JSON] = field(default_factory=list[JSON])

    def say(self, words: str, *, call: str, model: str) -> Iterator[dict[str, JSON]]:
        """Say a line; yield an event for each answer, until none of them calls the tool.

        ``call``: whether it ``may``, ``must`` or ``never`` is to be called. After a call that was a
        must words are: a model that is too small to know would call it again and again.
        """
        self.messages.append({"role": "user", "content": words})
        for _ in range(ROUNDS):
            asked_at = time.time()
            spoken = self.talker.ask(_body(self.messages, call=call, model=model))
            yield answered(spoken, asked_at)
            content = _content(spoken.message)
            self.messages.append({"role": "assistant", "content": content})
            results: list[JSON] = [_result(made) for made in map(_call_id, content) if made]
            if not results:
                return
            self.messages.append({"role": "user", "content": results})
            call = "never" if call == "must" else call
        raise TalkError(f"the model still calls its tool after {ROUNDS} answers")


def hold(talker: Talker) -> None:
    """Hold a conversation over stdin and stdout, until stdin ends."""
    tell({"event": "ready", "client": talker.name})
    talk = Talk(talker)
    for said in lines():
        match said:
            case {"words": str(words), "call": str(call), "model": str(model)}:
                _hold_line(talk, words, call, model or MODEL)
            case _:
                tell({"event": "trouble", "words": "a line that says nothing"})


def _hold_line(talk: Talk, words: str, call: str, model: str) -> None:
    try:
        for event in talk.say(words, call=call, model=model):
            tell(event)
    except TalkError as error:
        tell({"event": "trouble", "words": str(error)})
    else:
        tell({"event": "done"})


def lines() -> Iterator[JSON]:
    """Yield what comes on stdin; ``None`` for a line that is not JSON."""
    for line in sys.stdin.buffer:
        try:
            yield loads(line)
        except NotJSONError:
            yield None


def tell(event: Mapping[str, JSON]) -> None:
    """Write an event on stdout, at once."""
    sys.stdout.buffer.write(dumps(dict(event)) + b"\n")
    sys.stdout.buffer.flush()


def answered(spoken: Spoken, asked_at: float) -> dict[str, JSON]:
    """Return the event of an answer that is complete."""
    content = _content(spoken.message)
    return {
        "event": "answer",
        "model": spoken.message.get("model"),
        "asked_at": asked_at,
        "first_at": spoken.first_at,
        "ended_at": time.time(),
        "text": "".join(_texts(content)),
        "calls": [name for name in map(_call_name, content) if name],
        "notice": "".join(_notices(content)),
    }


def _body(messages: Sequence[JSON], *, call: str, model: str) -> dict[str, JSON]:
    """Return a request. The API takes no thinking together with a call that is a must."""
    body: dict[str, JSON] = {
        "model": model,
        "max_tokens": WORDS_TOKENS if call == "never" else CALL_TOKENS,
        "messages": list(messages),
        "tools": [dict(TOOL)],
    }
    if call == "must":
        return {**body, "tool_choice": {"type": "any"}}
    choice: JSON = {"type": "none" if call == "never" else "auto"}
    return {**body, "tool_choice": choice, "thinking": {"type": "adaptive"}}


def _content(message: Mapping[str, JSON]) -> list[JSON]:
    match message.get("content"):
        case list(blocks):
            return blocks
        case _:
            return []


def _texts(content: Sequence[JSON]) -> Iterator[str]:
    for block in content:
        match block:
            case {"type": "text", "text": str(text)}:
                yield text
            case _:
                pass


def _notices(content: Sequence[JSON]) -> Iterator[str]:
    for block in content:
        match block:
            case {"type": "thinking", "thinking": str(said), "signature": marks.NOTICE}:
                yield said
            case _:
                pass


def _call_name(block: JSON) -> str:
    match block:
        case {"type": "tool_use", "name": str(name)}:
            return name
        case _:
            return ""


def _call_id(block: JSON) -> str:
    match block:
        case {"type": "tool_use", "id": str(call)}:
            return call
        case _:
            return ""


def _result(call: str) -> dict[str, JSON]:
    return {"type": "tool_result", "tool_use_id": call, "content": RESULT}
