"""The front door for clients that speak Anthropic Messages, and for all that only passes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from standby.core.request import Caller, Request
from standby.ports import Wire

__all__ = ["MessagesDoor", "Serve"]

Serve = Callable[[Request, Caller, Wire], Awaitable[None]]
"""A use case: answers one request over a wire."""


@dataclass(frozen=True, slots=True)
class MessagesDoor:
    """Finds what a request asks for by its method and path."""

    answer: Serve
    count: Serve
    models: Serve
    model: Serve
    otherwise: Serve

    async def serve(self, request: Request, caller: Caller, wire: Wire) -> None:
        """Answer a request."""
        match request.method, request.path:
            case "POST", "/v1/messages":
                await self.answer(request, caller, wire)
            case "POST", "/v1/messages/count_tokens":
                await self.count(request, caller, wire)
            case "GET", "/v1/models":
                await self.models(request, caller, wire)
            case "GET", path if path.startswith("/v1/models/"):
                await self.model(request, caller, wire)
            case _:
                await self.otherwise(request, caller, wire)
