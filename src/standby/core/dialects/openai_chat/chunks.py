"""One chunk of a chat completion's stream: what the many servers mean by it.

Every shape here was met in recordings of sixteen hosts or measured with llama.cpp.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from standby.core.dialects.openai_chat import usage
from standby.core.dialects.openai_chat.pick import pick
from standby.core.dialects.openai_chat.text import as_json
from standby.core.dialects.openai_chat.thinking import thought
from standby.core.models.speed import Progress, Timings
from standby.core.usage import Tokens
from standby.core.wire.json import JSON, NotJSONError, loads

__all__ = ["BrokenReplyError", "CallPart", "Chunk", "lenient", "read"]

# A model's tokens may end inside an emoji; some servers then write half a surrogate pair.
_SURROGATES: Final = re.compile(
    r"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_LONGEST_WORDS: Final = 300


class BrokenReplyError(Exception):
    """A local server's answer cannot be used to its end; the message says why."""


@dataclass(frozen=True, slots=True)
class CallPart:
    """A piece of one tool call. Empty: this piece does not say."""

    index: int | None
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one chunk adds to an answer."""

    text: str = ""
    thought: str = ""
    calls: tuple[CallPart, ...] = ()
    finish: str = ""
    stop: str = ""
    """The stop sequence that was hit, where the server tells (vLLM, SGLang)."""
    tokens: Tokens | None = None
    progress: Progress | None = None
    """How far the prompt is read (llama.cpp)."""
    timings: Timings | None = None
    """What it all took, at the end (llama.cpp)."""

    @property
    def writes(self) -> bool:
        """Whether the model has written something."""
        return bool(self.text or self.thought or self.calls)


def lenient(data: str) -> JSON:
    """Return the value that the text stands for, half surrogate pairs replaced by U+FFFD."""
    try:
        return loads(data)
    except NotJSONError:
        return loads(_SURROGATES.sub(lambda found: found[1] or r"\ufffd", data))


def read(data: str) -> Chunk:
    """Return what a chunk says. Raise :class:`BrokenReplyError` for an error, or for no JSON."""
    try:
        value = lenient(data)
    except NotJSONError as error:
        raise BrokenReplyError(f"the local server sent a chunk that is not JSON: {error}") from None
    match value:
        case {"error": said} if said:
            raise BrokenReplyError(f"the local server gave up: {_why(said)}")
        case {"object": "error", "message": str(why)}:
            raise BrokenReplyError(f"the local server gave up: {_short(why)}")
        case {"choices": [dict(choice), *_]}:
            return _choice(choice, value)
        case _:
            return _choice({}, value)


def _choice(choice: Mapping[str, JSON], whole: JSON) -> Chunk:
    delta = choice.get("delta")
    delta = delta if isinstance(delta, dict) else {}
    text, thinking = _content(delta.get("content"))
    finish = choice.get("finish_reason")
    # Some hosts put the usage into the choice.
    tokens = usage.read(pick(whole, "usage")) or usage.read(choice.get("usage"))
    return Chunk(
        text=text,
        thought=thought(delta) or thinking,
        calls=tuple(_calls(delta)),
        finish=finish if isinstance(finish, str) else "",
        stop=_stop(choice),
        tokens=tokens,
        progress=_progress(pick(whole, "prompt_progress")),
        timings=_timings(pick(whole, "timings")),
    )


def _content(content: JSON) -> tuple[str, str]:
    """Return text and thinking of a content: a string, Mistral's list, or Cloudflare's object."""
    match content:
        case str(text):
            return text, ""
        case {"type": "text", "text": str(text)}:
            return text, ""
        case {"type": "thinking", "thinking": inner}:
            return "", "".join(_content(inner))
        case list(parts):
            pairs = [_content(part) for part in parts]
            return "".join(text for text, _ in pairs), "".join(inner for _, inner in pairs)
        case {"type": str()}:
            return "", ""
        case dict():
            return as_json(content), ""
        case _:
            return "", ""


def _calls(delta: Mapping[str, JSON]) -> Iterator[CallPart]:
    match delta:
        case {"tool_calls": [_, *_] as calls}:
            for call in calls:
                yield from _call(call)
        case {"function_call": dict(function)}:
            # The old shape, of which there is one; servers also send it empty beside the new one.
            if (part := _part(0, "", function)).name or part.arguments:
                yield part
        case _:
            pass


def _call(call: JSON) -> Iterator[CallPart]:
    match call:
        case {"function": dict(function)}:
            index, key = pick(call, "index"), pick(call, "id")
            part = _part(
                index if isinstance(index, int) else None,
                key if isinstance(key, str) else "",
                function,
            )
            if part.name or part.arguments:
                yield part
        case _:
            pass


def _part(index: int | None, key: str, function: Mapping[str, JSON]) -> CallPart:
    name, given = function.get("name"), function.get("arguments")
    match given:
        case str(text):
            said = text
        case dict() | list():
            said = as_json(given)
        case _:
            said = ""
    return CallPart(index, key, name if isinstance(name, str) else "", said)


def _stop(choice: Mapping[str, JSON]) -> str:
    for name in ("stop_reason", "matched_stop"):
        if isinstance(hit := choice.get(name), str):
            return hit
    return ""


def _progress(progress: JSON) -> Progress | None:
    match progress:
        case {"processed": int(processed), "total": int(total)}:
            cached = pick(progress, "cache")
            return Progress(
                processed,
                total,
                cached if isinstance(cached, int) else 0,
                _seconds(pick(progress, "time_ms")),
            )
        case _:
            return None


def _timings(timings: JSON) -> Timings | None:
    match timings:
        case {
            "cache_n": int(cached),
            "prompt_n": int(read),
            "prompt_ms": read_ms,
            "predicted_n": int(written),
            "predicted_ms": written_ms,
        }:
            return Timings(cached, read, _seconds(read_ms), written, _seconds(written_ms))
        case _:
            return None


def _seconds(ms: JSON) -> float:
    return ms / 1000 if isinstance(ms, int | float) else 0.0


def _why(error: JSON) -> str:
    match error:
        case {"message": str(words)} | str(words) if words:
            return _short(words)
        case _:
            return "it does not say why"


def _short(words: str) -> str:
    return words if len(words) <= _LONGEST_WORDS else words[:_LONGEST_WORDS] + "…"
