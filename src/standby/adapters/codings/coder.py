"""A coder for whichever format: what may be read and appended when, and how much."""

from enum import Enum, auto
from typing import Final

from standby.adapters.codings.format import Format
from standby.ports import CodingError

__all__ = ["MAX_PLAIN_BYTES", "MAX_READ_BYTES", "Coded", "Identity", "Unknown"]

# An answer of text is far below; a bomb is stopped here, whatever its ratio (ours).
MAX_PLAIN_BYTES: Final = 64 * 1024 * 1024
# What the coded bytes of one read may grow to (ours): they lie in memory at once.
MAX_READ_BYTES: Final = 16 * 1024 * 1024


class Identity:
    """No coding at all."""

    def decode(self, data: bytes) -> bytes:
        """Return what these bytes add to the plain text. Raise :class:`CodingError`."""
        return data

    def append(self, plain: bytes) -> bytes:
        """Return bytes of ours that go on with the coded stream. Raise :class:`CodingError`."""
        return plain

    def finish(self) -> bytes:
        """Return the bytes that end a stream that we have appended to."""
        return b""


class Unknown:
    """A coding that can be passed on, but not read."""

    def __init__(self, name: str) -> None:
        self._why = f"the content coding {name!r} is not known"

    def decode(self, data: bytes) -> bytes:
        """Return what these bytes add to the plain text. Raise :class:`CodingError`."""
        raise CodingError(self._why)

    def append(self, plain: bytes) -> bytes:
        """Return bytes of ours that go on with the coded stream. Raise :class:`CodingError`."""
        raise CodingError(self._why)

    def finish(self) -> bytes:
        """Return the bytes that end a stream that we have appended to."""
        raise CodingError(self._why)


class _Stage(Enum):
    UNTOUCHED = auto()
    THEIRS = auto()  # the peer's bytes are being read
    OURS = auto()  # we have gone on after them
    BROKEN = auto()  # nothing can be appended, ever


class Coded:
    """A coder for any of the formats. After :class:`CodingError` it does nothing more."""

    def __init__(self, form: Format) -> None:
        self._form = form
        self._stage = _Stage.UNTOUCHED
        self._plain_bytes = 0

    def decode(self, data: bytes) -> bytes:
        """Return what these bytes add to the plain text. Raise :class:`CodingError`."""
        if not data:
            return b""
        match self._stage:
            case _Stage.UNTOUCHED | _Stage.THEIRS:
                self._stage = _Stage.THEIRS
                return self._read(data)
            case _Stage.OURS:
                raise CodingError("the peer has been left: its bytes can no longer be read")
            case _Stage.BROKEN:
                raise CodingError("these bytes follow some that could not be decoded")

    def append(self, plain: bytes) -> bytes:
        """Return bytes of ours that go on with the coded stream. Raise :class:`CodingError`."""
        if not plain:
            return b""
        ours = self._opening() + self._form.blocks(plain)
        self._prove(ours, plain)
        self._stage = _Stage.OURS
        return ours

    def finish(self) -> bytes:
        """Return the bytes that end a stream that we have appended to."""
        if self._form.ended and self._stage is not _Stage.BROKEN:
            return b""
        ours = self._opening() + self._form.ending()
        self._prove(ours, b"")
        if not self._form.ended:
            self._stage = _Stage.BROKEN
            raise CodingError("the stream cannot be ended where it was cut")
        return ours

    def _opening(self) -> bytes:
        match self._stage:
            case _Stage.UNTOUCHED:
                return self._form.opening()
            case _Stage.THEIRS | _Stage.OURS if not self._form.ended:
                return b""
            case _:
                raise CodingError("the coded stream has ended or is broken: nothing can follow")

    def _prove(self, ours: bytes, plain: bytes) -> None:
        if self._read(ours) != plain:
            self._stage = _Stage.BROKEN
            raise CodingError("the peer was cut inside a block: nothing can be appended there")

    def _read(self, data: bytes) -> bytes:
        try:
            plain = self._form.read(data, min(MAX_READ_BYTES, MAX_PLAIN_BYTES - self._plain_bytes))
        except CodingError:
            self._stage = _Stage.BROKEN
            raise
        self._plain_bytes += len(plain)
        return plain
