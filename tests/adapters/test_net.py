"""The one HTTP client sends what it is told, and nothing that it was told by somebody else."""

import asyncio
import ssl

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from standby.adapters.net import http_client, trusted

pytestmark = pytest.mark.anyio


async def exchange(answer, **sent):
    """Send two requests; return what came of the second."""
    seen = []

    async def handle(request):
        seen.append(request)
        return answer()

    async with asyncio.timeout(5), RawTestServer(handle) as server, http_client() as client:
        for _ in range(2):
            async with client.post(server.make_url("/"), **sent) as response:
                body = await response.read()
    return seen[-1], response, body


def plain():
    return web.Response(body=b"ok")


async def test_only_the_headers_that_were_given_are_sent():
    request, _, _ = await exchange(plain, data=b"x", headers={"X-Odd": "1"})

    assert {"host", "x-odd", "content-length"} == {name.lower() for name in request.headers}


async def test_no_cookie_is_kept():
    def sets():
        return web.Response(headers={"Set-Cookie": "a=b"})

    request, _, _ = await exchange(sets)

    assert "cookie" not in request.headers


async def test_a_coded_body_comes_as_it_is():
    def coded():
        return web.Response(body=b"\x1f\x8b not gzip at all", headers={"Content-Encoding": "gzip"})

    _, _, body = await exchange(coded)

    assert b"\x1f\x8b not gzip at all" == body


async def test_headers_may_be_as_large_as_the_cloud_sends_them():
    def large():
        return web.Response(headers={"X-Large": "x" * 60_000})

    _, response, _ = await exchange(large)

    assert 60_000 == len(response.headers["X-Large"])


async def test_the_environment_names_no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    _, _, body = await exchange(plain)

    assert b"ok" == body


def test_certificates_are_always_verified():
    context = trusted()

    assert (ssl.CERT_REQUIRED, True) == (context.verify_mode, context.check_hostname)


def test_a_file_adds_authorities_and_replaces_none(tmp_path):
    system = trusted().get_ca_certs(binary_form=True)
    if not system:
        pytest.skip("this system keeps no authorities where they can be counted")
    own = tmp_path / "own.pem"
    own.write_text(ssl.DER_cert_to_PEM_cert(system[0]))

    assert len(system) == len(trusted(str(own)).get_ca_certs(binary_form=True))
