"""What every way to the cloud must do."""

import asyncio
from contextlib import aclosing, asynccontextmanager, suppress

import pytest

from standby.adapters.upstream.direct import DirectUpstream
from standby.core.request import Request
from standby.core.wire.headers import Head
from standby.ports import UpstreamError
from tests.fakes.raw_cloud import hangs_up, raw_cloud, says, says_nothing

pytestmark = pytest.mark.anyio

DEADLINE_S = 5
ASKS = Request("POST", "/v1/messages?beta=true", (("X-A", "b"),), b'{"model":"m"}')
OK = says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")


@asynccontextmanager
async def direct(origin):
    upstream = DirectUpstream(origin)
    yield upstream
    upstream.close()


@pytest.fixture(params=[direct], ids=lambda made: made.__name__)
def upstream_of(request):
    return request.param


async def whole(upstream, request=ASKS):
    """Send a request; return the head and the body of its answer."""
    async with asyncio.timeout(DEADLINE_S), aclosing(upstream.send(request)) as pieces:
        head, *body = [piece async for piece in pieces]
    assert isinstance(head, Head)
    return head, b"".join(body)


async def test_a_request_goes_out_as_it_came(upstream_of):
    headers = (("X-B", "é"), ("X-B", "2"), ("Authorization", "Bearer t"))
    request = Request("POST", "/v1/messages?beta=true&x=%2f", headers, b"\x00 any bytes")
    async with raw_cloud(OK) as cloud, upstream_of(cloud.url) as upstream:
        await whole(upstream, request)

    (asked,) = cloud.seen
    assert b"POST /v1/messages?beta=true&x=%2f HTTP/1.1" == asked.line
    assert b"\x00 any bytes" == asked.body
    ours = [line for line in asked.lines if not line.startswith((b"Host: ", b"Content-Length: "))]
    assert ["X-B: é".encode(), b"X-B: 2", b"Authorization: Bearer t"] == ours
    assert 1 == sum(line.lower().startswith(b"host:") for line in asked.lines)


async def test_nothing_of_the_hop_before_goes_out(upstream_of):
    headers = (
        ("Host", "elsewhere"),
        ("Connection", "X-Named"),
        ("X-Named", "1"),
        ("Content-Length", "99"),
        ("Transfer-Encoding", "chunked"),
        ("Expect", "100-continue"),
        ("Proxy-Authorization", "canary"),
    )
    async with raw_cloud(OK) as cloud, upstream_of(cloud.url) as upstream:
        await whole(upstream, Request("POST", "/", headers, b"12345"))

    lines = [line.lower() for line in cloud.seen[0].lines]
    assert [b"content-length: 5", b"host: " + cloud.url.rpartition("/")[2].encode()] == sorted(
        lines
    )


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_a_request_without_a_body_says_nothing_of_one(upstream_of, method):
    says_ok = says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    async with raw_cloud(says_ok) as cloud, upstream_of(cloud.url) as upstream:
        await whole(upstream, Request(method, "/v1/models", (), b""))

    assert f"{method} /v1/models HTTP/1.1".encode() == cloud.seen[0].line
    assert [b"host"] == [line.partition(b":")[0].lower() for line in cloud.seen[0].lines]


async def test_a_path_in_the_origin_goes_in_front(upstream_of):
    async with raw_cloud(OK) as cloud, upstream_of(f"{cloud.url}/base/") as upstream:
        await whole(upstream)

    assert b"POST /base/v1/messages?beta=true HTTP/1.1" == cloud.seen[0].line


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 429 No\r\nX: y\r\nContent-Length: 3\r\n\r\nno!", (429, b"no!")),
        (
            b"HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n0\r\n\r\n",
            (200, b"yes"),
        ),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 1\r\n\r\n1",
            (200, b"1"),
        ),
        (b"HTTP/1.1 204 No\r\nX: y\r\n\r\n", (204, b"")),
        (b"HTTP/1.1 304 No\r\nX: y\r\nContent-Length: 5\r\n\r\n", (304, b"")),
        (
            b"HTTP/1.1 307 Go\r\nX: y\r\nLocation: http://[::1]/\r\nContent-Length: 0\r\n\r\n",
            (307, b""),
        ),
    ],
    ids=["sized", "chunked", "interim", "204", "304", "redirect"],
)
async def test_an_answer_comes_back_as_it_is(upstream_of, answer, expected):
    async with raw_cloud(says(answer)) as cloud, upstream_of(cloud.url) as upstream:
        head, body = await whole(upstream)

    assert expected == (head.status, body)
    assert "y" == head.header("x")
    assert 1 == len(cloud.seen)


async def test_an_answer_without_a_length_ends_with_its_connection(upstream_of):
    ends = says(b"HTTP/1.1 200 OK\r\n\r\n", b"all of it", then_hangs_up=True)
    async with raw_cloud(ends) as cloud, upstream_of(cloud.url) as upstream:
        assert b"all of it" == (await whole(upstream))[1]


async def test_a_header_in_utf_8_stays_so(upstream_of):
    sent = "HTTP/1.1 200 OK\r\nX: é\r\nContent-Length: 0\r\n\r\n".encode()
    async with raw_cloud(says(sent)) as cloud, upstream_of(cloud.url) as upstream:
        head, _ = await whole(upstream)

    assert "é" == head.header("x")


async def test_coded_bytes_stay_coded_and_cookies_stay_here(upstream_of):
    sent = (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nSet-Cookie: a=b\r\nKeep-Alive: 5\r\n"
        b"Content-Length: 4\r\n\r\n\x1f\x8b\x08\x00"
    )
    async with raw_cloud(says(sent)) as cloud, upstream_of(cloud.url) as upstream:
        head, body = await whole(upstream)

    assert b"\x1f\x8b\x08\x00" == body
    assert (("Content-Encoding", "gzip"), ("Content-Length", "4")) == head.headers


async def test_what_has_come_is_handed_on_at_once(upstream_of):
    go_on = asyncio.Event()

    async def act(_reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        await go_on.wait()
        writer.write(b"final")

    async with (
        asyncio.timeout(DEADLINE_S),
        raw_cloud(act) as cloud,
        upstream_of(cloud.url) as upstream,
        aclosing(upstream.send(ASKS)) as pieces,
    ):
        head, first = await anext(pieces), await anext(pieces)
        go_on.set()
        last = [piece async for piece in pieces]

    assert isinstance(head, Head)
    assert b"first" == first
    assert b"final" == b"".join(last)


async def test_a_connection_is_used_again(upstream_of):
    async with raw_cloud(OK) as cloud, upstream_of(cloud.url) as upstream:
        for _ in range(3):
            assert b"hi" == (await whole(upstream))[1]

    assert [1, 1, 1] == [asked.connection for asked in cloud.seen]


async def test_many_requests_at_once_have_a_connection_each(upstream_of):
    async with (
        raw_cloud(OK) as cloud,
        upstream_of(cloud.url) as upstream,
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(whole(upstream)) for _ in range(20)]

    assert {b"hi"} == {task.result()[1] for task in tasks}


@pytest.mark.parametrize(
    "act",
    [
        hangs_up,
        says(b"HTTP/1.1 200 O", then_hangs_up=True),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst", then_hangs_up=True),
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfir", then_hangs_up=True),
        says(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nf\r\n", then_hangs_up=True
        ),
        says(b"SSH-2.0-canary\r\n"),
        says(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ncanary\r\n", then_hangs_up=True
        ),
    ],
    ids=[
        "nothing",
        "a half head",
        "a half body",
        "a half chunk",
        "no last chunk",
        "ssh",
        "no size",
    ],
)
async def test_what_is_cut_or_no_http_is_an_error_without_its_words(upstream_of, act):
    async with raw_cloud(act) as cloud, upstream_of(cloud.url) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await whole(upstream)

    if upstream_of is direct:  # aiohttp shows what it could not read
        assert "canary" not in str(caught.value)


async def test_nobody_there_is_an_error(upstream_of):
    async with raw_cloud(OK) as cloud:
        url = cloud.url
    async with upstream_of(url) as upstream:
        with pytest.raises(UpstreamError):
            await whole(upstream)


@pytest.mark.parametrize("read", [0, 1], ids=["before the head", "in the middle of the body"])
async def test_who_goes_early_closes_the_connection(upstream_of, read):
    asked = asyncio.Event()

    async def act(reader, writer):
        if read:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        asked.set()
        await says_nothing(reader, writer)

    async with (
        raw_cloud(act) as cloud,
        upstream_of(cloud.url) as upstream,
    ):
        async with asyncio.timeout(DEADLINE_S):
            if read:
                async with aclosing(upstream.send(ASKS)) as pieces:
                    await anext(pieces)
            else:
                async with asyncio.TaskGroup() as group:
                    waits = group.create_task(anext(upstream.send(ASKS)))
                    await asked.wait()
                    waits.cancel()
            await cloud.gone.wait()


async def test_the_cloud_waits_for_a_client_that_is_slow(upstream_of):
    """The cloud sends 64 MB; only what a few buffers hold may be taken from it unread."""
    part, parts, sent = b"x" * 65536, 1024, 0
    progress = asyncio.Event()

    async def act(_reader, writer):
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(part) * parts))
        for _ in range(parts):
            writer.write(part)
            await writer.drain()
            sent += 1
            progress.set()

    async with (
        asyncio.timeout(DEADLINE_S),
        raw_cloud(act) as cloud,
        upstream_of(cloud.url) as upstream,
        aclosing(upstream.send(ASKS)) as pieces,
    ):
        await anext(pieces)
        with suppress(TimeoutError):
            while True:  # until nothing more goes in
                progress.clear()
                async with asyncio.timeout(0.2):
                    await progress.wait()
        taken = sent
        size = 0
        async for piece in pieces:
            size += len(piece)

    assert taken < parts / 2

    assert len(part) * parts == size
