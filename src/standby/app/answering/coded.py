"""An answer in a coding: in its peer's own bytes as long as all of them may be shown."""

from collections.abc import Callable

from standby.ports import Coder, CodingError

__all__ = ["Coded"]


class Coded:
    """What of one coded answer goes out, and how.

    A coding knows no border between events: a piece that holds something that is not to be shown,
    such as an error that somebody mends, is left out as a whole, and what is to be shown of it is
    coded anew. The coder for that is one that has read what is out and no more: its checksum then
    is the client's.
    """

    def __init__(self, fresh: Callable[[], Coder]) -> None:
        self._fresh = fresh
        self._coder: Coder | None = None
        """Codes what is ours, once there is any."""
        self._out = bytearray()
        self._half = False
        """Whether what is out ends inside an event."""
        self._raw = bytearray()
        self._plain = bytearray()
        self._inside = False
        self._shown = bytearray()

    @property
    def untouched(self) -> bool:
        """Whether all that came is out as it came: nothing of it lies here, and nothing is ours."""
        return self._coder is None and not self._plain

    def came(self, raw: bytes, plain: bytes, *, inside: bool) -> None:
        """Take bytes of the peer and the events they completed; ``inside`` one more they end."""
        self._raw += raw
        self._plain += plain
        self._inside = inside

    def show(self, plain: bytes) -> None:
        """Note events of the peer that are to go out with :meth:`take`."""
        self._shown += plain

    def take(self) -> bytes:
        """Return what is to go out now. Raise :class:`CodingError` where nothing can."""
        if not self._shown:
            return b""
        shown = bytes(self._shown)
        self._shown.clear()
        if self._coder is None and shown == self._plain:
            raw = bytes(self._raw)
            self._out += raw
            self._half = self._inside
            self._forget()
            return raw
        return self._append(shown)

    def add(self, plain: bytes) -> bytes:
        """Return bytes of ours that go on after what is out. Raise :class:`CodingError`."""
        return self.take() + self._append(plain)

    def finish(self) -> bytes:
        """Return what ends the stream, theirs or ours. Raise :class:`CodingError`."""
        if self._coder is not None:
            return self._coder.finish()
        if self._plain or self._raw:
            return b"" if self._plain else bytes(self._raw)
        return self._end()

    def _end(self) -> bytes:
        """Return what ends the coding of a peer whose last event is out, and whose end is late."""
        if self._half or not self._out:
            return b""
        coder = self._fresh()
        try:
            coder.decode(bytes(self._out))
            return coder.finish()
        except CodingError:
            return b""  # it cannot be ended there; the client has all events

    def _append(self, plain: bytes) -> bytes:
        ours = self._go_on(plain) if self._coder is None else self._coder.append(plain)
        self._forget()
        return ours

    def _go_on(self, plain: bytes) -> bytes:
        """Return what goes on after what is out, and with what it must begin."""
        if self._half:
            raise CodingError("the peer was cut inside an event: nothing can follow it")
        # What says nothing is the end of a flush, without which there is no going on; or it is the
        # end of the stream, behind which there is none.
        left = b"" if self._plain or self._inside else bytes(self._raw)
        try:
            return self._after(left, plain)
        except CodingError:
            if not left:
                raise
            return self._after(b"", plain)

    def _after(self, left: bytes, plain: bytes) -> bytes:
        coder = self._fresh()
        coder.decode(bytes(self._out) + left)
        ours = coder.append(plain)
        self._coder = coder
        return left + ours

    def _forget(self) -> None:
        self._raw.clear()
        self._plain.clear()
        self._inside = False
