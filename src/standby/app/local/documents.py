"""Documents as text, for local models: none of them takes a file.

Each is read once, and its text is kept by its hash while conversations last. What cannot be read
stays in place, and the dialect names it as omitted.
"""

import hashlib
from dataclasses import replace
from typing import Final

from standby.app.recent import Recent
from standby.core.context.cut import ends
from standby.core.context.parts import Attached, attached, data_of, retold
from standby.core.models.facts import LocalModel
from standby.core.wire.asked import Asked
from standby.ports import Documents

__all__ = ["Reading"]

_TOLD: Final = "[Document {}]\n{}"
_LONGEST: Final = 400_000
"""Characters: beyond it no local window would have room."""
_KEPT: Final = 64


class Reading:
    """Puts the text of documents in their place."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        # An empty text: it could not be read.
        self._texts: Recent[str, str] = Recent(_KEPT)

    async def retold(self, asked: Asked, _model: LocalModel) -> Asked:
        """Return the request with its documents as text, as far as they can be read."""
        texts: dict[str, str] = {}
        for document in attached(asked.value, "document"):
            key = _key(document)
            texts[key] = await self._text(key, data_of(document) or b"")
        if not any(texts.values()):
            return asked

        def instead(block: Attached) -> str | None:
            text = texts.get(_key(block), "") if block.get("type") == "document" else ""
            return _TOLD.format(_title(block), text) if text else None

        return replace(asked, value=retold(asked.value, instead))

    async def _text(self, key: str, data: bytes) -> str:
        text = self._texts.get(key)
        if text is None:
            text = await self._documents.text(data) or ""
            text = ends(text, _LONGEST, 0)
            self._texts.put(key, text)
        return text


def _key(document: Attached) -> str:
    match document:
        case {"source": {"data": str(data)}}:
            return hashlib.sha256(data.encode(errors="replace")).hexdigest()
        case _:
            return ""


def _title(document: Attached) -> str:
    match document:
        case {"title": str(title)} if title:
            return f"“{title}”"
        case _:
            return "without a title"
