"""Whether every reader on the way takes a request for the same one.

aiohttp's parser refuses most of what could be taken for two. What it lets pass, it reads in one way
where others may read it in another.
"""

from typing import Final

from aiohttp import HttpVersion, HttpVersion10, HttpVersion11

from standby.core.request import Headers

__all__ = ["unclear"]

_VERSIONS: Final = frozenset({HttpVersion10, HttpVersion11})
_TRANSFER_ENCODING: Final = "transfer-encoding"
_CODING: Final = ["chunked"]


def unclear(version: HttpVersion, headers: Headers) -> str:
    """Return what of a request can be read in two ways, in words for its client; empty: nothing.

    A transfer coding is ``chunked`` and nothing else, and is for HTTP/1.1 (RFC 9112, 6.1).
    """
    if version not in _VERSIONS:
        return "the request must be in HTTP/1.1"
    codings = [value.lower() for name, value in headers if name.lower() == _TRANSFER_ENCODING]
    if codings and (codings != _CODING or version != HttpVersion11):
        return "the only transfer coding is chunked, in HTTP/1.1"
    return ""
