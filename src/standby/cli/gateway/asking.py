"""One question to a server on this machine: no redirect, no proxy, a limit and a deadline."""

import http.client
import threading
from collections.abc import Mapping
from contextlib import suppress
from socket import SHUT_RDWR
from typing import Final
from urllib.parse import urlsplit

__all__ = ["NoAnswerError", "ask"]

_MAX_BYTES: Final = 4 * 1024 * 1024


class NoAnswerError(Exception):
    """Nobody answered in time, or not in HTTP; its message says which."""


def ask(
    url: str, target: str, headers: Mapping[str, str], *, within_s: float, method: str = "GET"
) -> tuple[int, bytes]:
    """Return status and body of an answer. Raise :class:`NoAnswerError`."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port or 80, timeout=within_s
    )
    # The timeout of a socket begins anew with each byte: in the end the connection is cut.
    late = threading.Event()
    cut = threading.Timer(within_s, _cut, (connection, late))
    cut.daemon = True
    cut.start()
    try:
        connection.request(method, target, headers=dict(headers))
        response = connection.getresponse()
        return response.status, _whole(response)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswerError(_why(error, within_s, late=late.is_set())) from None
    finally:
        cut.cancel()
        connection.close()


def _whole(response: http.client.HTTPResponse) -> bytes:
    body = response.read(_MAX_BYTES)
    if response.length:  # with a limit, reading does not say that something is missing
        raise http.client.IncompleteRead(body, response.length)
    return body


def _cut(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    late.set()
    with suppress(OSError, AttributeError):  # closed, or not connected yet
        connection.sock.shutdown(SHUT_RDWR)


def _why(error: Exception, within_s: float, *, late: bool) -> str:
    if late or isinstance(error, TimeoutError):
        return f"no answer within {within_s:g} s"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "what answers there does not speak HTTP, or was cut off"
