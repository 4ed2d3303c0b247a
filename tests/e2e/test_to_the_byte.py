"""What the relay passes on is what it was given: bytes, status, headers, in both directions."""

import json
import random
import sys
import zlib

import brotli
import pytest

from tests.e2e.gateway import Gateway
from tests.e2e.wire import Cloud, Socket, head_of
from tests.fakes.recordings import recorded

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdCompressor
else:
    from backports.zstd import ZstdCompressor

pytestmark = pytest.mark.anyio

CREDENTIAL = [("x-api-key", "sk-ant-api03-rehearsal")]
SEEDS = range(3)
CUTS = 5
# What each hop says of the length of a body; where it is the same, that is checked by itself.
FRAMING = ("content-length",)
ADDED = ("x-standby-served-by",)
NOT_RECORDED = {
    *("accept-encoding", "connection", "content-encoding", "content-length", "host"),
    "transfer-encoding",
}


@pytest.fixture(scope="module")
async def upstream():
    async with Cloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory, upstream):
    # Nobody could take the cloud's place: what it does not say is not said.
    async with Gateway(tmp_path_factory.mktemp("gateway"), upstream.url) as gateway:
        # Only a credential that the cloud has accepted may be used as often as it is here.
        upstream.will(head_of(200, [("Content-Type", "application/json")]), b"{}")
        async with Socket(gateway.url) as socket:
            asked = b'{"model":"claude-opus-5-5","messages":[]}'
            assert 200 == (await socket.ask("POST", "/v1/messages", CREDENTIAL, asked)).status
        yield gateway


@pytest.fixture
def cloud(upstream):
    upstream.heard.clear()
    return upstream


@pytest.fixture
async def socket(gateway):
    async with Socket(gateway.url) as socket:
        yield socket


def odd(value, seed):
    """A value as JSON that no serialiser writes by default."""
    spaces = random.Random(seed)  # noqa: S311 - the same again for the same seed
    separators = (" " * spaces.randrange(3) + ",\n", spaces.choice([":", " :  ", ":\t"]))
    text = json.dumps(value, ensure_ascii=spaces.random() < 0.5, separators=separators)
    return f"\r\n {text} \n".encode()


def headers_of(exchange, key):
    """The recorded headers, without those that say how the body was framed or coded then."""
    lines = [(name, str(value)) for name, value in (exchange[key] or {}).items()]
    kept = [(name, value) for name, value in lines if name.lower() not in NOT_RECORDED]
    if any(name.lower() == "content-type" and "/" in value for name, value in kept):
        return kept
    # It was blotted out in some of them.
    kept = [(name, value) for name, value in kept if name.lower() != "content-type"]
    streamed = exchange["sse"] and key == "resp_headers"
    return [*kept, ("content-type", "text/event-stream" if streamed else "application/json")]


def cuts(body, seed):
    places = random.Random(seed)  # noqa: S311 - the same again for the same seed
    return {places.randrange(1, len(body)) for _ in range(CUTS)} if len(body) > 1 else set()


async def passes(socket, cloud, exchange, body, seed, framing, *more):
    """Send a recorded exchange through the gateway; hold both of its directions to it."""
    answer_lines = [*headers_of(exchange, "resp_headers"), *more]
    cloud.will(
        head_of(exchange["status"], answer_lines),
        body,
        framing=framing,
        cuts=cuts(body, seed) if seed else (),
    )
    request_lines = [*CREDENTIAL, *headers_of(exchange, "req_headers")]
    request = odd(exchange["request"], seed)
    target = exchange["path"] + "?beta=true&x=%20"

    answer = await socket.ask(exchange["method"], target, request_lines, request)

    heard = cloud.heard[-1]
    assert f"{exchange['method']} {target} HTTP/1.1" == heard.first
    assert request == heard.body
    assert grouped(request_lines) == heard.end_to_end(*FRAMING)
    assert exchange["status"] == answer.status
    assert answer.whole
    assert body == answer.body
    assert grouped(answer_lines) == answer.end_to_end(*FRAMING, *ADDED)
    assert "cloud" == answer.header("x-standby-served-by")


def grouped(lines):
    found = {}
    for name, value in lines:
        if name.lower() != "date":
            found.setdefault(name.lower(), []).append(value)
    return found


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_recorded_streams_come_out_as_they_went_in(socket, cloud, framing):
    for exchange in recorded("anthropic_messages_sse"):
        for seed in (0, *SEEDS):
            await passes(socket, cloud, exchange, exchange["sse"].encode(), seed, framing)


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("name", ["anthropic_messages_json", "count_tokens"])
async def test_recorded_answers_come_out_as_they_went_in(socket, cloud, name, framing):
    for number, exchange in enumerate(recorded(name)):
        for seed in (0, number + 1):
            body = odd(exchange["response"], seed)
            await passes(socket, cloud, exchange, body, seed, framing)


def gzip(pieces):
    coder = zlib.compressobj(wbits=31)
    flushed = [coder.compress(piece) + coder.flush(zlib.Z_SYNC_FLUSH) for piece in pieces]
    return b"".join([*flushed, coder.flush()])


def deflate(pieces):
    coder = zlib.compressobj()
    return b"".join([*(coder.compress(piece) for piece in pieces), coder.flush()])


def br(pieces):
    coder = brotli.Compressor(quality=4)
    flushed = [coder.process(piece) + coder.flush() for piece in pieces]
    return b"".join([*flushed, coder.finish()])


def zstd(pieces):
    coder = ZstdCompressor()
    flushed = [coder.compress(piece, coder.FLUSH_BLOCK) for piece in pieces]
    return b"".join([*flushed, coder.flush()])


@pytest.mark.parametrize("code", [gzip, deflate, br, zstd])
async def test_coded_answers_come_out_as_they_went_in(socket, cloud, code):
    coding = ("Content-Encoding", code.__name__)
    for exchange in recorded("anthropic_messages_sse"):
        events = [event + b"\n\n" for event in exchange["sse"].encode().split(b"\n\n")]
        for seed in (0, 1):
            await passes(socket, cloud, exchange, code(events), seed, "chunked", coding)
    for number, exchange in enumerate(recorded("anthropic_messages_json")[::4]):
        body = code([odd(exchange["response"], number)])
        await passes(socket, cloud, exchange, body, number, "length", coding)


TARGETS = [
    "/v1/files",
    "/v1/files?",
    "/v1/files/a%2Fb%2f..%2e?x=%20&y=+&&z=%C3%BC&=",
    "/v1//files//",
    "/v1/./files/../models",
    "/v1/x;y=1,2/(3)!$'*@:~",
    "/v1/%zz%",
    "/api/whatever?next=http://127.0.0.1:1/%3F%23",
    "/v1/messages/batches",
    "/v1/messages/",
    "/V1/Messages",
    "/" + "a" * 4000,
]


@pytest.mark.parametrize("target", TARGETS, ids=range(len(TARGETS)))
async def test_a_target_goes_out_as_it_was_written(gateway, socket, cloud, target):
    cloud.will(head_of(200, [("X-A", "1")]), b"body")
    prefix = f"/k/{gateway.token}"

    plain = await socket.ask("GET", target, CREDENTIAL)
    prefixed = await socket.ask("GET", prefix + target, CREDENTIAL)

    assert [200, 200] == [plain.status, prefixed.status], plain.body
    assert [target, target] == [one.target for one in cloud.heard]


METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"]


@pytest.mark.parametrize("body", [None, b"", b"\x00\xff \r\n\r\n" * 3], ids=["no", "empty", "some"])
@pytest.mark.parametrize("method", METHODS)
async def test_a_request_goes_out_with_its_method_and_body(socket, cloud, method, body):
    cloud.will(head_of(200, []), b"body")

    answer = await socket.ask(method, "/v1/files", CREDENTIAL, body)

    assert b"body" == answer.body
    heard = cloud.heard[-1]
    assert f"{method} /v1/files HTTP/1.1" == heard.first
    assert (body or b"") == heard.body
    assert "x-standby-token" not in dict(heard.lines)


async def test_headers_go_out_as_they_came_but_for_those_of_the_hop_and_ours(
    gateway, socket, cloud
):
    cloud.will(head_of(200, []), b"{}")
    lines = [
        *CREDENTIAL,
        ("Anthropic-Beta", "one,two"),
        ("anthropic-beta", "three"),
        ("X-Odd", 'a  b\t c;"d" = \xc3\xbc'),
        ("X-Empty", ""),
        ("Accept-Encoding", "gzip, br;q=0.5"),
        ("User-Agent", "odd/1 (x)"),
        ("Cookie", "a=b"),
    ]
    ours = [
        ("X-Standby-Token", gateway.token),
        ("Connection", "keep-alive, X-Of-This-Hop"),
        ("X-Of-This-Hop", "1"),
        ("Keep-Alive", "timeout=5"),
        ("TE", "trailers"),
        ("Proxy-Authorization", "Basic eA=="),
    ]

    await socket.ask("GET", "/v1/files", [*lines, *ours])

    heard = cloud.heard[-1]
    assert grouped(lines) == heard.end_to_end(*FRAMING)
    assert [cloud.url.removeprefix("http://")] == [v for k, v in heard.lines if k.lower() == "host"]


async def test_a_chunked_request_brings_the_same_bytes(socket, cloud):
    cloud.will(head_of(200, []), b"{}")
    parts = [b'{"a":', b" 1", b"}" * 1, b" " * 70_000]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    lines = [*CREDENTIAL, ("Transfer-Encoding", "chunked")]

    socket.write("PUT", "/v1/files", lines)
    socket.writer.write(chunks + b"0\r\n\r\n")
    await socket.answer()

    assert b"".join(parts) == cloud.heard[-1].body


async def test_who_asks_before_sending_a_body_is_told_to_go_on(socket, cloud):
    cloud.will(head_of(200, []), b"{}")
    lines = [*CREDENTIAL, ("Expect", "100-continue"), ("Content-Length", "4")]

    socket.write("PUT", "/v1/files", lines)
    told = await socket.answer(bodiless=True)
    socket.writer.write(b"body")
    answer = await socket.answer()

    assert (100, 200) == (told.status, answer.status)
    assert b"body" == cloud.heard[-1].body


ANSWERS = {
    "json": (200, [("content-type", "application/json")], b'{ "a" : 1 }\n', "length"),
    "no type": (200, [], b"\x00\x01", "length"),
    "empty": (200, [("Content-Type", "text/plain")], b"", "length"),
    "empty chunked": (200, [("Content-Type", "text/plain")], b"", "chunked"),
    "to the end": (200, [("Content-Type", "text/plain")], b"all of it", "end"),
    "created": (201, [("Location-Of", "/v1/files/1"), ("ETag", '"x"')], b"{}", "length"),
    "no content": (204, [("X-A", "1")], b"", "none"),
    "not modified": (304, [("ETag", '"x"'), ("Cache-Control", "no-cache")], b"", "none"),
    "html": (404, [("Content-Type", "text/html")], b"<html>not here</html>\r\n", "length"),
    "teapot": (418, [("Content-Type", "text/plain")], b"short and stout", "chunked"),
    "unauthorised": (
        401,
        [("WWW-Authenticate", "Bearer"), ("x-should-retry", "true")],
        b"{}",
        "length",
    ),
    "forbidden": (403, [("content-type", "application/json")], b'{"error":{}}', "length"),
    "limited": (429, [("retry-after", "18000"), ("x-odd", "1"), ("X-Odd", "2")], b"{ }", "length"),
    "failed": (500, [("content-type", "application/json")], b'{"type" : "error"}', "length"),
    "odd status": (599, [], b"?", "length"),
    "gzip": (
        200,
        [("Content-Encoding", "gzip"), ("Vary", "a"), ("Vary", "b")],
        b"no gzip",
        "length",
    ),
    "unknown coding": (200, [("Content-Encoding", "sdch")], b"whatever", "chunked"),
    "words": (200, [("X-Odd", "w\xc3\xb6rter \xe2\x82\xac")], b"{}", "length"),  # UTF-8
    "server": (200, [("Server", "cloudflare"), ("server-timing", "a;dur=1")], b"{}", "length"),
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("target", ["/v1/files", "/api/whatever?x=1"])
async def test_an_answer_comes_back_as_it_was_given(socket, cloud, target, name):
    status, lines, body, framing = ANSWERS[name]
    cloud.will(head_of(status, lines), body, framing=framing)

    answer = await socket.ask("GET", target, CREDENTIAL)
    after = await socket.ask("GET", target, CREDENTIAL)

    assert status == answer.status == after.status
    assert body == answer.body == after.body
    assert grouped(lines) == answer.end_to_end(*FRAMING, *ADDED)
    if framing == "length":
        assert str(len(body)) == answer.header("content-length")


# Not about quota, and so the client's own; on the way of a conversation, too.
OWN = ["json", "unauthorised", "forbidden", "html", "teapot"]


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("stream", [False, True])
async def test_what_a_conversation_gets_comes_back_as_it_was_given(socket, cloud, name, stream):
    status, lines, body, framing = ANSWERS[name]
    cloud.will(head_of(status, lines), body, framing=framing)
    asked = json.dumps({"model": "claude-opus-5-5", "messages": [], "stream": stream}).encode()

    answer = await socket.ask("POST", "/v1/messages", CREDENTIAL, asked)

    assert (status, body) == (answer.status, answer.body)
    assert grouped(lines) == answer.end_to_end(*FRAMING, *ADDED)


@pytest.mark.parametrize("target", ["/v1/files", "/v1/models", "/api/hello", "/"])
async def test_an_answer_to_head_says_the_length_it_would_have_had(socket, cloud, target):
    cloud.will(
        head_of(200, [("Content-Type", "text/odd"), ("Content-Length", "123")]), framing="none"
    )

    answers = [await socket.ask("HEAD", target, CREDENTIAL) for _ in range(2)]

    for answer in answers:
        assert 200 == answer.status
        assert {"content-type": ["text/odd"], "content-length": ["123"]} == answer.end_to_end(
            *ADDED
        )
    assert ["HEAD", "HEAD"] == [one.first.split()[0] for one in cloud.heard]


async def test_the_clouds_cookies_and_redirects_stay_on_its_side(socket, cloud):
    cloud.will(head_of(200, [("Set-Cookie", "a=b"), ("X-A", "1")]), b"{}")
    cookie = await socket.ask("GET", "/v1/files", CREDENTIAL)
    cloud.will(head_of(307, [("Location", "http://127.0.0.1:1/v1/files")]), b"")
    redirect = await socket.ask("GET", "/v1/files", CREDENTIAL)

    assert {"x-a": ["1"]} == cookie.end_to_end(*FRAMING, *ADDED)
    assert 502 == redirect.status
    assert redirect.header("location") is None
    assert 2 == len(cloud.heard)


async def test_a_body_that_is_cut_is_cut_for_the_client(gateway, cloud):
    whole = head_of(200, [("Content-Length", "100")])
    cloud.will(whole, b"only this", framing="none", closes=True)
    async with Socket(gateway.url) as socket:
        answer = await socket.ask("GET", "/v1/files", CREDENTIAL)

    assert not answer.whole
    assert b"only this".startswith(answer.body)
