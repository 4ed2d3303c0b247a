"""Calls that Claude Code makes beside the conversation, answered by the gateway itself.

A local server has few slots and one prefix cache: a title or a search that it cannot run would
cost the conversation its place there. So they are answered here, whenever a local model would have
had to.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Final

from standby.core.dialects.openai_chat.blocks import Blocks, Kind, begin, settle
from standby.core.handback import marks
from standby.core.request import Request
from standby.core.usage import Tokens
from standby.core.wire.asked import Asked
from standby.core.wire.assemble import assemble
from standby.core.wire.headers import SERVED_BY, Head
from standby.core.wire.json import JSON, dumps
from standby.core.wire.purpose import Purpose, texts
from standby.core.wire.sse import Frame
from standby.ports import AnswererError, Dice

__all__ = ["SideCall", "side_answer", "title_of"]

_ANSWERS: Final = "standby"
"""What is named as the model."""

_WORDS: Final = 7
_LONGEST: Final = 60
_UNNAMED: Final = "Coding session"
# A session's text is as long as a prompt; the first words are enough.
_LOOKED_AT: Final = 4_000
_TAG: Final = re.compile(r"<[^<>]{0,200}>")
_EDGE: Final = " \t\r\n#*->_`'\".,:;!?()[]{}"

_NO_SEARCH: Final = (
    "Web search is not available now: the cloud, which runs it, is not being asked, and a local"
    " model cannot search. Nothing was searched{}. Go on with what is known, and say that it was"
    " not looked up."
)
_QUERY: Final = re.compile(r"query:\s*(.{1,300})", re.DOTALL)


def side_answer(asked: Asked) -> str | None:
    """Return the text of the gateway's own answer; ``None`` for what is a model's business."""
    match asked.purpose:
        case Purpose.TITLE:
            return dumps({"title": title_of(_user_text(asked.value))}).decode()
        case Purpose.WEB_SEARCH:
            query = _QUERY.search(_user_text(asked.value))
            return _NO_SEARCH.format(f" for {query[1].strip()!r}" if query else "")
        case _:
            return None


def title_of(text: str) -> str:
    """Return the first words that a person said, as a title: the same for the same text."""
    plain = _TAG.sub(" ", text[:_LOOKED_AT])
    words = [word for word in plain.split() if word.strip(_EDGE)]
    title = " ".join(words[:_WORDS])[:_LONGEST].strip(_EDGE)
    return title[:1].upper() + title[1:] if title else _UNNAMED


class SideCall:
    """Takes a local model's place for a call that the gateway can answer itself."""

    def __init__(self, asked: Asked, said: str, dice: Dice) -> None:
        self._asked = asked
        self._said = said
        self._dice = dice

    async def answer(self, request: Request, said: str) -> AsyncIterator[Head | bytes]:
        """Yield the answer, streamed or whole as it was asked for."""
        if said:
            raise AnswererError("the gateway does not continue an answer")
        frames = [*self._frames()]
        if self._asked.stream:
            yield self._head("text/event-stream; charset=utf-8")
            yield b"".join(frame.raw for frame in frames)
        else:
            yield self._head("application/json")
            yield assemble(frames) or b""

    def _frames(self) -> Iterator[Frame]:
        blocks = Blocks()
        tokens = Tokens()
        yield begin(self._dice.mint(marks.MESSAGE, marks.ID_LENGTH), _ANSWERS, tokens)
        yield from blocks.say(Kind.TEXT, self._said)
        yield from blocks.close()
        yield from settle("end_turn", None, Tokens(output=1))

    def _head(self, content_type: str) -> Head:
        lines = (
            ("Content-Type", content_type),
            ("request-id", self._dice.mint("req_sb", 20)),
            (SERVED_BY, f"gateway; for={self._asked.purpose.value}"),
        )
        return Head(200, lines)


def _user_text(value: Mapping[str, JSON]) -> str:
    match value.get("messages"):
        case [{"role": "user", "content": str(text)}, *_]:
            return text
        case [{"role": "user", "content": list(blocks)}, *_]:
            return "\n".join(texts(blocks))
        case _:
            return ""
