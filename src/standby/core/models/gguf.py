"""The header of a GGUF file: checked against the file's size, and read for what a choice needs.

A model file is foreign data, and the engine that opens it is foreign C++. So before an engine sees
it, every count, length and offset in the header is held against the file. Nothing is allocated for
what the header merely claims: what is not needed is stepped over, and what is kept has a limit.

The chat template is never rendered here. Its hash is remembered, so that a change is seen.
"""

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, TypeAlias

from standby.core.models.ggml import BLOCKS, QUANTISATIONS, UNKNOWN_BLOCK

__all__ = ["Fault", "Header", "ReadAt", "Words", "read_header"]

ReadAt: TypeAlias = Callable[[int, int], bytes]
"""Returns the bytes of the file from an offset on, as many as are asked for; fewer at its end."""

_MAGIC: Final = b"GGUF"
_VERSIONS: Final = frozenset({2, 3})
_CHUNK_BYTES: Final = 256 * 1024

# Real files have some 50 keys and up to a few thousand tensors; a vocabulary has up to some 300,000
# tokens and as many merges. The limits are an order of magnitude above that.
_MAX_KEYS: Final = 4096
_MAX_TENSORS: Final = 100_000
_MAX_KEY_BYTES: Final = 1024
_MAX_NAME_BYTES: Final = 63  # GGML_MAX_NAME is 64, with the zero
_MAX_TEXT_BYTES: Final = 4 * 1024 * 1024
_MAX_TEXTS: Final = 4_000_000
_MAX_KEPT_NUMBERS: Final = 16_384
_MAX_DIMENSIONS: Final = 4
_MAX_ALIGNMENT: Final = 1 << 20

# fmt: off
# The types of values, by number: how many bytes, and how ``struct`` reads them.
_NUMBERS: Final = {
    0: (1, "<B"), 1: (1, "<b"), 2: (2, "<H"), 3: (2, "<h"), 4: (4, "<I"), 5: (4, "<i"),
    6: (4, "<f"), 7: (1, "<?"), 10: (8, "<Q"), 11: (8, "<q"), 12: (8, "<d"),
}
_TEXT: Final = 8
_ARRAY: Final = 9
# fmt: on

_TEMPLATE: Final = "tokenizer.chat_template"
_WORDS: Final = "tokenizer.ggml.tokens"
_TOKENIZER: Final = ("tokenizer.ggml.model", "tokenizer.ggml.pre")
_TEXTS: Final = frozenset(
    {
        *("general.architecture", "general.name", "general.license", "general.type"),
        *(_TEMPLATE, *_TOKENIZER),
    }
)
_GENERAL: Final = _TEXTS | {"general.file_type", "general.alignment", "split.count"}
_BY_ARCHITECTURE: Final = (
    *(".context_length", ".block_count", ".embedding_length", ".full_attention_interval"),
    *(".attention.head_count", ".attention.head_count_kv", ".attention.key_length"),
    *(".attention.value_length", ".expert_count", ".expert_used_count"),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a file is not given to an engine: words that go on after its name."""

    words: str


@dataclass(frozen=True, slots=True)
class Words:
    """A model's vocabulary: how text is cut, and where in the file its tokens lie."""

    tokenizer: tuple[str, str]
    """Its kind, and how it splits text beforehand."""
    tokens: int
    at: int
    """The place of the first token, in bytes. Each is its length in eight bytes, and its text."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Header:
    """What a sound header says. Empty, 0 or ``None``: it does not say."""

    size_bytes: int
    """The whole file."""
    tensors: int
    kind: str = ""
    """``model``, ``adapter``, ``mmproj`` …; older files do not say."""
    architecture: str = ""
    name: str = ""
    licence: str = ""
    quantisation: str = ""
    context_tokens: int | None = None
    """The window that the model was trained for."""
    layers: int = 0
    kv_values_per_token: int | None = None
    """How many numbers a token takes in the KV cache, all layers together, at most."""
    parts: int = 1
    """Into how many files the model is split."""
    template: bool = False
    template_sha256: str = ""
    experts: int = 0
    experts_used: int = 0
    words: Words | None = None

    @property
    def serves(self) -> bool:
        """Whether it is a model by itself, and no projector for images or addition to one."""
        return self.kind in {"", "model"} and self.architecture not in {"", "clip"}


Value: TypeAlias = int | float | bool | str | list[int]


class _FaultyError(Exception):
    """The header is not sound; never leaves this module."""


def read_header(read_at: ReadAt, size: int) -> Header | Fault:
    """Return what a file's header says, or why no engine should open it.

    ``size`` is the file's, in bytes. Reads the header only, whatever it claims; what ``read_at``
    raises goes through.
    """
    try:
        return _Reader(_Bytes(read_at, size)).header()
    except _FaultyError as fault:
        return Fault(str(fault))


class _Bytes:
    """The file from its beginning, read forwards through a buffer."""

    def __init__(self, read_at: ReadAt, size: int) -> None:
        self._read_at = read_at
        self.size = size
        self._buffer = b""
        self._start = 0
        self.at = 0

    def take(self, count: int) -> bytes:
        """Return the next bytes. ``count`` has been held against a limit before."""
        self._within(count)
        begin = self.at - self._start
        if not 0 <= begin <= len(self._buffer) - count:
            self._buffer = self._read_at(self.at, max(count, _CHUNK_BYTES))
            self._start, begin = self.at, 0
            if len(self._buffer) < count:
                raise _FaultyError("ends in the middle of its header: it was cut off, or changed")
        self.at += count
        return self._buffer[begin : begin + count]

    def skip(self, count: int) -> None:
        """Step over bytes without reading them."""
        self._within(count)
        self.at += count

    def _within(self, count: int) -> None:
        if count > self.size - self.at:
            raise _FaultyError("ends in the middle of its header: it was cut off, or lies")

    def skip_texts(self, count: int) -> None:
        """Step over strings; a vocabulary has hundreds of thousands, so this loop is tight."""
        unpack = struct.Struct("<Q").unpack_from
        while count:
            self.take(8)
            self.at -= 8
            buffer, place = self._buffer, self.at - self._start
            last = len(buffer) - 8
            while count and place <= last:
                place += 8 + int(unpack(buffer, place)[0])
                count -= 1
            self.at = self._start + place
            self._within(0)


@dataclass(slots=True)
class _Reader:
    """One pass over one header."""

    file: _Bytes
    known: dict[str, Value] = field(default_factory=dict[str, Value])
    texts: int = 0
    kept: int = 0
    words: tuple[int, int, int] | None = None
    """Of the vocabulary: how many tokens, from where, in how many bytes."""

    def header(self) -> Header:
        if self.file.size < len(_MAGIC) or self.file.take(4) != _MAGIC:
            raise _FaultyError("is not a GGUF file")
        version = self._number(4)
        if version not in _VERSIONS:
            raise _FaultyError(_version_words(version))
        tensors, keys = self._number(10), self._number(10)
        if keys > _MAX_KEYS or tensors > _MAX_TENSORS:
            raise _FaultyError(f"claims {keys} keys and {tensors} tensors, which no model has")
        self._read_keys(keys)
        self._read_tensors(tensors)
        return self._said(tensors)

    def _number(self, kind: int) -> int:
        size, form = _NUMBERS[kind]
        return int(struct.unpack(form, self.file.take(size))[0])

    def _text(self, limit: int, what: str) -> str:
        length = self._number(10)
        if length > limit:
            raise _FaultyError(f"has {what} of {length} bytes, which is not sound")
        return self.file.take(length).decode(errors="replace")

    def _read_keys(self, count: int) -> None:
        seen: set[str] = set()
        for _ in range(count):
            key = self._text(_MAX_KEY_BYTES, "a key")
            if key in seen:
                raise _FaultyError(f"has the key {key!r} twice")
            seen.add(key)
            value = self._value(self._number(4), key)
            if value is not None:
                self.known[key] = value

    def _value(self, kind: int, key: str) -> Value | None:
        """Read or step over a value; ``None``: it was stepped over."""
        wanted = key in _GENERAL or key.endswith(_BY_ARCHITECTURE)
        if kind in _NUMBERS:
            size, form = _NUMBERS[kind]
            data = self.file.take(size)
            found: int | float | bool = struct.unpack(form, data)[0]
            return found if wanted else None
        if kind == _TEXT:
            if wanted and key in _TEXTS:
                return self._text(_MAX_TEXT_BYTES, "a text")
            self.file.skip(self._number(10))
            return "" if wanted else None  # text where a number belongs is no number
        if kind == _ARRAY:
            return self._array(key, wanted=wanted)
        raise _FaultyError(f"has a value of the unknown type {kind}")

    def _array(self, key: str, *, wanted: bool) -> list[int] | None:
        kind, count = self._number(4), self._number(10)
        if kind == _TEXT:
            # Each takes eight bytes at least.
            self.texts += count
            if self.texts > _MAX_TEXTS or count > (self.file.size - self.file.at) // 8:
                raise _FaultyError(f"has a list of {count} texts, which is not sound")
            begin = self.file.at
            self.file.skip_texts(count)
            if key == _WORDS:
                self.words = (count, begin, self.file.at - begin)
            return None
        if kind not in _NUMBERS:
            raise _FaultyError(
                "has a list of lists"
                if kind == _ARRAY
                else f"has a list of the unknown type {kind}"
            )
        size, form = _NUMBERS[kind]
        if wanted and self.kept + count <= _MAX_KEPT_NUMBERS and form[1] not in "fd":
            self.kept += count
            data = self.file.take(count * size)
            return [int(number) for (number,) in struct.iter_unpack(form, data)]
        self.file.skip(count * size)
        return None

    def _read_tensors(self, count: int) -> None:
        names: set[str] = set()
        # The data begins behind the header, which is not known to its end yet.
        ends: list[tuple[str, int, int]] = []
        alignment = self._alignment()
        for _ in range(count):
            name = self._text(_MAX_NAME_BYTES, "a tensor's name")
            if name in names:
                raise _FaultyError(f"has the tensor {name!r} twice")
            names.add(name)
            weights = self._weights(name)
            per_block, block_bytes = BLOCKS.get(self._number(4), UNKNOWN_BLOCK)
            offset = self._number(10)
            if offset % alignment:
                raise _FaultyError(f"has the tensor {name!r} at an odd place")
            ends.append((name, offset, -(-weights // per_block) * block_bytes))
        room = self.file.size - (-(-self.file.at // alignment) * alignment)
        for name, offset, taken in ends:
            if offset + taken > room:
                raise _FaultyError(
                    f"is {offset + taken - room} bytes short of its tensor {name!r}: it was cut "
                    "off, or its header lies"
                )

    def _alignment(self) -> int:
        alignment = self.known.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 0 < alignment <= _MAX_ALIGNMENT:
            raise _FaultyError("has an alignment that is not sound")
        if alignment & (alignment - 1):
            raise _FaultyError(f"has an alignment of {alignment}, which is no power of two")
        return alignment

    def _weights(self, name: str) -> int:
        dimensions = self._number(4)
        if dimensions > _MAX_DIMENSIONS:
            raise _FaultyError(f"has the tensor {name!r} with {dimensions} dimensions")
        return math.prod(self._number(10) for _ in range(dimensions))

    # -- what it says ---------------------------------------------------------------------------

    def _said(self, tensors: int) -> Header:
        template = self._words(_TEMPLATE)
        kind = self._whole("general.file_type")
        return Header(
            size_bytes=self.file.size,
            tensors=tensors,
            kind=self._words("general.type"),
            architecture=self._words("general.architecture"),
            name=self._words("general.name"),
            licence=self._words("general.license"),
            quantisation="" if kind is None else QUANTISATIONS.get(kind, ""),
            context_tokens=self._own("context_length") or None,
            layers=self._own("block_count") or 0,
            kv_values_per_token=self._kv_values(),
            parts=self._whole("split.count") or 1,
            template=bool(template),
            template_sha256=sha256(template.encode()).hexdigest() if template else "",
            experts=self._own("expert_count") or 0,
            experts_used=self._own("expert_used_count") or 0,
            words=self._vocabulary(),
        )

    def _vocabulary(self) -> Words | None:
        if self.words is None:
            return None
        kind, pre = (self._words(key) for key in _TOKENIZER)
        return Words((kind, pre), *self.words)

    def _words(self, key: str) -> str:
        value = self.known.get(key)
        return value if isinstance(value, str) else ""

    def _whole(self, key: str) -> int | None:
        match self.known.get(key):
            case bool():
                return None
            case int(number) if number >= 0:
                return number
            case _:
                return None

    def _own(self, name: str) -> int | None:
        return self._whole(f"{self._words('general.architecture')}.{name}")

    def _kv_values(self) -> int | None:
        """Return what the cache holds for a token: in each layer that attends, keys and values.

        A layer that looks back over a short window only counts in full: at most this much.
        """
        heads = self._kv_heads()
        key = self._own("attention.key_length") or self._head_length()
        if heads is None or key is None:
            return None
        return heads * (key + (self._own("attention.value_length") or key))

    def _kv_heads(self) -> int | None:
        """Return the key-value heads of all layers that attend."""
        layers = self._own("block_count")
        if not layers:
            return None
        match self.known.get(f"{self._words('general.architecture')}.attention.head_count_kv"):
            case list(each):  # a layer without attention says 0
                return sum(max(heads, 0) for heads in each[:layers])
            case bool():
                return None
            case int(heads) if heads >= 0:
                # In hybrid models only every n-th layer attends.
                return heads * (layers // (self._own("full_attention_interval") or 1))
            case _:  # as many as there are heads
                all_heads = self._own("attention.head_count")
                return None if all_heads is None else all_heads * layers

    def _head_length(self) -> int | None:
        width, heads = self._own("embedding_length"), self._own("attention.head_count")
        return None if not width or not heads else width // heads


def _version_words(version: int) -> str:
    if version in {0x02000000, 0x03000000}:
        return "is written for machines with the other byte order"
    return f"is of GGUF version {version}, and 2 and 3 are known"
