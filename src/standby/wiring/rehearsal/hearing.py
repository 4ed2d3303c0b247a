"""What a rehearsal hears: the client's answers, and the requests that reached the fake cloud."""

from standby.app.drill.stage import Answer, Heard, StageError
from standby.core.handback import marks
from standby.core.wire.json import JSON, NotJSONError, loads
from standby.testing.log import Received

__all__ = ["TroubleError", "answer", "heard", "text", "thoughts", "under"]


class TroubleError(Exception):
    """The client tells of an error that it saw; the message is its words."""


def answer(event: JSON) -> Answer:
    """Return the answer that a client tells of. Raise TroubleError when it tells of an error."""
    match event:
        case {
            "event": "answer",
            "model": str(model),
            "asked_at": float(asked_at),
            "ended_at": float(ended_at),
            "text": str(text),
            "calls": list(calls),
            "notice": str(notice),
        }:
            return Answer(
                model=model,
                asked_at=asked_at,
                ended_at=ended_at,
                first_at=_number(event, "first_at"),
                text=text,
                calls=tuple(call for call in calls if isinstance(call, str)),
                notice=notice,
            )
        case {"event": "trouble", "words": str(words)}:
            raise TroubleError(words)
        case other:
            raise StageError(f"the client said what nobody understands: {other!r}")


def heard(received: Received) -> Heard:
    """Return what a request that came to the cloud says of the conversation."""
    return Heard(
        at=received.at,
        status=received.status,
        refused=received.refused,
        why=received.why,
        marked=marks.SIGNATURE.encode() in received.body,
        thoughts=thoughts(received.body),
    )


def thoughts(body: bytes) -> int:
    """Return how many thinking blocks in a request are not ours."""
    try:
        value = loads(body)
    except NotJSONError:
        return 0
    messages = value.get("messages") if isinstance(value, dict) else None
    return sum(
        _is_thought(block)
        for message in (messages if isinstance(messages, list) else [])
        for block in _blocks(message)
    )


def _blocks(message: JSON) -> list[JSON]:
    match message:
        case {"role": "assistant", "content": list(blocks)}:
            return blocks
        case _:
            return []


def _is_thought(block: JSON) -> bool:
    match block:
        case {"type": "thinking", "signature": str(signature)}:
            return not marks.ours(signature)
        case _:
            return False


def under(said: JSON, name: str) -> JSON:
    """Return what stands under a name; ``None``: nothing."""
    return said.get(name) if isinstance(said, dict) else None


def text(said: JSON, name: str) -> str:
    """Return the text under a name; empty: there is none."""
    value = under(said, name)
    return value if isinstance(value, str) else ""


def _number(said: JSON, name: str) -> float | None:
    value = under(said, name)
    return value if isinstance(value, float) else None
