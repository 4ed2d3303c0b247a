"""Whether a model fits a machine, with which window, and how fast it would be.

``need = weights + KV cache at the window + working memory (+ projector for images)``. The cache
holds so many numbers for each token, two bytes each, or a little over one in 8 bits. How fast is a
class and an estimate: the place decides it (memory of a graphics card, memory that processor and
graphics share, both kinds together, or plain memory) and how many weights a token touches.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = [
    "FLOOR_TOKENS",
    "WANTED_TOKENS",
    "Card",
    "Fit",
    "Hardware",
    "Kv",
    "Place",
    "Shape",
    "Speed",
    "fit",
    "gigabytes",
    "largest_context",
    "need",
    "shared_room",
]

GB: Final = 1_000_000_000

WANTED_TOKENS: Final = 65_536
"""The window that Claude Code works well with, its usual tools included."""
FLOOR_TOKENS: Final = 49_152
"""Below this Claude Code has to be started with ``--bare``."""
_CONTEXTS: Final = (WANTED_TOKENS, FLOOR_TOKENS, 32_768)

_WORKING_BYTES: Final = 3 * GB // 2
# A screen and a browser take graphics memory, too, and more by the hour.
_CARD_MARGIN_BYTES: Final = 3 * GB // 4
_RAM_MARGIN_BYTES: Final = 2 * GB
# macOS lets the graphics have about three quarters of the memory.
_UNIFIED_SHARE: Final = 0.72
# Of a mixture of experts: what must lie on the card besides cache and working memory.
_DENSE_SHARE: Final = 0.15
_SMALLEST_CARD_BYTES: Final = 6 * GB
# A token that touches no more than so many billions of weights comes quickly.
_LIGHT_BILLIONS: Final = 6.0
_TINY_BYTES: Final = GB


class Kv(enum.Enum):
    """How the cache is kept. The value is what one number takes, in bytes."""

    F16 = 2.0
    Q8_0 = 1.0625
    """Half the memory. On a processor it makes reading the prompt several times slower."""


class Place(enum.Enum):
    """Where the weights would lie."""

    CARD = "graphics memory"
    UNIFIED = "shared memory"
    SPLIT = "graphics memory, with the experts in plain memory"
    RAM = "plain memory, on the processor"
    NOWHERE = "nowhere"


class Speed(enum.Enum):
    """How it would feel with Claude Code: an estimate."""

    FAST = "fast"
    USABLE = "usable"
    SLOW = "slow: minutes before the first word of a long prompt"
    HOPELESS = "too slow for Claude Code"


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card. Sizes are bytes."""

    name: str
    total_bytes: int
    free_bytes: int

    @property
    def room_bytes(self) -> int:
        """What a model may take of it now."""
        return max(self.free_bytes - _CARD_MARGIN_BYTES, 0)


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a machine has, as far as it could be read. Sizes are bytes."""

    ram_bytes: int
    ram_free_bytes: int
    cores: int
    cards: tuple[Card, ...] = ()
    unified: bool = False
    """Whether the graphics use the machine's own memory, as Apple's do."""
    unified_limit_bytes: int = 0
    """How much of it a person allowed the graphics; 0: what the system does by itself."""
    disk_free_bytes: int = 0
    """Where models are kept."""
    on_battery: bool | None = None
    battery_part: float | None = None
    """How full it is, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a model takes memory and time."""

    weights_bytes: int
    kv_values_per_token: int
    """How many numbers a token takes in the KV cache, at most."""
    active_billions: float
    """How many weights a token touches."""
    mixture: bool = False
    """Whether it is a mixture of experts: most weights rest, and may lie in plain memory."""
    projector_bytes: int = 0
    """What images take besides; 0: it gets none."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a model would lie, and with what window. ``why`` says it for a person."""

    place: Place
    context_tokens: int
    kv: Kv
    need_bytes: int
    room_bytes: int
    speed: Speed
    why: str


def need(shape: Shape, context_tokens: int, kv: Kv = Kv.F16) -> int:
    """Return the bytes of memory that a model takes with a window."""
    cache = shape.kv_values_per_token * kv.value * context_tokens
    return int(shape.weights_bytes + shape.projector_bytes + cache + _WORKING_BYTES)


def largest_context(shape: Shape, room_bytes: int, most_tokens: int) -> int:
    """Return the largest window, in steps of 1024 tokens, that leaves the model room; 0: none.

    The cache is counted at 16 bits, which is what a processor wants.
    """
    left = room_bytes - need(shape, 0)
    if left < 0:
        return 0
    each = shape.kv_values_per_token * Kv.F16.value
    tokens = most_tokens if each == 0 else min(int(left / each), most_tokens)
    return tokens if tokens == most_tokens else tokens // 1024 * 1024


def fit(shape: Shape, hardware: Hardware, most_tokens: int = WANTED_TOKENS) -> Fit:
    """Return the best way to run a model on a machine: the window first, then the speed.

    ``most_tokens`` is the model's own window, where that is smaller than what is wanted.
    """
    found = next(_ways(shape, hardware, most_tokens), None)
    return found or _nowhere(shape, hardware, min(most_tokens, _CONTEXTS[-1]))


def gigabytes(size_bytes: float) -> str:
    """Return a size as people say it."""
    if size_bytes < GB / 10:
        return f"{size_bytes / 1_000_000:.0f} MB"
    return f"{size_bytes / GB:.1f} GB"


def _ways(shape: Shape, hardware: Hardware, most_tokens: int) -> Iterator[Fit]:
    contexts = list(dict.fromkeys(min(context, most_tokens) for context in _CONTEXTS))
    places = (Place.CARD, Place.UNIFIED, Place.SPLIT)
    for context, place in [*_pairs(contexts, places), *_pairs(contexts, (Place.RAM,))]:
        # On a processor the small cache costs more time than it saves memory.
        for kv in (Kv.F16,) if place is Place.RAM else Kv:
            room = _room(place, shape, hardware, context, kv)
            taken = need(shape, context, kv)
            if taken <= room:
                speed = _speed(place, shape)
                why = _why(place, hardware, taken, room, context, kv)
                yield Fit(place, context, kv, taken, room, speed, why)


def _pairs(contexts: list[int], places: tuple[Place, ...]) -> list[tuple[int, Place]]:
    return [(context, place) for context in contexts for place in places]


def _room(place: Place, shape: Shape, hardware: Hardware, context: int, kv: Kv) -> int:
    cards = sum(card.room_bytes for card in hardware.cards)
    match place:
        case Place.CARD:
            return cards
        case Place.UNIFIED:
            return shared_room(hardware)
        case Place.SPLIT:
            on_card = need(shape, context, kv) - int(shape.weights_bytes * (1 - _DENSE_SHARE))
            able = shape.mixture and cards >= max(on_card, _SMALLEST_CARD_BYTES)
            return cards + _plain_room(hardware) if able else 0
        case Place.RAM:
            return _plain_room(hardware)
        case Place.NOWHERE:
            return 0


def _plain_room(hardware: Hardware) -> int:
    return max(hardware.ram_free_bytes - _RAM_MARGIN_BYTES, 0)


def shared_room(hardware: Hardware) -> int:
    """Return what a model may take of memory that the graphics share; 0: they share none."""
    if not hardware.unified:
        return 0
    return hardware.unified_limit_bytes or int(hardware.ram_bytes * _UNIFIED_SHARE)


def _speed(place: Place, shape: Shape) -> Speed:
    light = shape.active_billions <= _LIGHT_BILLIONS
    match place:
        case Place.CARD:
            return Speed.FAST if light else Speed.USABLE
        case Place.UNIFIED:
            return Speed.USABLE if light else Speed.SLOW
        case Place.SPLIT:
            return Speed.USABLE
        case Place.RAM:
            small = shape.weights_bytes <= _TINY_BYTES
            return Speed.SLOW if small or (light and shape.mixture) else Speed.HOPELESS
        case Place.NOWHERE:
            return Speed.HOPELESS


def _why(place: Place, hardware: Hardware, taken: int, room: int, context: int, kv: Kv) -> str:
    where = place.value
    if place in {Place.CARD, Place.SPLIT}:
        names = ", ".join(dict.fromkeys(card.name for card in hardware.cards))
        where = f"{where} ({names})"
    cache = "" if kv is Kv.F16 else " and a KV cache of 8 bits"
    bare = "" if context >= FLOOR_TOKENS else "; small for Claude Code, which needs `--bare` then"
    return (
        f"takes {gigabytes(taken)} of {gigabytes(room)} of {where}, with a window of {context:,}"
        f" tokens{cache}{bare}"
    )


def _nowhere(shape: Shape, hardware: Hardware, context: int) -> Fit:
    cards = sum(card.room_bytes for card in hardware.cards)
    graphics, plain = max(cards, shared_room(hardware)), _plain_room(hardware)
    kv, room = (Kv.Q8_0, graphics) if graphics > plain else (Kv.F16, plain)
    taken = need(shape, context, kv)
    why = (
        f"takes {gigabytes(taken)} even with a window of {context:,} tokens, and this machine has"
        f" {gigabytes(room)} for it"
    )
    return Fit(Place.NOWHERE, context, kv, taken, room, Speed.HOPELESS, why)
