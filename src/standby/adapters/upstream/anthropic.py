"""The cloud: Anthropic's own API, spoken to in the client's own words.

A request goes out with the method, target, headers and body bytes that came in, to the one origin
of the settings, and its answer comes back as it is. What is added on the way is `Host`, and what
HTTP itself needs for this hop.
"""

from collections.abc import AsyncIterator

from aiohttp import ClientError, ClientResponse, ClientSession
from multidict import CIMultiDict
from yarl import URL

from standby.core.request import Headers, Request
from standby.core.wire.headers import Head, end_to_end, lines_of
from standby.ports import AtOnce, UpstreamError

__all__ = ["AnthropicUpstream"]

# `Host` is the cloud's own, `Content-Length` is written anew for the bytes that are sent, and
# `Expect` was answered by us.
_OF_THIS_HOP = frozenset({"host", "content-length", "expect"})


class AnthropicUpstream:
    """Passes requests to one origin."""

    def __init__(self, client: ClientSession, origin: str) -> None:
        self._client = client
        self._origin = origin.rstrip("/")

    async def send(
        self, request: Request, _at_once: AtOnce | None = None
    ) -> AsyncIterator[Head | bytes]:
        """Yield the head, then the body as it comes. Raise :class:`UpstreamError`."""
        headers = CIMultiDict(end_to_end(request.headers, less=_OF_THIS_HOP))
        try:
            # aiohttp follows redirects by default and hands `x-api-key` to wherever they lead.
            async with self._client.request(
                request.method,
                URL(self._origin + request.target, encoded=True),
                data=request.body or None,
                headers=headers,
                allow_redirects=False,
            ) as response:
                yield Head(response.status, _headers(response))
                async for data in response.content.iter_any():
                    yield data
        except TimeoutError as error:
            raise UpstreamError("the cloud did not answer in time") from error
        except (ClientError, OSError) as error:
            raise UpstreamError(f"the cloud is out of reach: {_words(error)}") from error


def _headers(response: ClientResponse) -> Headers:
    return end_to_end(lines_of(response.raw_headers), less=frozenset({"set-cookie"}))


def _words(error: Exception) -> str:
    # The text of aiohttp's errors names hosts and causes, never headers or bodies.
    return str(error) or type(error).__name__
