"""Sees which files the calls in a local answer change, as the relay reads it."""

from collections.abc import Callable, Iterable
from itertools import islice

from standby.core.usage.deeds import MOST, Deed, deeds_of
from standby.core.wire.calls import Calls, calls_of
from standby.core.wire.json import JSON
from standby.core.wire.sse import Frame

__all__ = ["Witness"]


class Witness:
    """Is shown one answer, and tells what it would have the client change."""

    def __init__(self, saw: Callable[[tuple[Deed, ...]], None]) -> None:
        """``saw`` is told when the answer is whole, before its last bytes go out; not otherwise."""
        self._saw = saw
        self._calls = Calls()

    def read(self, frames: Iterable[Frame]) -> None:
        """Take in frames of an answer that is streamed."""
        for frame in frames:
            self._calls.take(frame)
            if frame.name == "message_stop":
                self._tell(self._calls.made())

    def read_whole(self, message: bytes) -> None:
        """Take in an answer that is not streamed."""
        self._tell(calls_of(message))

    def _tell(self, made: Iterable[tuple[str, JSON]]) -> None:
        deeds = (deed for tool, given in made for deed in deeds_of(tool, given))
        self._saw(tuple(islice(deeds, MOST)))
