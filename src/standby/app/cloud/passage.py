"""Every path that is none of ours: to the cloud as it is, and back as it comes."""

from contextlib import aclosing
from typing import Final

from standby.app.cloud.candidate import Line, labelled
from standby.core.request import Caller, Request
from standby.core.wire import errors
from standby.ports import UpstreamError, Wire

__all__ = ["Passage"]

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class Passage:
    """Passes requests on without looking into them, and without holding anything back."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def pass_on(self, request: Request, _caller: Caller, wire: Wire) -> None:
        """Send the cloud's answer, or say that the cloud cannot be reached."""
        try:
            await self._pass_on(request, wire)
        except UpstreamError as error:
            if wire.begun:
                await wire.abort()  # the only honest end of a body that is cut
            else:
                await wire.deliver(*errors.answer(502, str(error)))

    async def _pass_on(self, request: Request, wire: Wire) -> None:
        answer = self._line.items(request, head_s=self._line.deadlines.whole_s)
        async with aclosing(answer) as items:
            async for item in items:
                if isinstance(item, bytes):
                    await wire.send(item)
                elif item.status in _REDIRECTS:
                    # A client that follows it would hand a prompt, or a key, to wherever it leads.
                    raise UpstreamError(f"the cloud's door answered {item.status}: a redirect")
                else:
                    await wire.start(labelled(item))
        await wire.finish()
