"""What only the client of our own does; the rest is in the contract of every upstream."""

import asyncio
import shutil
import ssl
import subprocess
from contextlib import aclosing

import pytest

from standby.adapters.upstream import direct
from standby.adapters.upstream.direct import DirectUpstream
from standby.core.request import Request
from standby.core.wire.headers import as_they_came
from standby.ports import UpstreamError
from tests.fakes.raw_cloud import hangs_up, raw_cloud, says

pytestmark = pytest.mark.anyio

DEADLINE_S = 5
ASKS = Request("POST", "/v1/messages", (), b"{}")
OK = says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")


async def whole(upstream, request=ASKS):
    async with asyncio.timeout(DEADLINE_S), aclosing(upstream.send(request)) as pieces:
        return [piece async for piece in pieces][1:]


async def test_a_connection_that_was_closed_while_idle_is_replaced_without_a_word():
    async with raw_cloud(OK, hangs_up, OK) as cloud:
        upstream = DirectUpstream(cloud.url)
        await whole(upstream)

        assert [b"hi"] == await whole(upstream)
        upstream.close()

    assert [1, 1, 2] == [asked.connection for asked in cloud.seen]


async def test_it_is_replaced_once():
    async with raw_cloud(OK, hangs_up, hangs_up, OK) as cloud:
        upstream = DirectUpstream(cloud.url)
        await whole(upstream)
        with pytest.raises(UpstreamError):
            await whole(upstream)

    assert 3 == len(cloud.seen)


async def test_a_fresh_connection_is_not_tried_again():
    async with raw_cloud(hangs_up, OK) as cloud:
        with pytest.raises(UpstreamError) as caught:
            await whole(DirectUpstream(cloud.url))

    assert 1 == len(cloud.seen)
    assert caught.value.sent


async def test_what_the_cloud_has_begun_to_answer_is_not_asked_again():
    begins = says(b"HTTP/1.1 2", then_hangs_up=True)
    async with raw_cloud(OK, begins, OK) as cloud:
        upstream = DirectUpstream(cloud.url)
        await whole(upstream)
        with pytest.raises(UpstreamError):
            await whole(upstream)

    assert 2 == len(cloud.seen)


async def test_nor_is_what_it_may_have_worked_on(monkeypatch):
    monkeypatch.setattr(direct, "STALE_S", -1.0)
    async with raw_cloud(OK, hangs_up, OK) as cloud:
        upstream = DirectUpstream(cloud.url)
        await whole(upstream)
        with pytest.raises(UpstreamError):
            await whole(upstream)

    assert 2 == len(cloud.seen)


@pytest.mark.parametrize(
    "act",
    [
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n"),
        says(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"),
        says(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
    ],
    ids=["said too much", "will close", "HTTP/1.0"],
)
async def test_a_connection_that_cannot_be_trusted_is_left(act):
    async with raw_cloud(act) as cloud:
        upstream = DirectUpstream(cloud.url)
        assert [b"hi"] == await whole(upstream)
        assert [b"hi"] == await whole(upstream)
        upstream.close()

    assert [1, 2] == [asked.connection for asked in cloud.seen]


async def test_an_idle_connection_that_speaks_is_closed():
    async with raw_cloud(OK) as cloud, asyncio.timeout(DEADLINE_S):
        upstream = DirectUpstream(cloud.url)
        await whole(upstream)
        cloud.writers[0].write(b"HTTP/1.1 200 OK\r\n\r\n")
        await cloud.gone.wait()

        assert [b"hi"] == await whole(upstream)
        upstream.close()

    assert [1, 2] == [asked.connection for asked in cloud.seen]


async def test_an_idle_connection_is_not_kept_for_ever(monkeypatch):
    monkeypatch.setattr(direct, "IDLE_S", 0.05)
    async with raw_cloud(OK) as cloud, asyncio.timeout(DEADLINE_S):
        await whole(DirectUpstream(cloud.url))
        await cloud.gone.wait()


async def test_closing_closes_what_is_idle_and_what_comes_back_later():
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def act(_reader, writer):
        asked.set()
        await go_on.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    async with raw_cloud(OK, act) as cloud, asyncio.timeout(DEADLINE_S):
        upstream = DirectUpstream(cloud.url)
        await whole(upstream)
        async with asyncio.TaskGroup() as group:
            late = group.create_task(whole(upstream))
            await asked.wait()
            upstream.close()
            go_on.set()
        assert [b"hi"] == late.result()
        await cloud.gone.wait()


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET / HTTP/1.1\r\nX", "/", (), b""),
        Request("GET", "/ HTTP/1.1\r\nX: ", (), b""),
        Request("GET", "/a b", (), b""),
        Request("GET", "/", (("X", "a\r\nY: b"),), b""),
        Request("GET", "/", (("X", "a\nY: b"),), b""),
        Request("GET", "/", (("X\r\n\r\n", "b"),), b""),
        Request("GET", "/", (("X", "\0"),), b""),
    ],
)
async def test_nothing_that_breaks_its_line_goes_out(request_):
    async with raw_cloud(OK) as cloud:
        with pytest.raises(ValueError, match="door must refuse"):
            await whole(DirectUpstream(cloud.url), request_)

    assert [] == cloud.seen


async def test_header_bytes_that_are_no_utf_8_go_out_as_they_came():
    raw = ((b"X-Utf-8", "München".encode()), (b"X-Latin-1", "München".encode("latin-1")))
    async with raw_cloud(OK) as cloud:
        upstream = DirectUpstream(cloud.url)
        await whole(upstream, Request("GET", "/", as_they_came(raw), b""))
        upstream.close()

    [asked] = cloud.seen
    assert [name + b": " + value for name, value in raw] == asked.lines[1:]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for ``localhost`` that its own file vouches for."""
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("no openssl here to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            openssl,
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            paths[0],
            "-out",
            paths[1],
        ],
        check=True,
        capture_output=True,
    )
    return paths


def server_side(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    return context


async def test_tls_to_a_cloud_that_an_authority_vouches_for(certificate):
    trusts = ssl.create_default_context(cafile=certificate[1])
    async with raw_cloud(OK, hangs_up, OK, tls=server_side(certificate)) as cloud:
        upstream = DirectUpstream(cloud.url, trusts)
        assert [b"hi"] == await whole(upstream)
        assert [b"hi"] == await whole(upstream)
        upstream.close()


async def test_no_request_goes_to_a_cloud_that_nobody_vouches_for(certificate):
    async with raw_cloud(OK, tls=server_side(certificate)) as cloud:
        with pytest.raises(UpstreamError) as caught:
            await whole(DirectUpstream(cloud.url, ssl.create_default_context()))

    assert [] == cloud.seen
    assert not caught.value.sent


async def test_nor_to_one_with_another_name(certificate):
    trusts = ssl.create_default_context(cafile=certificate[1])
    async with raw_cloud(OK, tls=server_side(certificate)) as cloud:
        with pytest.raises(UpstreamError):
            await whole(DirectUpstream(cloud.url.replace("localhost", "127.0.0.1"), trusts))

    assert [] == cloud.seen


async def test_there_is_no_https_without_verification():
    lenient = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    lenient.check_hostname = False
    lenient.verify_mode = ssl.CERT_NONE
    for context in (None, lenient):
        with pytest.raises(ValueError, match="verifies"):
            DirectUpstream("https://cloud.example", context)


async def test_what_is_taken_at_once_is_not_yielded_and_the_end_always_is():
    taken, goes_on = [], asyncio.Event()

    async def act(_reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n")
        for part in (b"first", b"other", b"final"):
            await goes_on.wait()
            goes_on.clear()
            writer.write(part)

    def takes(data):
        taken.append(data)
        asyncio.get_running_loop().call_soon(goes_on.set)
        return data != b"other"

    async with raw_cloud(act) as cloud:
        upstream = DirectUpstream(cloud.url)
        async with asyncio.timeout(DEADLINE_S), aclosing(upstream.send(ASKS, takes)) as pieces:
            await anext(pieces)
            goes_on.set()
            got = [piece async for piece in pieces]
        upstream.close()

    assert [b"first", b"other"] == taken
    assert [b"other", b"final"] == got
