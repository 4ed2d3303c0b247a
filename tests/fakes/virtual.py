"""An event loop whose waits take no time: when nobody has anything to do, the clock moves on."""

import asyncio
import selectors

import pytest


class StuckError(AssertionError):
    """Somebody waits for what nobody will ever do."""


class _Skipping(selectors.DefaultSelector):
    def __init__(self):
        super().__init__()
        self.loop = None

    def select(self, timeout=None):
        if self.loop.busy:
            return super().select(0.05 if timeout is None else min(timeout, 0.05))
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise StuckError("everybody waits, and there is no deadline")
        self.loop.skipped_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs what has no peers but fakes. Threads, which files are written in, are waited for."""

    def __init__(self):
        selector = _Skipping()
        self.busy = 0
        self.skipped_s = 0.0
        super().__init__(selector)
        selector.loop = self

    def time(self):
        return self.skipped_s

    def run_in_executor(self, executor, call, *arguments):
        future = super().run_in_executor(executor, call, *arguments)
        self.busy += 1
        future.add_done_callback(self._rested)
        return future

    def _rested(self, _future):
        self.busy -= 1

    def end(self):
        """Close the loop, once its threads have ended."""
        self.busy += 1
        self.run_until_complete(self.shutdown_default_executor())
        self.close()


VIRTUAL = pytest.mark.parametrize(
    "anyio_backend", [("asyncio", {"loop_factory": VirtualLoop})], ids=["virtual"]
)
"""For a test of how long something takes among fakes: no other work of the machine changes that."""
