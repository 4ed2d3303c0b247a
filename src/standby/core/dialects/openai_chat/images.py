"""Images: as data URIs, for models that see.

A URL from a conversation is never handed to a local server: it would fetch it, also from the
networks that only this machine can reach.
"""

from standby.core.wire.json import JSON

__all__ = ["image_part"]


def image_part(block: JSON) -> JSON:
    """Return the content part for an image block; ``None`` for one that cannot be shown."""
    match block:
        case {
            "type": "image",
            "source": {"type": "base64", "media_type": str(kind), "data": str(data)},
        } if kind.startswith("image/"):
            return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}"}}
        case _:
            return None
