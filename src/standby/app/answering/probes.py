"""Claude Code's check of a typed ``/model NAME``, answered by the gateway itself.

It sends one token's worth of work, and any error makes ``/model`` fail; so it is answered at once,
whatever the cloud and the engines are doing.
"""

from standby.core.handback import marks
from standby.core.wire.headers import SERVED_BY, Head
from standby.core.wire.json import JSON, dumps
from standby.ports import Dice

__all__ = ["probe_answer"]


def probe_answer(model: str, dice: Dice) -> tuple[Head, bytes]:
    """Return the shortest good answer of a model."""
    lines = (
        ("Content-Type", "application/json"),
        ("request-id", dice.mint("req_sb", 20)),
        (SERVED_BY, "gateway"),
    )
    message: dict[str, JSON] = {
        "id": dice.mint(marks.MESSAGE, marks.ID_LENGTH),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "max_tokens",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    return Head(200, lines), dumps(message)
