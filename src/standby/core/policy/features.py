"""What is read of a body for a decision: each thing once, and only when a rule asks for it."""

from collections.abc import Mapping
from functools import cached_property

from standby.core.policy.loops import Loop, looping
from standby.core.policy.needs import Needs, in_tool_loop, needs_of
from standby.core.policy.workload import Guess, guessed
from standby.core.wire.json import JSON

__all__ = ["NOTHING", "Features"]

# What a token of a body comes to in bytes, about: enough to tell what cannot fit.
_BYTES_A_TOKEN = 4


class Features:
    """The features of one request body."""

    def __init__(self, value: Mapping[str, JSON], size: int, tokens: int | None = None) -> None:
        """``size`` is the body's length in bytes; ``tokens`` what it comes to, where known."""
        self._value = value
        self.tokens = size // _BYTES_A_TOKEN if tokens is None else tokens

    @cached_property
    def needs(self) -> Needs:
        """The abilities that it asks for."""
        return needs_of(self._value)

    @cached_property
    def in_loop(self) -> bool:
        """Whether it brings the result of a call: a turn is under way."""
        return in_tool_loop(self._value)

    @cached_property
    def loop(self) -> Loop | None:
        """How a local model goes round in circles in this turn; ``None``: it does not."""
        return looping(self._value) if self.in_loop else None

    @cached_property
    def workload(self) -> Guess:
        """What kind of work it is."""
        return guessed(self._value)


NOTHING = Features({}, 0)
"""Of a body that has not been read."""
