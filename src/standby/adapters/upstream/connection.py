"""One connection to the cloud: a request goes out, its answer comes in piece by piece."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from typing import Final, cast

from standby.core.wire.headers import Head
from standby.core.wire.http1 import Answer, NotHTTPError
from standby.ports import AtOnce, UpstreamError

__all__ = ["Connection", "LostError"]

# How much of an answer is held for a client that is slow to take it, before the cloud has to wait.
MAX_HELD_BYTES: Final = 256 * 1024


class LostError(Exception):
    """The connection ended before any byte of the answer."""


class Connection(asyncio.Protocol):  # `typing.override` is from 3.12 on
    """Carries one exchange at a time; ask :attr:`reusable` before the next."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._answer: Answer | None = None
        self._pieces: list[Head | bytes] = []
        self._held = 0
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._at_once: AtOnce | None = None
        self._heard = False
        self._ended = False
        self._error: NotHTTPError | OSError | None = None
        self.on_lost: Callable[[], None] = lambda: None
        """Called when the connection ends, from either side."""

    @property
    def reusable(self) -> bool:
        """Whether it may carry another request."""
        done = self._answer is None or self._answer.reusable
        return done and not (self._ended or self._error or self._pieces)

    def ask(self, method: str, *parts: bytes) -> None:
        """Send a request; its answer comes from :meth:`read`."""
        if self._transport is None or self._ended:
            raise LostError
        self._answer = Answer(method)
        self._heard = False
        # One call where the loop can gather; joined, a body of 1 MB would be copied once more.
        self._transport.writelines(parts)

    async def read(self, at_once: AtOnce | None = None) -> list[Head | bytes]:
        """Return what came since the last time, waiting for it; nothing more at the end.

        While it waits, each piece of the body is offered to ``at_once``: to wake a task for an
        event takes longer than all the rest that is done for it.

        Raise :class:`LostError` when the connection ended without an answer, else
        :class:`UpstreamError`.
        """
        while not self._pieces:
            if self._answer is None or self._answer.done:
                return []
            if self._ended or self._error is not None:
                raise self._why()
            # To ask for the running loop each time is a call of the system before Python 3.12.
            loop = self._loop = self._loop or asyncio.get_running_loop()
            self._waiter, self._at_once = loop.create_future(), at_once
            try:
                await self._waiter
            finally:
                self._waiter = self._at_once = None
        pieces, self._pieces, self._held = self._pieces, [], 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return pieces

    def close(self) -> None:
        """End the connection at once: the cloud stops what it is doing."""
        self._ended = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # type: ignore[explicit-override]
        """Take the transport."""
        # `create_connection` makes streams, and uvloop's are not registered as what they are.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:  # type: ignore[explicit-override]
        """Take bytes of the answer; bytes that nobody asked for end the connection."""
        if self._answer is None or self._answer.done:
            self.close()
            return
        self._heard = True
        try:
            pieces = self._answer.receive(data)
        except NotHTTPError as error:
            self._error = error
            self.close()
        else:
            if self._passed(pieces, self._answer):
                return
            self._pieces += pieces
            self._held += len(data)
            if self._held > MAX_HELD_BYTES and not self._paused and self._transport is not None:
                self._paused = True
                self._transport.pause_reading()
        self._wake()

    def _passed(self, pieces: list[Head | bytes], answer: Answer) -> bool:
        """Whether nobody has to be woken for these pieces."""
        if self._waiter is None or self._waiter.done() or answer.done:
            return False
        match pieces:
            case []:
                return True
            case [bytes(data)] if self._at_once is not None:
                return self._at_once(data)
            case _:
                return False

    def eof_received(self) -> bool:  # type: ignore[explicit-override]
        """Take the end of what the cloud sends; the connection ends with it."""
        if self._answer is not None and not self._answer.done and self._error is None:
            try:
                self._answer.end()
            except NotHTTPError as error:
                self._error = error
        return False

    def connection_lost(self, error: Exception | None) -> None:  # type: ignore[explicit-override]
        """Take the end of the connection."""
        if isinstance(error, OSError) and self._error is None:
            self._error = error
        self._ended = True
        self._transport = None
        self._wake()
        self.on_lost()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _why(self) -> Exception:
        if not self._heard:
            return LostError()
        match self._error:
            case NotHTTPError() as error:
                return UpstreamError(f"the cloud sent {error}")
            case OSError() as error:
                return UpstreamError(f"the connection to the cloud broke: {words(error)}")
            case None:
                return UpstreamError("the connection to the cloud ended")


def words(error: OSError) -> str:
    """Return what went wrong, in the system's words; they name hosts and causes only."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}"
        case ssl.SSLError() | socket.gaierror():
            return error.strerror or type(error).__name__
        case _:  # asyncio puts words of its own, with the address, where the system's belong
            return os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
