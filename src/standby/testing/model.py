"""The mind of the fake cloud: takes a request, returns its faults or a signed, priced answer."""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from standby.core.usage import Tokens
from standby.core.wire.json import JSON, dumps
from standby.core.wire.rules import violations
from standby.testing.answers import Answer
from standby.testing.meter import Meter
from standby.testing.scripts import Block, Conversation, Redacted, Script, Text, Thinking, ToolUse
from standby.testing.signatures import Chain, Signer

__all__ = ["Model"]

_LETTERS: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ID_LENGTH: Final = 22


@dataclass(slots=True)
class Model:
    """Answers as a script says; the same again for the same key, script and order of requests."""

    script: Script
    key: bytes = field(repr=False)
    turns: int = 0
    """Answers so far."""
    _minted: int = 0
    _meter: Meter = field(default_factory=Meter)

    def mint(self, prefix: str) -> str:
        """Return an id that was never given before."""
        self._minted += 1
        digest = hmac.digest(self.key, f"{prefix}{self._minted}".encode(), hashlib.sha256)
        return prefix + "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:_ID_LENGTH])

    def refuses(self, account: str, value: Mapping[str, JSON], *, counting: bool) -> str:
        """Return the first rule that a request breaks, in the API's words; empty when none."""
        signer, chain = Signer(self.key), Chain(account)
        broken = violations(
            value,
            signature_ok=signer.knows,
            binds=lambda signature, prefix: signer.bound_to(signature) == chain.digest(prefix),
            redacted_ok=signer.knows,
            counting=counting,
        )
        return broken[0] if broken else ""

    def answer(self, account: str, value: Mapping[str, JSON], *, caches: bool) -> Answer:
        """Return the next answer. ``caches``: the request has cache marks."""
        self.turns += 1
        chain = Chain(account)
        spoken = self.script(Conversation(value, self.turns))
        blocks = list(self._blocks(value, spoken, chain))
        prompt = self._meter.prompt(value, chain, caches=caches)
        return Answer(
            id=self.mint("msg_01"),
            model=str(value.get("model")),
            blocks=blocks,
            stop_reason=_stop_reason(value, spoken),
            usage=prompt + Tokens(output=max(1, len(dumps([*map(dict, blocks)])) // 4)),
        )

    def _blocks(
        self, value: Mapping[str, JSON], spoken: Sequence[Block], chain: Chain
    ) -> Iterator[dict[str, JSON]]:
        told: list[JSON] = []
        for block in spoken:
            made = self._block(block, lambda: chain.digest(_prefix(value, told)))
            told.append(made)
            yield made

    def _block(self, block: Block, digest: Callable[[], bytes]) -> dict[str, JSON]:
        match block:
            case Text(text):
                return {"type": "text", "text": text}
            case Thinking(thinking):
                signature = Signer(self.key).sign(digest())
                return {"type": "thinking", "thinking": thinking, "signature": signature}
            case Redacted():
                return {"type": "redacted_thinking", "data": Signer(self.key).sign(digest())}
            case ToolUse(name, given):
                call = self.mint("toolu_01")
                return {"type": "tool_use", "id": call, "name": name, "input": dict(given)}


def _prefix(value: Mapping[str, JSON], told: Sequence[JSON]) -> list[JSON]:
    messages = value.get("messages")
    before = list(messages) if isinstance(messages, list) else []
    return [*before, {"role": "assistant", "content": list(told)}] if told else before


def _stop_reason(value: Mapping[str, JSON], spoken: Sequence[Block]) -> str:
    if any(isinstance(block, ToolUse) for block in spoken):
        return "tool_use"
    return "max_tokens" if value.get("max_tokens") == 1 else "end_turn"
