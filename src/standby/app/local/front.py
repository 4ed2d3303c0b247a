"""What goes in front of a local model's answer: who it is by, and why."""

from collections.abc import Callable, Iterable

from standby.core.handback.notice import notice
from standby.core.wire import messages
from standby.core.wire.messages import Kind, Opened
from standby.core.wire.sse import Frame

__all__ = ["Front"]


class Front:
    """Puts the notice between the start of a message and its first block."""

    def __init__(self, said: Callable[[], str], mark: str) -> None:
        """``mark`` goes in front of text, where nothing else does; empty: nothing."""
        self._said: Callable[[], str] | None = said
        self._mark = mark
        self._by = 0

    def put(self, frames: Iterable[Frame]) -> list[Frame]:
        """Return the frames with the notice where it belongs, if it does."""
        out: list[Frame] = []
        for frame in frames:
            opened = messages.read(frame) if self._said is not None else None
            if self._said is not None and isinstance(opened, Opened):
                # Thinking of ours and calls of ours are marked as they are.
                said = self._said() or (self._mark if opened.kind is Kind.TEXT else "")
                if said:
                    out += notice(said)
                    self._by = 1
                self._said = None
            out.append(messages.shifted(frame, self._by) if self._by else frame)
        return out
