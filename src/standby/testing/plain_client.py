"""The smallest client of the Messages API, for machines that have no other.

``python -m standby.testing.plain_client``. Like the SDK it takes base URL, credential and headers
from the environment.
"""

import http.client
import os
import time
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from standby.core.wire.assemble import assemble
from standby.core.wire.errors import message_of
from standby.core.wire.json import JSON, dumps, loads
from standby.core.wire.sse import Decoder, Frame
from standby.testing.talk import SESSION_HEADER, Spoken, TalkError, hold

__all__ = ["PlainTalker"]

_DEADLINE_S: Final = 300.0
_READ_BYTES: Final = 65_536
_ERROR_BYTES: Final = 65_536


class PlainTalker:
    """Streams over one connection for each request; knows no retry and no redirect."""

    name = "a plain client of standby's own"

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._url = urlsplit(environment.get("ANTHROPIC_BASE_URL", ""))
        self._headers = {
            "Content-Type": "application/json",
            "anthropic-version": "2023-06-01",
            "Authorization": f"Bearer {environment.get('ANTHROPIC_AUTH_TOKEN', '')}",
            SESSION_HEADER: str(uuid.uuid4()),
            **_lines(environment.get("ANTHROPIC_CUSTOM_HEADERS", "")),
        }

    def ask(self, body: Mapping[str, JSON]) -> Spoken:
        """Return the streamed answer to a request, whole. Raise :class:`TalkError`."""
        connection = http.client.HTTPConnection(
            self._url.hostname or "", self._url.port or 80, timeout=_DEADLINE_S
        )
        try:
            connection.request(
                "POST", "/v1/messages", dumps({**body, "stream": True}), self._headers
            )
            return _spoken(connection.getresponse())
        except (OSError, http.client.HTTPException) as error:
            raise TalkError(f"no answer: {str(error) or type(error).__name__}") from error
        finally:
            connection.close()


def _spoken(response: http.client.HTTPResponse) -> Spoken:
    if response.status != HTTPStatus.OK:
        said = response.read(_ERROR_BYTES)
        why = message_of(said) or said.decode(errors="replace")[:200]
        raise TalkError(f"{response.status} {why}")
    decoder, frames = Decoder(), list[Frame]()
    first_at = None
    while data := response.read1(_READ_BYTES):
        came = decoder.receive_data(data)
        if first_at is None and any(frame.name == "content_block_delta" for frame in came):
            first_at = time.time()
        frames += came
    whole = assemble(frames)
    if whole is None:
        raise TalkError(_broken(frames))
    match loads(whole):
        case dict(message):
            return Spoken(message, first_at)
        case _:
            raise TalkError("the answer is not a message")


def _broken(frames: list[Frame]) -> str:
    said = [message_of(frame.data.encode()) for frame in frames if frame.name == "error"]
    return (said[-1] if said else "") or "the stream broke off"


def _lines(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.split("\n") if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


if __name__ == "__main__":
    hold(PlainTalker(os.environ))
