"""Answerers that say what a test wants, frame by frame, and fail where it wants."""

from collections.abc import AsyncIterator

from standby.core.request import Request
from standby.core.wire import messages, sse
from standby.core.wire.headers import Head
from standby.core.wire.json import dumps
from standby.ports import AnswererError


def frame(name, **fields):
    return sse.encode(name, dumps({"type": name, **fields}))


def begin():
    return frame("message_start", message={"role": "assistant", "content": []})


def opened(index, kind):
    return frame("content_block_start", index=index, content_block={"type": kind})


def text(index, words):
    return frame("content_block_delta", index=index, delta={"type": "text_delta", "text": words})


def arguments(index, part):
    delta = {"type": "input_json_delta", "partial_json": part}
    return frame("content_block_delta", index=index, delta=delta)


def thought(index, words):
    delta = {"type": "thinking_delta", "thinking": words}
    return frame("content_block_delta", index=index, delta=delta)


def closed(index):
    return messages.block_stop(index)


def settled(reason="end_turn"):
    return frame("message_delta", delta={"stop_reason": reason})


def stop():
    return messages.message_stop()


def answer(*words):
    """A whole answer in plain text."""
    return [begin(), opened(0, "text"), *(text(0, w) for w in words), closed(0), settled(), stop()]


STREAM = Head(200, (("Content-Type", "text/event-stream"),))


class Says:
    """Yields frames and bytes, raises exceptions and awaits anything else, in order."""

    def __init__(self, *steps):
        self._steps = steps
        self.said = []
        self.at_once = lambda _: False
        """Offered what it says, as the way to the cloud does."""

    async def answer(self, request: Request, said: str) -> AsyncIterator[Head | bytes]:
        self.said.append(said)
        if not any(isinstance(step, Head) for step in self._steps):
            yield STREAM
        for said_next in self._steps:
            step = said_next.raw if isinstance(said_next, sse.Frame) else said_next
            match step:
                case bytes() if self.at_once(step):
                    pass
                case bytes() | Head():
                    yield step
                case Exception():
                    raise step
                case _:
                    await step()


def fails(why, refusal=None):
    return AnswererError(why, refusal)
