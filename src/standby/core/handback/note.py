"""One line for the cloud, where a conversation comes back to it: which answers are not its own.

Where the line stands, and what it says, is worked out from the marks in the history, anew for each
request: the client does not hold it, and the cloud must find its prompt as it was. So it depends on
nothing but what came before the answer that the cloud gave to it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from standby.core.handback.marks import TOOL, ours
from standby.core.wire.json import JSON, dumps
from standby.core.wire.spans import Content, Span

__all__ = ["insertions", "notes"]

_WORDS: Final = (
    "<system-reminder>\nstandby: {} by a local model that stood in for you. Check what it did"
    " before you build on it.\n</system-reminder>"
)


@dataclass(frozen=True, slots=True)
class _Answer:
    """Whose an answer is, by its marks."""

    here: bool
    """Something in it is from here."""
    theirs: bool
    """Something in it is the cloud's for sure."""


def notes(messages: Sequence[JSON]) -> Mapping[int, str]:
    """Return the messages of the user that get a line at their end, each with its words.

    It is the last one between an answer that is from here and one that is not, or the end: what
    has been sent to the cloud, and only that.
    """
    found: dict[int, str] = {}
    run, place = 0, -1
    for at, message in enumerate(messages):
        match message:
            case {"role": "assistant", "content": content}:
                answer = _read(content)
                if place >= 0 and run and (answer.theirs or not answer.here):
                    found[place] = _words(run)
                run, place = (run + 1 if answer.here else 0), -1
            case {"role": "user", "content": [_, *_]}:
                place = at
            case {"role": "user", "content": str(text)} if text.strip():
                place = at
            case _:
                pass
    if place >= 0 and run:
        found[place] = _words(run)
    return found


def insertions(
    found: Mapping[int, str], contents: Sequence[Content]
) -> Iterator[tuple[Span, bytes]]:
    """Yield what is put where in the bytes of a body, in order."""
    for at, words in found.items():
        note = dumps({"type": "text", "text": words})
        content = contents[at]
        if content.blocks:
            end = content.blocks[-1].end
            yield Span(end, end), b"," + note
        elif (text := content.text) is not None:
            yield Span(text.start, text.start), b'[{"type":"text","text":'
            yield Span(text.end, text.end), b"}," + note + b"]"


def _words(run: int) -> str:
    are = f"the last {run} answers above are" if run > 1 else "the last answer above is"
    return _WORDS.format(are)


def _read(content: JSON) -> _Answer:
    signs = [*_signs(content)] if isinstance(content, list) else []
    return _Answer(here=True in signs, theirs=False in signs)


def _signs(blocks: Sequence[JSON]) -> Iterator[bool]:
    """Yield for each block that says whose it is whether it is from here."""
    for block in blocks:
        match block:
            case {"type": "thinking", "signature": str(signature)} if signature:
                yield ours(signature)
            case {"type": "redacted_thinking"}:
                yield False
            case {"type": "tool_use", "id": str(call)}:
                yield call.startswith(TOOL)
            case _:
                pass
