"""The turns of a conversation, from Messages to chat completions.

All that is said between two turns of the assistant becomes, in this order: the results of the calls
just made, each behind its call; then one turn of the user with the rest. So results directly follow
their calls, turns alternate, and a system message in mid-conversation stays where it was said:
templates accept a system message at the beginning only, and what moves there changes the prefix.

Each such stretch is written once and never again: the translation of a longer conversation begins
with that of a shorter one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from standby.core.dialects.openai_chat import in_words
from standby.core.dialects.openai_chat.images import image_part
from standby.core.dialects.openai_chat.losses import Losses
from standby.core.dialects.openai_chat.pick import pick
from standby.core.dialects.openai_chat.text import PARAGRAPH, blocks, paragraphs, words
from standby.core.dialects.openai_chat.tools import arguments, wire_name
from standby.core.wire.json import JSON

__all__ = ["Manner", "translated"]

_ASIDE: Final = "<system-message>\n{}\n</system-message>"
_NO_RESULT: Final = "[No result: the call was interrupted.]"
_LOST_CALL: Final = "Result of an earlier call:\n{}"
_SEE_BELOW: Final = "[An image: see the next message.]"
_FROM_RESULT: Final = "The image that {} gave:"


@dataclass(frozen=True, slots=True)
class Manner:
    """What the model can take."""

    sees: bool
    """Images are shown to it; else they are named as omitted."""
    in_words: bool
    """It knows no tools: calls and results are told in words."""


def translated(turns: JSON, manner: Manner, losses: Losses) -> list[JSON]:
    """Return the messages of a chat completion, without the system prompt."""
    conversation = _Conversation(manner, losses)
    for turn in turns if isinstance(turns, list) else []:
        match turn:
            case {"role": "assistant", "content": content}:
                conversation.assistant(content)
            case {"role": "system", "content": content}:
                conversation.aside(content)
            case {"role": "system"}:
                pass  # carries settings for the cloud, and says nothing
            case {"role": _, "content": content}:
                conversation.user(content)
            case _:
                losses.note("a message without a role or a content")
    conversation.end()
    return conversation.messages


@dataclass(frozen=True, slots=True)
class _Call:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class _Result:
    call_id: str
    text: str
    images: tuple[JSON, ...]


@dataclass(slots=True)
class _Conversation:
    """The messages so far, and the stretch since the assistant's last turn."""

    manner: Manner
    losses: Losses
    messages: list[JSON] = field(default_factory=list["JSON"])
    _calls: list[_Call] = field(default_factory=list[_Call])
    _results: list[_Result] = field(default_factory=list[_Result])
    _said: list[JSON] = field(default_factory=list["JSON"])
    """Strings, and content parts of images."""
    _made: int = 0
    """Calls so far: numbers those that came without an id."""

    def user(self, content: JSON) -> None:
        """Take in a turn of the user."""
        for block in blocks(content):
            match block:
                case {"type": "tool_result", "tool_use_id": str(call_id)}:
                    failed = pick(block, "is_error") is True
                    self._results.append(
                        self._result(call_id, pick(block, "content"), failed=failed)
                    )
                case {"type": "image"} if (part := self._image(block)) is not None:
                    self._said.append(part)
                case _:
                    self._say(words(block, self.losses))

    def aside(self, content: JSON) -> None:
        """Take in a system message that stands among the turns."""
        if said := paragraphs(content, self.losses):
            self._say(_ASIDE.format(said))

    def assistant(self, content: JSON) -> None:
        """Take in a turn of the assistant. One that says nothing is none: others may follow."""
        calls = [block for block in blocks(content) if _is_call(block)]
        rest = [block for block in blocks(content) if not _is_call(block)]
        text = _joined(rest, self.losses)
        written = [self._call(block) for block in calls]
        if self.manner.in_words and written:
            told = (in_words.call(call.name, given) for call, given in written)
            text = PARAGRAPH.join(part for part in (text, *told) if part)
        if not text and not written:
            return
        self._settle()
        self._calls = [call for call, _ in written]
        self._append(text, [] if self.manner.in_words else [_tool_call(*one) for one in written])

    def end(self) -> None:
        """Write what has not been written. Calls that nobody has answered yet may still be."""
        if self._results or self._said:
            self._settle()

    def _append(self, text: str, calls: list[JSON]) -> None:
        turn: dict[str, JSON] = {"role": "assistant", "content": text}
        match self.messages:
            case [*_, {"role": "assistant", "content": str(before)}] if before:
                # Two turns in a row, which templates refuse, become one with two paragraphs.
                self.messages.pop()
                turn["content"] = PARAGRAPH.join(part for part in (before, text) if part)
            case _:
                pass
        if calls:
            turn["tool_calls"] = calls
        self.messages.append(turn)

    def _settle(self) -> None:
        """Write the stretch since the assistant's last turn."""
        told: list[JSON] = []
        for call in self._calls:
            result = self._take(call.id)
            text = _NO_RESULT if result is None else result.text
            if self.manner.in_words:
                told.append(in_words.result(call.name, text))
            else:
                self.messages.append({"role": "tool", "tool_call_id": call.id, "content": text})
            if result is not None and result.images:
                told += [_FROM_RESULT.format(call.name), *result.images]
        for orphan in self._results:
            told += [_LOST_CALL.format(orphan.text), *orphan.images]
        if parts := [*told, *self._said]:
            self.messages.append({"role": "user", "content": _content(parts)})
        self._calls, self._results, self._said = [], [], []

    def _take(self, call_id: str) -> _Result | None:
        for place, result in enumerate(self._results):
            if result.call_id == call_id:
                return self._results.pop(place)
        return None

    def _result(self, call_id: str, content: JSON, *, failed: bool) -> _Result:
        images: list[JSON] = []
        said: list[str] = []
        for block in blocks(content):
            part = self._image(block)
            if part is None:
                said.append(words(block, self.losses))
            else:
                images.append(part)
                said.append(_SEE_BELOW)
        text = "\n".join(text for text in said if text)
        return _Result(call_id, f"Error: {text}" if failed else text, tuple(images))

    def _image(self, block: JSON) -> JSON:
        return image_part(block) if self.manner.sees else None

    def _say(self, text: str) -> None:
        if text.strip():
            self._said.append(text)

    def _call(self, block: JSON) -> tuple[_Call, str]:
        self._made += 1
        match block:
            case {"name": str(name)}:
                key = pick(block, "id")
                given = arguments(pick(block, "input"))
            case _:
                name, key, given = "unknown", None, "{}"
        known = key if isinstance(key, str) and key else f"call_{self._made}"
        return _Call(known, name), given


def _is_call(block: JSON) -> bool:
    return pick(block, "type") == "tool_use"


def _tool_call(call: _Call, given: str) -> JSON:
    function: JSON = {"name": wire_name(call.name), "arguments": given}
    return {"id": call.id, "type": "function", "function": function}


def _joined(said: Sequence[JSON], losses: Losses) -> str:
    """Return the assistant's text. A sentence with a citation in it comes in several blocks."""
    cited = any(pick(block, "citations") for block in said)
    parts = [words(block, losses) for block in said]
    whole = "".join(parts) if cited else PARAGRAPH.join(part for part in parts if part.strip())
    return whole if whole.strip() else ""


def _content(parts: Sequence[JSON]) -> JSON:
    """Return the content of a user's turn: a string, or a list when there are images in it."""
    runs: list[JSON] = []
    for part in parts:
        match runs, part:
            case [*_, str(before)], str(text):
                runs[-1] = before + PARAGRAPH + text
            case _:
                runs.append(part)
    match runs:
        case [str(text)]:
            return text
        case _:
            return [{"type": "text", "text": run} if isinstance(run, str) else run for run in runs]
