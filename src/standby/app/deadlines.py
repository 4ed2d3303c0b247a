"""Deadlines on every wait for a peer that sends piece by piece."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from types import TracebackType
from typing import Final, Self, TypeVar

__all__ = ["Deadline", "SilenceError", "timed"]

T = TypeVar("T")

# A timer may ring this much too soon: uvloop counts in milliseconds.
_EARLY_S: Final = 0.001
# A timer that rings later than this was not late because of work.
_SLEPT_S: Final = 10.0


class SilenceError(Exception):
    """A peer said nothing for too long; its message says for how long."""


class Deadline:
    """A deadline on each of many waits: ``with deadline(seconds): await ...``, then :meth:`close`.

    A wait that takes too long is cancelled and raises ``TimeoutError``, as by ``asyncio.timeout``.
    That one sets a timer for each wait and takes it back, which was a third of what a relayed event
    cost us; this one keeps its timer, and asks when it rings whether it was right.
    """

    def __init__(self) -> None:
        self._patience_s: float | None = None
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._rang = False

    def __call__(self, seconds: float | None) -> Self:
        """Set how long the next wait may take; ``None``: for ever."""
        self._patience_s = seconds
        return self

    def __enter__(self) -> None:
        # To ask for the running loop is a call of the system before Python 3.12.
        loop = self._loop = self._loop or asyncio.get_running_loop()
        self._task = task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("only a task can wait")
        self._cancelling = task.cancelling()
        if self._patience_s is None:
            return
        self._due = due = loop.time() + self._patience_s
        if self._timer is not None and self._timer.when() <= due:
            return
        self.close()
        self._timer = loop.call_at(due, self._ring)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        task, self._task, self._due = self._task, None, None
        if not self._rang or task is None:
            return
        self._rang = False
        # Whoever else has cancelled the task meanwhile goes first.
        if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def pause(self) -> None:
        """Let the wait that goes on, if one does, take as long as it may until :meth:`renew`."""
        self._due = None

    def renew(self) -> None:
        """Let the wait that goes on, if one does, begin anew."""
        if self._task is None or self._loop is None or self._patience_s is None:
            return
        self._due = self._loop.time() + self._patience_s
        if self._timer is None:
            self._timer = self._loop.call_at(self._due, self._ring)

    def renewed_by(self, take: Callable[[T], bool]) -> Callable[[T], bool]:
        """Return what does the same, and renews the wait with all that is taken."""

        def takes(item: T) -> bool:
            if not take(item):
                return False
            self.renew()
            return True

        return takes

    def close(self) -> None:
        """Take back the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        if self._due is None or self._task is None:
            return  # nobody waits; the next wait sets it again
        loop = asyncio.get_running_loop()
        if self._patience_s is not None and loop.time() - self._due > _SLEPT_S:
            # Nothing of ours ran meanwhile, and nobody else had their time either: the machine has
            # slept (where its clocks go on, as on Windows), or this process was stopped.
            self._due = loop.time() + self._patience_s
        if loop.time() >= self._due - _EARLY_S:
            self._rang = True
            self._task.cancel()
        else:
            self._timer = loop.call_at(self._due, self._ring)


async def timed(
    items: AsyncIterator[T], *, first_s: float, idle_s: float, deadline: Deadline | None = None
) -> AsyncGenerator[T, None]:
    """Yield what comes, with ``first_s`` seconds for the first piece and ``idle_s`` for the next.

    Raise :class:`SilenceError` when it does not come. Closing this iterator closes the other.
    ``deadline`` is for who knows of signs of life that are not yielded here, and renews it.
    """
    if not isinstance(items, AsyncGenerator):
        raise TypeError("only a generator can be closed")
    deadline, patience = deadline or Deadline(), first_s
    try:
        async with aclosing(items):
            while True:
                try:
                    with deadline(patience):
                        item = await anext(items)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    raise SilenceError(f"nothing came for {patience:.0f} s") from None
                yield item
                patience = idle_s
    finally:
        deadline.close()
