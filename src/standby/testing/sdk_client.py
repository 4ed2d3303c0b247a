"""The official SDK as the client of a rehearsal: ``python -m standby.testing.sdk_client``.

It makes no retries, so that whatever a retry would hide is seen.
"""

import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, cast

import anthropic

from standby.core.wire.json import JSON, dumps, loads
from standby.testing.talk import SESSION_HEADER, Spoken, TalkError, hold

if TYPE_CHECKING:
    from anthropic.types import MessageParam

__all__ = ["SdkTalker"]

_DEADLINE_S: Final = 300.0


class SdkTalker:
    """Streams with the SDK; base URL, credential and headers come from the environment."""

    def __init__(self) -> None:
        headers = {SESSION_HEADER: str(uuid.uuid4())}
        self._client = anthropic.Anthropic(
            max_retries=0, timeout=_DEADLINE_S, default_headers=headers
        )

    @property
    def name(self) -> str:
        """The SDK and its version."""
        return f"the Anthropic SDK {anthropic.__version__}"

    def ask(self, body: Mapping[str, JSON]) -> Spoken:
        """Return the streamed answer to a request, whole. Raise :class:`TalkError`."""
        rest = {name: value for name, value in body.items() if name not in _NAMED}
        match body:
            case {"model": str(model), "max_tokens": int(most), "messages": list(messages)}:
                # The SDK's types describe what the API takes; here it is plain JSON of that form.
                turns = cast("list[MessageParam]", messages)
            case _:
                raise TalkError("a request needs a model, a limit and messages")
        first_at = None
        try:
            with self._client.messages.stream(
                model=model, max_tokens=most, messages=turns, extra_body=rest
            ) as stream:
                for event in stream:
                    if first_at is None and event.type == "content_block_delta":
                        first_at = time.time()
                message = stream.get_final_message()
        except Exception as error:  # the SDK lets through what its transport raises
            raise TalkError(str(error) or type(error).__name__) from error
        return Spoken(_plain(message.to_json()), first_at)


_NAMED: Final = frozenset({"model", "max_tokens", "messages"})


def _plain(text: str) -> dict[str, JSON]:
    match loads(text):
        case dict(message):
            return message
        case other:
            raise TalkError(f"the SDK made no message of it: {dumps(other)[:80]!r}")


if __name__ == "__main__":
    hold(SdkTalker())
