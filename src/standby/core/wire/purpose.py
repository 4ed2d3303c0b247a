"""What a request is for, where that decides who may answer it, and how.

Claude Code names the class of a request in headers when it is told to, which its launcher here
does; they go first where they say enough. Otherwise a request is known by its shape (measured with
Claude Code 2.1.330). What is not recognised is work.
"""

import enum
from collections.abc import Iterator, Mapping
from typing import Final

from standby.core.request import Headers, header
from standby.core.wire.json import JSON

__all__ = ["PROBES", "Purpose", "purpose_of", "texts"]

_CLASS: Final = "x-claude-code-request-class"
_COMPACTION: Final = "x-claude-code-compaction"
_AGENT: Final = "x-claude-code-agent-id"

_SUMMARY: Final = "CRITICAL: Respond with TEXT ONLY"
_NAMING: Final = "You are naming a coding session"
_SESSION: Final = "<session>"
_MONITOR: Final = "You are a security monitor"
_TRANSCRIPT: Final = "<transcript>"
_SEARCH: Final = "web_search_"


class Purpose(enum.Enum):
    """What a request is for."""

    WORK = "work"
    SUBAGENT = "subagent"
    """Work of a part of the client's own, beside the conversation with the person."""
    ASIDE = "aside"
    """A question beside the conversation that brings its whole prompt along, as ``/btw`` does."""
    COMPACTION = "compaction"
    """The summary with which a client makes room. Without it the conversation cannot go on."""
    SIDE_CALL = "side call"
    """What a client asks for itself, with a prompt of its own."""
    TITLE = "title"
    """A name for the session, as JSON: ``{"title": …}``."""
    WEB_SEARCH = "web search"
    """A search that only the cloud can run: its server tool is the only tool."""
    CLASSIFIER = "safety classifier"
    """Claude Code's check of its own actions. Only the cloud may say that one is safe."""
    QUOTA_PROBE = "quota probe"
    """Claude Code's look at the quota headers: ``max_tokens: 1``, content ``quota``."""
    MODEL_PROBE = "model probe"
    """Claude Code's check of a typed ``/model NAME``: ``max_tokens: 1``, text ``Hi``, no tools."""


PROBES: Final = frozenset({Purpose.QUOTA_PROBE, Purpose.MODEL_PROBE})
"""Requests that want an answer's head, and no work."""


def purpose_of(value: Mapping[str, JSON], headers: Headers = ()) -> Purpose:
    """Return what a request body is for; ``headers`` are those that it came with."""
    by_shape = _probe(value) or _side_call(value)
    if by_shape is not None:
        return by_shape
    if (named := _by_headers(value, headers)) is not None:
        return named
    if _wants_summary(value):
        return Purpose.COMPACTION
    return Purpose.SUBAGENT if header(headers, _AGENT) else Purpose.WORK


def _by_headers(value: Mapping[str, JSON], headers: Headers) -> Purpose | None:
    if header(headers, _COMPACTION):
        return Purpose.COMPACTION
    match header(headers, _CLASS):
        case "compaction":
            return Purpose.COMPACTION
        case "subagent":
            return Purpose.SUBAGENT
        case "main":
            return Purpose.WORK
        case "auxiliary" | "side_reply":
            # Tools come with the conversation's prompt: a call for the client itself has no use
            # for them.
            return Purpose.ASIDE if value.get("tools") else Purpose.SIDE_CALL
        case _:
            return None


def _probe(value: Mapping[str, JSON]) -> Purpose | None:
    if value.get("max_tokens") != 1 or value.get("tools"):
        return None
    match value.get("messages"):
        case [only]:
            pass
        case _:
            return None
    match only:
        case {"role": "user", "content": str(text)}:
            said = text
        case {"role": "user", "content": [{"type": "text", "text": str(text)}]}:
            said = text
        case _:
            return None
    match said:
        case "quota" if not value.get("system"):
            return Purpose.QUOTA_PROBE
        case "Hi":
            return Purpose.MODEL_PROBE
        case _:
            return None


def _side_call(value: Mapping[str, JSON]) -> Purpose | None:
    match value.get("tools"):
        case [{"type": str(kind)}] if kind.startswith(_SEARCH):
            return Purpose.WEB_SEARCH
        case [*tools] if tools:
            return None
        case _:
            pass
    if _says(value.get("system"), _MONITOR) and _user_says(value, _TRANSCRIPT):
        return Purpose.CLASSIFIER
    if _wants_title(value) and _says(value.get("system"), _NAMING) and _user_says(value, _SESSION):
        return Purpose.TITLE
    return None


def _wants_title(value: Mapping[str, JSON]) -> bool:
    match value.get("output_config"):
        case {
            "format": {"type": "json_schema", "schema": {"properties": {"title": _, **others}}}
        } if not others:
            return True
        case _:
            return False


def _wants_summary(value: Mapping[str, JSON]) -> bool:
    """Tell whether the last that the user's client says begins a request for a summary."""
    turns = value.get("messages")
    for turn in reversed(turns if isinstance(turns, list) else []):
        match turn:
            case {"role": "user", "content": content}:
                return any(text.startswith(_SUMMARY) for text in texts(content))
            case _:
                pass
    return False


def _user_says(value: Mapping[str, JSON], beginning: str) -> bool:
    match value.get("messages"):
        case [{"role": "user", "content": content}, *_]:
            return _says(content, beginning)
        case _:
            return False


def _says(content: JSON, beginning: str) -> bool:
    return any(text.startswith(beginning) for text in texts(content))


def texts(content: JSON) -> Iterator[str]:
    """Yield the texts of what a turn or a system prompt says, whether a string or in blocks."""
    match content:
        case str(text):
            yield text
        case list(blocks):
            for block in blocks:
                match block:
                    case {"type": "text", "text": str(text)}:
                        yield text
                    case _:
                        pass
        case _:
            pass
