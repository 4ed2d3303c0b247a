"""The block that tells of a switch: who answers, why, and until when.

It is a thinking block, so that it is no part of the answer, and it carries our mark, so that it is
taken out when the conversation returns to the cloud.
"""

from typing import Final

from standby.core.handback import marks
from standby.core.wire import sse
from standby.core.wire.json import JSON, dumps
from standby.core.wire.sse import Frame

__all__ = ["circles", "closing", "mark", "notice", "opening", "saying", "words"]

_REHEARSAL: Final = " This is a rehearsal model: it shows that the switch works, and cannot code."


def words(who: str, why: str, until: str, *, rehearsal: bool) -> str:
    """Return the notice as one or two sentences for a person.

    ``who`` names the model and its engine; ``until`` is empty when nobody knows the end.
    """
    back = f" Back to the cloud {until}." if until else ""
    kind = _REHEARSAL if rehearsal else ""
    return f"standby: {who} answers here, because {why}.{back}{kind}"


def mark(who: str) -> str:
    """Return the words of a block that marks an answer as from here, and says no more."""
    return f"standby: {who} answers here."


def circles(what: str, unserved: str, instead: str = "") -> str:
    """Return what a person is told of a local model that goes round in circles.

    ``what`` it did; ``unserved`` is why the cloud cannot go on with the turn, empty if it could.
    ``instead`` is another local model that goes on with it.
    """
    if instead:
        return f"standby: the local model went round in circles: {what}. {instead} goes on."
    but = f" The cloud cannot take over: {unserved}." if unserved else ""
    return f"standby: the local model goes round in circles: {what}. It was told so.{but}"


def notice(said: str) -> tuple[Frame, ...]:
    """Return the frames of the notice, as block 0 of an answer."""
    return (opening(), saying(said), *closing())


def opening() -> Frame:
    """Return the frame that opens a block of ours, as block 0."""
    block: JSON = {"type": "thinking", "thinking": "", "signature": ""}
    return _frame("content_block_start", content_block=block)


def saying(said: str) -> Frame:
    """Return the frame that adds words to it; without any it is a sign of life."""
    return _frame("content_block_delta", delta={"type": "thinking_delta", "thinking": said})


def closing() -> tuple[Frame, ...]:
    """Return the frames that sign it with our mark, and end it."""
    signed: JSON = {"type": "signature_delta", "signature": marks.NOTICE}
    return (_frame("content_block_delta", delta=signed), _frame("content_block_stop"))


def _frame(name: str, **fields: JSON) -> Frame:
    return sse.encode(name, dumps({"type": name, "index": 0, **fields}))
