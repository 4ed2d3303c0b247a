"""Which small model may guess for a large one: speculative decoding with a draft model.

The small one writes a few tokens, the large one checks them all at once, and keeps those that it
would have written itself. So it must cut text in the same way, and be much quicker. Whether it
brings anything is measured, in :mod:`standby.app.comparing`.
"""

from typing import Final

from standby.core.models.fit import Hardware, shared_room
from standby.core.models.gguf import Header, ReadAt

__all__ = ["may_draft", "room_bytes", "speak_alike"]

# A guess costs as much as its model weighs. Pairs that makers recommend differ by 8 and more.
_SMALLER: Final = 5
# llama.cpp takes vocabularies that differ by so many tokens, which fill one up to a round number
# (SPEC_VOCAB_MAX_SIZE_DIFFERENCE).
_FILLING: Final = 128
_READ_BYTES: Final = 1024 * 1024


def may_draft(large: Header, small: Header) -> bool:
    """Whether a model is small enough to guess for another, and may cut text in the same way."""
    if large.words is None or small.words is None or not small.serves or small.parts > 1:
        return False
    return (
        small.size_bytes * _SMALLER <= large.size_bytes
        and large.words.tokenizer == small.words.tokenizer
        and abs(large.words.tokens - small.words.tokens) <= _FILLING
    )


def room_bytes(hardware: Hardware) -> int:
    """Return the memory that a pair may take where there is most: on cards, shared or plain."""
    cards = sum(card.room_bytes for card in hardware.cards)
    return max(hardware.ram_free_bytes, cards, shared_room(hardware))


def speak_alike(large: Header, read_large: ReadAt, small: Header, read_small: ReadAt) -> bool:
    """Whether two models have the same tokens at the same numbers, but for what fills one up.

    Reads both vocabularies, a few megabytes; what that raises goes through.
    """
    if large.words is None or small.words is None:
        return False
    both = min(large.words.size_bytes, small.words.size_bytes)
    for done in range(0, both, _READ_BYTES):
        count = min(_READ_BYTES, both - done)
        one = read_large(large.words.at + done, count)
        if len(one) < count or one != read_small(small.words.at + done, count):
            return False
    return both > 0
