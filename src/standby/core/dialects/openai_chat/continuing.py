"""A request for the rest of an answer: the turn of the assistant that somebody else began.

A server that goes on with an unfinished turn gets it as the last message, and begins with the very
next word. It cannot do so within a turn that it must begin itself: with thinking, or in JSON.
"""

from dataclasses import replace
from typing import Final

from standby.core.dialects.openai_chat.plan import Plan
from standby.core.models.choose import family_of
from standby.core.models.facts import LocalModel
from standby.core.models.sampling import Switch
from standby.core.wire.asked import Asked
from standby.core.wire.json import JSON

__all__ = ["can_go_on", "going_on", "in_plain_words"]

_BYTES_A_TOKEN: Final = 4
_LEAST_TOKENS: Final = 256
"""The first answer's share of the limit is estimated; this much is left in any case."""
_ALWAYS_THINKS: Final = frozenset({Switch.NONE, Switch.EFFORT})


def can_go_on(model: LocalModel) -> bool:
    """Whether a model can go on with words that are not its own."""
    family = family_of(model.id)
    cannot_stop = family is not None and family.switch in _ALWAYS_THINKS
    return model.continues and not (model.reasoning is True and cannot_stop)


def in_plain_words(plan: Plan) -> bool:
    """Whether the answer is text, and not JSON that would have to begin anew."""
    return not (plan.formed or plan.in_words)


def going_on(asked: Asked, said: str) -> Asked:
    """Return the request for what comes after ``said``.

    White space at its end is left out: most models know words with the space in front of them, and
    fall silent or go astray behind a space of its own.
    """
    said = said.rstrip()
    if not said:
        return asked
    turns = asked.value.get("messages")
    messages: list[JSON] = list(turns) if isinstance(turns, list) else []
    match messages:
        case [*_, {"role": "assistant", "content": str(before)}]:
            messages[-1] = {"role": "assistant", "content": before + said}
        case _:
            messages.append({"role": "assistant", "content": said})
    value: dict[str, JSON] = {**asked.value, "messages": messages, "thinking": {"type": "disabled"}}
    return replace(asked, value=value, thinks=False, max_tokens=_left(asked.max_tokens, said))


def _left(limit: int | None, said: str) -> int | None:
    if limit is None:
        return None
    spent = len(said.encode(errors="replace")) // _BYTES_A_TOKEN
    return max(limit - spent, min(limit, _LEAST_TOKENS))
