"""How our own engine is to run a model on this machine: from its hardware and the model's header.

The rules are few, and each rests on a measurement or on memory that is not there. `standby bench
local --compare` measures whether another choice is better on one machine.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from standby.core.models.fit import GB, Hardware, Kv, Shape, gigabytes, need, shared_room
from standby.core.wire.json import JSON

__all__ = [
    "BATCH",
    "CACHE_MIB",
    "MIB",
    "Drafts",
    "Tuning",
    "read_tuning",
    "retuned",
    "shortage",
    "tune",
    "tuning_json",
]

MIB: Final = 1024 * 1024
"""One, in bytes."""
CACHE_MIB: Final = 8192
"""What llama.cpp takes for its cache of prompts when nobody says: the most that we give it."""
_CACHE_STEP_MIB: Final = 64
# Of the machine's memory for prompts that rest; and of what the model leaves free.
_CACHE_OF_ALL: Final = 1 / 8
_CACHE_OF_REST: Final = 1 / 2
# One core stays for the client and the desktop, where there are enough of them.
_MANY_CORES: Final = 4
# A checkpoint of a hybrid model holds its recurrent state: some 0.9 GB of one with 27 billion.
_CHECKPOINTS: Final = ((64 * GB, 32), (24 * GB, 16), (12 * GB, 8), (0, 4))
BATCH: Final = 2048
"""Tokens that llama.cpp reads in one go, unless told otherwise."""
_MICRO_BATCH: Final = 512
# What was kept and is beyond these was not written by us.
_MOST_THREADS: Final = 1024
_MOST_BATCH: Final = 65_536


class Drafts(Enum):
    """How the next tokens are guessed, so that several are checked at once; no model is needed.

    They are llama.cpp's names. What is written does not change: a guess counts only where the model
    would have written the same.
    """

    NONE = "none"
    SIMPLE = "ngram-simple"
    """What followed the last tokens where they stood before."""
    MOD = "ngram-mod"
    """The same by a table that all conversations share."""
    MAP = "ngram-map-k4v"
    """Only what followed them more often than anything else; it guesses less, and is seldom wrong
    (measured: 182 of 182 guesses were right, 85 of 199 of the first way)."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What the engine is started with. ``None``: it chooses by itself, as the model allows."""

    threads: int
    """Threads that compute, at most one for each core: two on one core slow each other down."""
    layers_on_card: int | None = None
    """``None``: as many as fit; 0 where there is no card."""
    flash_attention: bool | None = None
    """Off made reading 1.6 times slower on a processor (measured); llama.cpp turns it on where the
    model allows it, and must have it for a small cache."""
    kv: Kv = Kv.F16
    """Eight bits made reading 4.6 times slower on a processor (measured)."""
    batch: int = BATCH
    micro_batch: int = _MICRO_BATCH
    cache_mib: int = 1024
    """Memory for prompts of conversations that rest, in MiB."""
    checkpoints: int = 8
    """How many states of a conversation are kept, for models that cannot go back by themselves."""
    drafts: Drafts = Drafts.NONE
    """How the next tokens are guessed."""
    drafter: str = ""
    """The small model that guesses them in place of that, by its name; empty: none."""
    measured: str = ""
    """Which trial of a bench it was taken from; empty: it was computed."""

    @property
    def words(self) -> str:
        """The settings in a line."""
        card = {None: "layers on the card as they fit", 0: "no card"}
        flash = {None: "flash attention where it can", True: "flash attention", False: "no flash"}
        return ", ".join(
            (
                f"{self.threads} threads",
                card.get(self.layers_on_card, f"{self.layers_on_card} layers on the card"),
                flash[self.flash_attention],
                f"KV {self.kv.name.lower()}",
                f"batch {self.batch}/{self.micro_batch}",
                f"prompt cache {self.cache_mib} MiB",
                f"{self.checkpoints} checkpoints",
                *((f"drafts by {self.guessing}",) if self.guessing else ()),
            )
        )

    @property
    def guessing(self) -> str:
        """What guesses the next tokens; empty: nothing does."""
        return self.drafter or ("" if self.drafts is Drafts.NONE else self.drafts.value)


def tune(shape: Shape, hardware: Hardware, context_tokens: int) -> Tuning:
    """Return the settings for a model with a window on a machine."""
    graphics = bool(hardware.cards) or hardware.unified
    kv = _kv(shape, hardware, context_tokens)
    taken = need(shape, context_tokens, kv)
    return Tuning(
        threads=_threads(hardware.cores),
        layers_on_card=None if graphics else 0,
        flash_attention=True if kv is Kv.Q8_0 else None,
        kv=kv,
        cache_mib=_cache_mib(hardware.ram_bytes, taken),
        checkpoints=next(count for least, count in _CHECKPOINTS if hardware.ram_bytes >= least),
    )


def retuned(computed: Tuning, found: Tuning) -> Tuning:
    """Return the computed settings with what a bench found to be faster.

    How much memory is taken stays as it was computed: for the window and the machine of this start.
    """
    return replace(
        computed,
        threads=found.threads,
        flash_attention=found.flash_attention,
        kv=found.kv,
        batch=found.batch,
        micro_batch=found.micro_batch,
        drafts=found.drafts,
        drafter=found.drafter,
        measured=found.measured,
    )


def tuning_json(tuning: Tuning) -> dict[str, JSON]:
    """Return what :func:`retuned` takes of settings, for a file."""
    return {
        "threads": tuning.threads,
        "flash_attention": tuning.flash_attention,
        "kv": tuning.kv.name,
        "batch": tuning.batch,
        "micro_batch": tuning.micro_batch,
        "drafts": tuning.drafts.value,
        "drafter": tuning.drafter,
        "measured": tuning.measured,
    }


def read_tuning(value: JSON) -> Tuning | None:
    """Return settings that were kept; ``None``: they are none that we understand."""
    match value:
        case {
            "threads": int(threads),
            "flash_attention": bool() | None as flash,
            "kv": str(kv),
            "batch": int(batch),
            "micro_batch": int(micro),
            "drafts": str(drafts),
            "measured": str(measured),
            **others,
        } if kv in Kv.__members__ and drafts in {each.value for each in Drafts}:
            drafter = others.get("drafter", "")  # older files say none
            sound = 1 <= threads <= _MOST_THREADS and 1 <= micro <= batch <= _MOST_BATCH
            if not sound or isinstance(threads, bool) or not isinstance(drafter, str):
                return None
            return Tuning(
                threads,
                flash_attention=flash,
                kv=Kv[kv],
                batch=batch,
                micro_batch=micro,
                drafts=Drafts(drafts),
                drafter=drafter,
                measured=measured,
            )
        case _:
            return None


def shortage(shape: Shape, ram_free_bytes: int, least_tokens: int) -> str:
    """Return why a model cannot be started in the memory that is free now; empty: it can.

    What any use of it takes is counted, and no more: weights, and the cache of a small window.
    """
    taken = int(shape.weights_bytes + shape.kv_values_per_token * Kv.F16.value * least_tokens)
    if taken <= ram_free_bytes:
        return ""
    return (
        f"takes {gigabytes(taken)} of memory, and {gigabytes(ram_free_bytes)} are free now; close"
        " other programs, or choose a smaller model (`standby models`)"
    )


def _threads(cores: int) -> int:
    return max(cores - 1 if cores > _MANY_CORES else cores, 1)


def _kv(shape: Shape, hardware: Hardware, context_tokens: int) -> Kv:
    """Return 8 bits only where graphics compute and 16 do not fit."""
    if hardware.unified:
        room = shared_room(hardware)
    elif hardware.cards:
        room = sum(card.room_bytes for card in hardware.cards)
    else:
        return Kv.F16
    wide, small = need(shape, context_tokens), need(shape, context_tokens, Kv.Q8_0)
    return Kv.Q8_0 if small <= room < wide else Kv.F16


def _cache_mib(ram_bytes: int, taken_bytes: int) -> int:
    room = min(ram_bytes * _CACHE_OF_ALL, max(ram_bytes - taken_bytes, 0) * _CACHE_OF_REST)
    return min(int(room / MIB) // _CACHE_STEP_MIB * _CACHE_STEP_MIB, CACHE_MIB)
