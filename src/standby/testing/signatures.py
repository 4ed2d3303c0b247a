"""Signatures of thinking, bound to the account and to the conversation that precedes it.

The real ones are opaque. These carry a digest of what came before and a proof that this cloud wrote
it, so that any cloud with the same key knows them again and can say what is wrong: not ours at all,
or not from here. A conversation is compared as the API reads it: without cache marks, a text and a
list of one text block being the same.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from standby.core.wire.json import JSON, dumps

__all__ = ["Chain", "Signer", "canonical"]

# With the two digests a multiple of three: no letter of the base64 text has bits to spare.
_HEAD: Final = b"\x12\x90\x02\x0a\x40"
_DIGEST: Final = 32


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs thinking, and knows its signatures again."""

    key: bytes = field(repr=False)

    def sign(self, digest: bytes) -> str:
        """Return a signature for the thinking that follows a conversation with this digest."""
        return base64.b64encode(_HEAD + digest + self._proof(digest)).decode()

    def bound_to(self, signature: str) -> bytes | None:
        """Return the digest that a signature was made for; ``None`` when this cloud made none."""
        try:
            raw = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            return None
        head, rest = raw[: len(_HEAD)], raw[len(_HEAD) :]
        digest, proof = rest[:_DIGEST], rest[_DIGEST:]
        if head != _HEAD or not hmac.compare_digest(proof, self._proof(digest)):
            return None
        return digest

    def knows(self, signature: str) -> bool:
        """Tell whether this cloud made a signature, or the data of a redacted block."""
        return self.bound_to(signature) is not None

    def _proof(self, digest: bytes) -> bytes:
        return hmac.digest(self.key, digest, "sha256")


@dataclass(slots=True)
class Chain:
    """The digests of one conversation and of all its beginnings, each computed once."""

    account: str
    _links: list[tuple[JSON, bytes]] = field(default_factory=list[tuple[JSON, bytes]])

    def digest(self, prefix: Sequence[JSON]) -> bytes:
        """Return the digest of some messages. Asked with longer ones, only what is new is read."""
        last = hashlib.sha256(self.account.encode()).digest()
        for at, message in enumerate(prefix):
            if at >= len(self._links) or self._links[at][0] is not message:
                del self._links[at:]
                link = hashlib.sha256(last + dumps(canonical(message))).digest()
                self._links.append((message, link))
            last = self._links[at][1]
        return last


def canonical(message: JSON) -> JSON:
    """Return the role and the blocks of a message as the API reads them."""
    match message:
        case {"role": role, "content": str(text)}:
            return [role, [_ordered({"type": "text", "text": text})]]
        case {"role": role, "content": list(blocks)}:
            return [role, [_block(block) for block in blocks]]
        case _:
            return _ordered(message)


def _block(block: JSON) -> JSON:
    if not isinstance(block, dict):
        return block
    match block:
        case {"type": "thinking", "signature": signature}:
            # Clients may leave the words out: the signature is the block.
            return ["thinking", signature]
        case {"type": "tool_result", "content": str(text)}:
            parts: list[JSON] = [_block({"type": "text", "text": text})]
            return _plain({**block, "content": parts})
        case {"type": "tool_result", "content": list(inner)}:
            return _plain({**block, "content": [_block(part) for part in inner]})
        case _:
            return _plain(block)


def _plain(block: dict[str, JSON]) -> JSON:
    """Return a block without its cache mark and without fields that say nothing."""
    kept: dict[str, JSON] = {
        name: value
        for name, value in block.items()
        if name != "cache_control" and value is not None
    }
    return _ordered(kept)


def _ordered(value: JSON) -> JSON:
    match value:
        case dict():
            return {name: _ordered(value[name]) for name in sorted(value)}
        case list():
            return [_ordered(one) for one in value]
        case _:
            return value
