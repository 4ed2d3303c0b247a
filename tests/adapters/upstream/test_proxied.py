"""The way to the cloud through a proxy, and to nobody else."""

import asyncio
import base64
import socket
import ssl
import threading
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.upstream.direct import DirectUpstream
from standby.adapters.upstream.proxied import Proxy, ProxyError, proxy_for
from standby.core.redact import Secret
from standby.core.request import Request
from standby.ports import UpstreamError

CLOUD = "https://api.anthropic.com"
PROXY = "http://proxy.example:3128"
WORDS = "the proxy for the cloud (HTTPS_PROXY) must be an http:// URL"
OTHERS = {"HTTPS_PROXY": "http://other.example:1"}


def of(setting="", origin=CLOUD, **environment):
    found = proxy_for(setting, origin, environment)
    return None if found is None else (found.host, found.port, found.authorization.reveal())


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_the_environment_names_the_proxy(name):
    assert ("proxy.example", 3128, "") == of(**{name: PROXY})
    assert ("proxy.example", 3128, "") == of(**{name: "proxy.example:3128"})


def test_the_setting_goes_before_the_environment():
    assert ("proxy.example", 3128, "") == of(PROXY, **OTHERS)
    assert ("proxy.example", 3128, "") == of(PROXY, **OTHERS, NO_PROXY="*")
    assert of("none", **OTHERS) is None


@pytest.mark.parametrize(
    "spared", ["api.anthropic.com", ".anthropic.com", "*", "a.b, anthropic.com"]
)
def test_what_is_spared_is_reached_directly(spared):
    assert of(**OTHERS, NO_PROXY=spared) is None
    assert of(**OTHERS, NO_PROXY="example.com") is not None


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["127.0.0.1:4000", "127.1.2.3", "localhost", "[::1]:1"])
def test_nothing_on_loopback_goes_through_a_proxy(scheme, host):
    everything = {"HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY, "ALL_PROXY": PROXY}

    assert of(PROXY, f"{scheme}://{host}", **everything) is None
    assert of("", f"{scheme}://{host}", **everything) is None


def test_a_name_and_a_password_are_for_the_proxy_alone():
    _, _, said = of(HTTPS_PROXY="http://me:se%40cret@proxy.example:1")

    assert "me:se@cret" == base64.b64decode(said.removeprefix("Basic ")).decode()
    assert "se@cret" not in repr(proxy_for("", CLOUD, {"HTTPS_PROXY": "http://me:se@cret@x:1"}))


@given(st.text())
def test_whatever_the_environment_says_it_is_a_proxy_or_refused_without_its_words(text):
    try:
        found = proxy_for("", CLOUD, {"HTTPS_PROXY": text})
    except ProxyError as error:
        told = str(error)
    else:
        told = WORDS
        assert (found is None) == (text == "")
    assert WORDS == told


class FakeProxy:
    """Answers one CONNECT with some bytes, and keeps what it was asked."""

    def __init__(self, answer, *, silent=False):
        """``silent``: it says nothing more, and holds the line until the other side leaves."""
        self.heard = b""
        self.left = False
        self._silent = silent
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listening.close()
        self._thread.join(5)

    async def ends(self):
        """Wait until the other side has left, or the patience of a test ends."""
        await asyncio.to_thread(self._thread.join, 5)

    def _serve(self):
        line, _ = self._listening.accept()
        with line:
            line.settimeout(5)
            while b"\r\n\r\n" not in self.heard:
                self.heard += line.recv(4096)
            with suppress(ConnectionError):  # nobody listens to what has no end
                line.sendall(self._answer)
            if self._silent:
                self._wait_for_the_end(line)
            elif self._answer.startswith(b"HTTP/1.1 200"):
                with suppress(ConnectionError):
                    self.heard += line.recv(4096)

    def _wait_for_the_end(self, line):
        with suppress(TimeoutError):
            try:
                while more := line.recv(4096):
                    self.heard += more
            except ConnectionError:
                pass
            self.left = True


async def asked(proxy, authorization=""):
    """Ask a cloud that is not there; return what went wrong."""
    context = ssl.create_default_context()
    way = Proxy("127.0.0.1", proxy.port, Secret(authorization))
    upstream = DirectUpstream("https://cloud.invalid", context, way)
    request = Request("POST", "/v1/messages", (("x-api-key", "canary-key"),), b"canary-body")
    async with asyncio.timeout(5):
        with pytest.raises(UpstreamError) as caught:
            await anext(upstream.send(request))
    return caught.value


@pytest.mark.anyio
async def test_a_tunnel_is_asked_for_and_greeted_by_tls_and_the_name_is_left_to_the_proxy():
    with FakeProxy(b"HTTP/1.1 200 Connection established\r\n\r\n") as proxy:
        error = await asked(proxy, "Basic abc")

    connect, _, rest = proxy.heard.partition(b"\r\n\r\n")
    lines = connect.decode().split("\r\n")
    assert "CONNECT cloud.invalid:443 HTTP/1.1" == lines[0]
    assert {"Host: cloud.invalid:443", "Proxy-Authorization: Basic abc"} == set(lines[1:])
    assert b"\x16\x03" == rest[:2], "not TLS"
    assert b"canary" not in proxy.heard
    assert not error.sent


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nx: canary\r\n\r\n", "status '407'"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere\r\n\r\n", "status '302'"),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK", "does not keep to HTTP"),
        (b"SSH-2.0-x\r\n\r\n", "refused to connect"),
        (b"", "closed the connection"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"a" * 100_000, "does not keep to HTTP"),
    ],
    ids=["refused", "redirected", "more than asked", "not HTTP", "closed", "endless"],
)
async def test_whatever_is_no_tunnel_gets_no_request(answer, why):
    with FakeProxy(answer) as proxy:
        error = await asked(proxy)

    assert why in str(error)
    assert "the cloud is out of reach" in str(error)
    assert "canary" not in str(error)
    assert b"canary" not in proxy.heard
    assert not error.sent


@pytest.mark.anyio
@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"],
    ids=["at once", "in its head", "after the tunnel is open"],
)
async def test_a_proxy_that_falls_silent_is_left_before_the_request_is_sent(monkeypatch, answer):
    monkeypatch.setattr("standby.adapters.upstream.direct.CONNECT_S", 0.2)
    with FakeProxy(answer, silent=True) as proxy:
        error = await asked(proxy)
        await proxy.ends()

    assert "did not answer in time" in str(error)
    assert proxy.left
    assert b"canary" not in proxy.heard
    assert not error.sent
