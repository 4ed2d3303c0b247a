"""A program in front of our terminal, as if we were not there."""

import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final

from standby.adapters.host.processes import ProcessError

__all__ = ["run_in_front"]

# The terminal sends these to the whole group: the program has them already, and they are its own.
_ITS_OWN: Final = ("SIGINT", "SIGQUIT")
# These come to one process only, and must reach the program.
_PASSED_ON: Final = ("SIGTERM", "SIGHUP")
_SIGNALLED: Final = 128
_LOOK_S: Final = 0.2


def run_in_front(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program with our terminal and wait for it; return its code, 128+n for a signal.

    Only for the main thread. Raise :class:`ProcessError` when it cannot be started.
    """
    front = _Front()
    with front.listening():
        try:
            front.process = subprocess.Popen(  # noqa: S603  # the user's own command, and no shell
                list(arguments), env=dict(environment)
            )
        except OSError as error:
            words = error.strerror or error
            raise ProcessError(f"{arguments[0]} cannot be started: {words}") from error
        front.catch_up()
        code = _waited(front.process)
    return _SIGNALLED - code if code < 0 else code


def _waited(process: "subprocess.Popen[bytes]") -> int:
    """Wait for the end of a program, and hear signals meanwhile.

    Python runs a handler between two steps of the main thread. One that comes just before a call
    which waits for ever, or to another thread, would be heard only when the program has ended.
    """
    waiter = threading.Thread(target=process.wait, name="waiter", daemon=True)
    waiter.start()
    while waiter.is_alive():
        waiter.join(_LOOK_S)
    return process.wait()


class _Front:
    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hand signals on until the block ends.

        A handler, not ``SIG_IGN``: what is ignored would be ignored by the program, too.
        """
        before = {
            number: signal.signal(number, take)
            for names, take in ((_ITS_OWN, self._leave), (_PASSED_ON, self._pass_on))
            for name in names
            if (number := getattr(signal, name, None)) is not None
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def catch_up(self) -> None:
        """Hand on what came before there was somebody to have it."""
        while self._early:
            self._pass_on(self._early.pop(0), None)

    def _leave(self, number: int, frame: FrameType | None) -> None:
        """Do nothing: the program decides."""

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if self.process is None:
            self._early.append(number)
        elif self.process.returncode is None:
            self.process.send_signal(number)
