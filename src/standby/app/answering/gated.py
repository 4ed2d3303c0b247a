"""An answerer behind a gate."""

from collections.abc import AsyncIterator, Callable

from standby.app.closing import closing
from standby.core.request import Request
from standby.core.wire.headers import Head
from standby.ports import Answerer

__all__ = ["Gated"]


class Gated:
    """Asks its answerer only once a check, made when it is asked itself, has let the request by."""

    def __init__(self, check: Callable[[], None], answerer: Answerer) -> None:
        self._check = check
        """Raises :class:`AnswererError` to turn the request away."""
        self._answerer = answerer

    async def answer(self, request: Request, said: str) -> AsyncIterator[Head | bytes]:
        """Yield what the answerer yields, or raise what the check raises."""
        self._check()
        async with closing(self._answerer.answer(request, said)) as items:
            async for item in items:
                yield item
