"""The front door for clients that speak Anthropic Messages, and for all that goes to the cloud as is."""

from typing import Protocol

from standby.core.request import Caller, Request
from standby.ports import Wire

__all__ = ["MessagesDoor", "Service"]


class Service(Protocol):
    """What this door needs of the application."""

    async def answer(self, request: Request, caller: Caller, wire: Wire) -> None:
        """Answer a Messages request, by the cloud or by a local model."""

    async def count(self, request: Request, caller: Caller, wire: Wire) -> None:
        """Say how many tokens a Messages request has."""

    async def models(self, request: Request, caller: Caller, wire: Wire) -> None:
        """List the cloud's models and the local ones."""

    async def pass_on(self, request: Request, caller: Caller, wire: Wire) -> None:
        """Pass any other request to the cloud, and its answer back, as they are."""


class MessagesDoor:
    """Finds what a request asks for by its method and path."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def serve(self, request: Request, caller: Caller, wire: Wire) -> None:
        """Answer a request over a wire."""
        match request.method, request.path:
            case "POST", "/v1/messages":
                await self._service.answer(request, caller, wire)
            case "POST", "/v1/messages/count_tokens":
                await self._service.count(request, caller, wire)
            case "GET", "/v1/models":
                await self._service.models(request, caller, wire)
            case _:
                await self._service.pass_on(request, caller, wire)
