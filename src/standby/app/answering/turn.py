"""One Messages request under way, with what is known of it so far.

What is done with it is the business of :mod:`standby.app.answering.switch`.
"""

from dataclasses import dataclass
from functools import cached_property

from standby.app.bookkeeping import Booking
from standby.app.policy import Asking
from standby.app.waiting import Waiting
from standby.core.policy.names import is_local_name
from standby.core.request import Caller, Request
from standby.core.wire import asked
from standby.core.wire.asked import Asked, Malformed

__all__ = ["Turn"]


# No slots: what is read of the body is kept beside it.
@dataclass(frozen=True)
class Turn:
    """One Messages request under way."""

    request: Request
    caller: Caller
    model: str
    stream: bool
    booking: Booking
    waiting: Waiting
    known: Asked | None = None
    """The whole of the body, where it has been read already."""

    @property
    def asking(self) -> Asking:
        """The request, with its body if that has been read."""
        read = self.__dict__.get("whole", self.known)
        return self._read if isinstance(read, Asked) else self._unread

    @cached_property
    def _unread(self) -> Asking:
        return Asking(self.request, self.caller, self.model)

    @cached_property
    def _read(self) -> Asking:
        return Asking(self.request, self.caller, self.model, self.body)

    @cached_property
    def whole(self) -> Asked | Malformed:
        """The body, or what is wrong with it; read when it is first wanted."""
        return self.known or asked.read(self.request.body, self.request.headers)

    @property
    def body(self) -> Asked:
        """The whole of the body. It was seen to be well-formed before this is asked for."""
        match self.whole:
            case Malformed(why):
                raise ValueError(why)
            case Asked() as body:
                return body

    @property
    def session(self) -> str:
        """Which conversation of the client it belongs to, or nothing where it does not say."""
        return self.asking.session

    @property
    def is_agents(self) -> bool:
        """Whether a part of the client's own asks, beside the conversation with the person."""
        return bool(self.request.header("x-claude-code-agent-id"))

    @property
    def by_hand(self) -> bool:
        """Whether the request names a local model."""
        return is_local_name(self.model)
