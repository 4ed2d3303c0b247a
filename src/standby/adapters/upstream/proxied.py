"""The way to the cloud through a proxy: a tunnel, in which TLS is made with the cloud itself.

Only what leaves this machine may go through it: a cloud on loopback, and every local engine, is
reached directly whatever the environment says.
"""

import asyncio
import base64
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from standby.core.redact import Secret

__all__ = ["DIRECT", "Proxy", "ProxyError", "proxy_for", "tunnel"]

DIRECT: Final = "none"
"""The setting that asks for no proxy, whatever the environment says."""
_MAX_HEAD_BYTES: Final = 64 * 1024
_PORT: Final = 80
_LOOPBACK: Final = re.compile(r"localhost|127(\.[0-9]{1,3}){3}|::1")
_TUNNELLED: Final = re.compile(rb"HTTP/1\.[01] 2[0-9]{2}[ \r]")


class ProxyError(OSError):
    """A proxy is named in a way that is of no use, or did not open a tunnel."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy on the way to the cloud."""

    host: str
    port: int
    authorization: Secret
    """The value of ``Proxy-Authorization``; empty: it wants none."""


def proxy_for(setting: str, origin: str, environment: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for an origin: of the setting, else of ``HTTPS_PROXY`` and ``NO_PROXY``.

    ``None`` for a direct way, which everything on loopback has; cleartext goes nowhere else.
    Raise :class:`ProxyError` for one that is no ``http://`` URL; the words do not repeat it.
    """
    cloud = urlsplit(origin)
    host = cloud.hostname or ""
    if cloud.scheme != "https" or setting == DIRECT or _LOOPBACK.fullmatch(host):
        return None
    if not (named := setting or _of(environment, "https_proxy")):
        return None
    if not setting and _spared(host, _of(environment, "no_proxy")):
        return None
    return _read(named)


async def tunnel(line: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Have a proxy connect a line to a host. Raise :class:`ProxyError`; set a deadline around it.

    The proxy gets to know the host and nothing else.
    """
    loop = asyncio.get_running_loop()
    name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {name} HTTP/1.1", f"Host: {name}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization.reveal()}")
    await loop.sock_sendall(line, "\r\n".join((*lines, "", "")).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        # The cloud says nothing before it is greeted: what follows the head at once is none of it.
        if b"\r\n\r\n" in head or len(head) > _MAX_HEAD_BYTES:
            raise ProxyError("the proxy on the way does not keep to HTTP")
        if not (more := await loop.sock_recv(line, 4096)):
            raise ProxyError("the proxy on the way closed the connection")
        head += more
    if _TUNNELLED.match(head) is None:
        status = head.split(b" ")[1:2]
        code = status[0].decode("latin-1")[:3] if status else ""
        raise ProxyError(f"the proxy on the way refused to connect, with status {code!r}")


def _of(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name, "") or environment.get(name.upper(), "")


def _spared(host: str, no_proxy: str) -> bool:
    names = (one.strip().lower().lstrip(".") for one in no_proxy.split(","))
    return any(one == "*" or f".{host}".endswith(f".{one}") for one in names if one)


def _read(named: str) -> Proxy:
    url = named if "://" in named else f"http://{named}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORT
    except ValueError:
        parts, host, port = urlsplit(""), "", 0
    if parts.scheme != "http" or not host:
        raise ProxyError("the proxy for the cloud (HTTPS_PROXY) must be an http:// URL")
    return Proxy(host, port, Secret(_basic(parts.username, parts.password)))


def _basic(name: str | None, password: str | None) -> str:
    if name is None:
        return ""
    both = f"{unquote(name)}:{unquote(password or '')}"
    return f"Basic {base64.b64encode(both.encode()).decode()}"
