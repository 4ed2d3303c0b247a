"""Whether the cloud can be reached: a connection is opened and closed, and nothing is asked."""

import os
import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

from standby.adapters.upstream.proxied import Proxy, ProxyError, proxy_for
from standby.cli.doctor.findings import Finding, fail, ok, warn

__all__ = ["reachable"]

_CONNECT_S: Final = 5.0
_PORTS: Final = {"http": 80, "https": 443}


def reachable(url: str, ca_file: str, proxy: str = "") -> Finding:
    """Connect to the cloud, or to the proxy on the way there. No request is sent."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        if (found := proxy_for(proxy, url, os.environ)) is not None:
            return _by_proxy(host, found)
    except ProxyError as error:
        return fail("cloud", str(error), "Check HTTPS_PROXY, or set `[cloud] proxy`.")
    try:
        with socket.create_connection((host, _port(url)), _CONNECT_S) as line:
            if parts.scheme == "https":
                _shake_hands(line, host, ca_file)
    except ssl.SSLCertVerificationError as error:
        return fail(
            "cloud",
            f"the certificate of {host} is not trusted: {error.verify_message}",
            "If a proxy here inspects TLS, name its authority in `[cloud] ca_file`.",
        )
    except OSError as error:
        return fail(
            "cloud",
            f"{host} cannot be reached: {error.strerror or error}",
            "Check the network and `[cloud] url`. Meanwhile a local model answers.",
        )
    return ok("cloud", f"{host} can be reached")


def _by_proxy(host: str, proxy: Proxy) -> Finding:
    name = proxy.host
    try:
        socket.create_connection((name, proxy.port), _CONNECT_S).close()
    except OSError as error:
        return fail(
            "cloud",
            f"the proxy {name} on the way to {host} cannot be reached: {error.strerror or error}",
            "Check `[cloud] proxy`, HTTPS_PROXY and NO_PROXY.",
        )
    return warn(
        "cloud",
        f"the proxy {name} can be reached; what lies behind it was not tried",
        "`standby log` shows whether the cloud answers.",
    )


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or _PORTS.get(parts.scheme, 80)


def _shake_hands(line: socket.socket, host: str, ca_file: str) -> None:
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(os.path.expanduser(ca_file))
    with context.wrap_socket(line, server_hostname=host):
        pass
