"""Images for a model that cannot see: another local model that can says what is in them.

Each image is described once and the words are kept by its hash, so that they are the same on every
later turn. An image that could not be described stays a placeholder for as long.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Final

from standby.app.closing import closing
from standby.app.local.engines import Engines
from standby.app.recent import Recent
from standby.core.context.parts import Attached, attached, retold
from standby.core.models.facts import LocalModel
from standby.core.wire.asked import Asked
from standby.core.wire.headers import Head
from standby.core.wire.json import JSON, NotJSONError, loads
from standby.core.wire.purpose import Purpose
from standby.ports import AnswererError

__all__ = ["Describing"]

Ask = Callable[[LocalModel, Asked], AsyncIterator[Head | bytes]]
"""Asks a local model; raises :class:`AnswererError`."""

_WISH: Final = (
    "Describe this image for a programmer who cannot see it. First say what it shows. Then give"
    " all text in it word for word, and the layout, colours and errors that matter."
)
_TOLD: Final = "[An image, described by {}:\n{}]"
_TOKENS: Final = 700
_DESCRIBE_S: Final = 90.0
# A conversation may come over with many: the newest are what the next turn is about.
_AT_ONCE: Final = 4
_KEPT: Final = 256


class Describing:
    """Describes images, one at a time."""

    def __init__(self, engines: Engines, ask: Ask) -> None:
        self._engines = engines
        self._ask = ask
        # An empty text: it could not be described.
        self._told: Recent[str, str] = Recent(_KEPT)
        self._one = asyncio.Lock()

    async def retold(self, asked: Asked, model: LocalModel) -> Asked:
        """Return the request with its images in words, if the model cannot see and another can."""
        if model.vision is True:
            return asked
        images = [*attached(asked.value, "image")]
        seer = self._seer(model) if images else None
        if seer is not None:
            async with self._one:
                await self._describe(images, seer)
        value = retold(asked.value, self._instead) if images else asked.value
        return asked if value is asked.value else replace(asked, value=value)

    def _seer(self, blind: LocalModel) -> LocalModel | None:
        others = (each for each in self._engines.known() if each.key != blind.key)
        return next((each for each in others if each.vision is True and each.loaded), None)

    async def _describe(self, images: list[Attached], seer: LocalModel) -> None:
        new = {key: image for image in images if self._told.get(key := _key(image)) is None}
        keys = [*new]
        for key in keys[:-_AT_ONCE]:
            self._told.put(key, "")
        for key in keys[-_AT_ONCE:]:
            self._told.put(key, await self._words(new[key], seer))

    async def _words(self, image: Attached, seer: LocalModel) -> str:
        shown: JSON = {"type": "image", "source": image["source"]}
        content: JSON = [shown, {"type": "text", "text": _WISH}]
        value: dict[str, JSON] = {"messages": [{"role": "user", "content": content}]}
        asked = Asked(
            value, seer.id, stream=False, max_tokens=_TOKENS, thinks=False, purpose=Purpose.WORK
        )
        try:
            async with asyncio.timeout(_DESCRIBE_S), closing(self._ask(seer, asked)) as items:
                said = b"".join([item async for item in items if isinstance(item, bytes)])
        except (AnswererError, TimeoutError):
            return ""
        words = _text_of(said)
        return _TOLD.format(seer.id, words) if words else ""

    def _instead(self, block: Attached) -> str | None:
        if block.get("type") != "image":
            return None
        return self._told.get(_key(block)) or None


def _key(image: Attached) -> str:
    match image:
        case {"source": {"data": str(data)}}:
            return hashlib.sha256(data.encode(errors="replace")).hexdigest()
        case _:
            return ""


def _text_of(message: bytes) -> str:
    try:
        value = loads(message)
    except NotJSONError:
        return ""
    match value:
        case {"type": "message", "content": [*blocks]}:
            return "\n".join(_texts(blocks)).strip()
        case _:
            return ""


def _texts(blocks: list[JSON]) -> list[str]:
    found: list[str] = []
    for block in blocks:
        match block:
            case {"type": "text", "text": str(text)}:
                found.append(text)
            case _:
                pass
    return found
