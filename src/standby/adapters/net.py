"""The one HTTP client: its limits and deadlines, and what it must never do."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

__all__ = ["READ_BYTES", "http_client", "trusted"]

CONNECT_S: Final = 5.0
# No limit on the whole (aiohttp's own is 300 s, and an answer may take longer). Waits for a peer
# have their deadlines where the peer is known: a local prefill may take minutes, a count may not.
_TIMEOUT: Final = ClientTimeout(total=None, sock_connect=CONNECT_S)
READ_BYTES: Final = 256 * 1024
# aiohttp's own 8 KiB is less than the cloud's headers may take with many rate-limit lines.
_HEADER_BYTES: Final = 64 * 1024


def trusted(ca_file: str = "") -> ssl.SSLContext:
    """Return a context that verifies, by the system's authorities and those of a file."""
    context = ssl.create_default_context()
    if ca_file:  # given to the call above, it would replace the system's
        context.load_verify_locations(ca_file)
    return context


@asynccontextmanager
async def http_client(ca_file: str = "") -> AsyncIterator[ClientSession]:
    """Return the client; it keeps no cookies, decodes nothing and ignores the environment.

    ``ca_file`` adds certificate authorities; there is no way to turn verification off.
    """
    tls = trusted(ca_file) if ca_file else True
    async with ClientSession(
        timeout=_TIMEOUT,
        connector=TCPConnector(limit=0, ssl=tls, ttl_dns_cache=60),
        cookie_jar=DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        read_bufsize=READ_BYTES,
        max_line_size=_HEADER_BYTES,
        max_field_size=_HEADER_BYTES,
        skip_auto_headers=("User-Agent", "Accept-Encoding", "Accept", "Content-Type"),
    ) as client:
        yield client
