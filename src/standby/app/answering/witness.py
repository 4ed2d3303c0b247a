"""Sees which files the calls in a local answer change, as the answer goes by."""

from collections.abc import AsyncIterator, Callable, Iterable
from itertools import islice

from standby.app.closing import closing
from standby.core.request import Request
from standby.core.usage.deeds import MOST, Deed, deeds_of
from standby.core.wire.calls import Calls, calls_of
from standby.core.wire.headers import Head
from standby.core.wire.json import JSON
from standby.core.wire.sse import Decoder
from standby.ports import Answerer

__all__ = ["Witness"]


class Witness:
    """Passes an answer on as it is, and tells what it would have the client change."""

    def __init__(self, answerer: Answerer, saw: Callable[[tuple[Deed, ...]], None]) -> None:
        """``saw`` is told when the answer is whole, before its last bytes go out; not otherwise."""
        self._answerer = answerer
        self._saw = saw

    async def answer(self, request: Request, said: str) -> AsyncIterator[Head | bytes]:
        """Yield what the answerer yields."""
        calls, decoder, streamed = Calls(), Decoder(), True
        async with closing(self._answerer.answer(request, said)) as items:
            async for item in items:
                if isinstance(item, Head):
                    streamed = item.streamed
                elif not streamed:
                    self._tell(calls_of(item))
                else:
                    for frame in decoder.receive_data(item):
                        calls.take(frame)
                        if frame.name == "message_stop":
                            self._tell(calls.made())
                yield item

    def _tell(self, made: Iterable[tuple[str, JSON]]) -> None:
        deeds = (deed for tool, given in made for deed in deeds_of(tool, given))
        self._saw(tuple(islice(deeds, MOST)))
