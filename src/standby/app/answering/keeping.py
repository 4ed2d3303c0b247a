"""What must not leave this machine: it is answered without the cloud, or refused."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from standby.core.request import NOBODY, Caller, Request
from standby.core.wire import errors
from standby.ports import Wire

__all__ = ["FORBIDDEN", "Keeping"]

FORBIDDEN: Final = 403

Serve = Callable[[Request, Caller, Wire], Awaitable[None]]


class Keeping:
    """Stands in front of the use cases that would ask the cloud without asking the policy."""

    def __init__(self, stays_here: Callable[[Request, Caller], str]) -> None:
        self._stays_here = stays_here
        """Says why a request must not leave; an empty string where it may."""

    def here(self, serve: Serve) -> Serve:
        """Return a use case that is asked as by somebody without an account at the cloud."""

        async def kept(request: Request, caller: Caller, wire: Wire) -> None:
            if self._stays_here(request, caller):
                caller = replace(caller, account=NOBODY)
            await serve(request, caller, wire)

        return kept

    def refused(self, serve: Serve) -> Serve:
        """Return a use case that is not asked at all for what must not leave."""

        async def kept(request: Request, caller: Caller, wire: Wire) -> None:
            if why := self._stays_here(request, caller):
                await wire.deliver(*errors.answer(FORBIDDEN, why))
            else:
                await serve(request, caller, wire)

        return kept
