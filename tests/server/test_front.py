"""The front over real sockets: what a client sees to the byte, whatever goes wrong behind it."""

import asyncio

import pytest

from standby.core.wire.headers import Head
from standby.core.wire.json import loads
from standby.server import front as front_module
from standby.server import strangers
from tests.fakes.front import (
    CLOSED,
    OURS,
    STREAM,
    TOKEN,
    VISIT,
    Answer,
    delivers,
    echoes,
    gateway,
    streams,
    whole,
)

pytestmark = pytest.mark.anyio


async def test_a_request_comes_in_as_it_was_sent():
    async with gateway(echoes) as running:
        answer = await running.post("X-Odd-Case: ü", body=b'{"a": 1 }', path="/v1/messages?b=%7e")
        [(request, _)] = running.requests

    assert b'{"a": 1 }' == answer.body
    assert ("POST", "/v1/messages?b=%7e") == (request.method, request.target)
    assert ("X-Odd-Case", "ü") in request.headers
    assert TOKEN not in repr(request)


async def test_header_bytes_that_are_no_utf_8_come_in_as_they_are():
    async with gateway(echoes) as running:
        cookie = await running.raw("GET /standby/ HTTP/1.1", "Cookie: standby-1=\udcfc")
        token = await running.raw("GET /v1/models HTTP/1.1", "x-standby-token: \udcfc")
        known = await running.post("X-Latin-1: M\udcfcnchen", "x-api-key: \udcfc")
        [(request, caller)] = running.requests

    assert [401, 401, 200] == [cookie.status, token.status, known.status]
    assert ("X-Latin-1", "M\udcfcnchen") in request.headers
    assert "x-api-key:\udcfc" == caller.account


async def test_an_answer_goes_out_with_the_headers_it_was_given_and_none_of_the_servers():
    given = (
        ("X-Odd-Case", "ü"),
        ("request-id", "req_1"),
        ("Date", "Tue, 17 Nov 2026 11:06:40 GMT"),
    )
    async with gateway(delivers(Head(418, given), b"tea")) as running:
        answer = await running.post()

    own = [line for line in answer.lines if line[0] not in {"Content-Length", "Connection"}]
    assert (418, b"tea") == (answer.status, answer.body)
    assert list(given) == own
    assert "3" == answer.headers["content-length"]


async def test_a_stream_goes_out_as_it_comes():
    async with gateway(streams(STREAM, b"data: a\n\n", b"", b"data: b\n\n")) as running:
        answer = await running.post()

    assert b"data: a\n\ndata: b\n\n" == answer.body
    assert answer.whole
    assert "server" not in answer.headers
    assert ("X-Odd-Case", "ü") in answer.lines


async def test_the_first_bytes_do_not_wait_for_the_next():
    arrived = asyncio.Event()

    async def waits(_wire):
        async with asyncio.timeout(5):
            await arrived.wait()

    async with gateway(streams(STREAM, b"data: a\n\n", waits)) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        host = f"Host: 127.0.0.1:{running.port}"
        writer.write(f"POST /v1/messages HTTP/1.1\r\n{host}\r\n{OURS}\r\n\r\n".encode())
        async with asyncio.timeout(5):
            await reader.readuntil(b"data: a\n\n")
        arrived.set()
        writer.close()


async def test_a_keep_alive_opens_a_stream():
    async def service(_request, wire):
        assert not wire.begun
        await wire.keep_alive()
        assert wire.begun
        await wire.start(Head(500, ()))
        await wire.send(b"data: a\n\n")
        await wire.finish()

    async with gateway(service) as running:
        answer = await running.post()

    assert (200, "text/event-stream") == (answer.status, answer.headers["content-type"])
    assert b'event: ping\ndata: {"type":"ping"}\n\ndata: a\n\n' == answer.body


BODILESS = [
    ("HEAD", Head(200, (("Content-Length", "7"), ("X-A", "1"))), "7"),
    ("HEAD", Head(404, ()), "0"),
    ("GET", Head(204, ()), None),
    ("GET", Head(304, (("ETag", '"x"'),)), None),
]


@pytest.mark.parametrize(("method", "head", "length"), BODILESS, ids=range(len(BODILESS)))
@pytest.mark.parametrize("service", [delivers, streams])
async def test_an_answer_without_a_body_has_none_and_the_connection_goes_on(
    service, method, head, length
):
    async with gateway(service(head)) as running:
        host = f"Host: 127.0.0.1:{running.port}"
        first = f"{method} /v1/x HTTP/1.1\r\n{host}\r\n{OURS}\r\n\r\n".encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        last = f"{method} /v1/x HTTP/1.1\r\n{host}\r\n{OURS}\r\nConnection: close\r\n\r\n".encode()
        writer.write(first + last)
        async with asyncio.timeout(5):
            raw = await reader.read()
        writer.close()

    one, two, rest = raw.split(b"\r\n\r\n")
    assert b"" == rest
    for answer in (Answer(one), Answer(two)):
        assert head.status == answer.status
        assert service is streams or length == answer.headers.get("content-length")
        assert "transfer-encoding" not in answer.headers


async def test_what_is_turned_away_on_a_head_request_leaves_nothing_for_the_next():
    async with gateway(echoes) as running:
        host = f"Host: 127.0.0.1:{running.port}"
        first = f"HEAD /standby/nothing HTTP/1.1\r\n{host}\r\n{OURS}\r\n\r\n"
        last = f"GET /standby/health HTTP/1.1\r\n{host}\r\nConnection: close\r\n\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write((first + last).encode())
        async with asyncio.timeout(5):
            raw = await reader.read()
        writer.close()

    one, two = raw.split(b"\r\n\r\n", 1)
    assert 404 == Answer(one).status
    assert b'{"status":"ok"}' == Answer(two).body


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET /v1/models", 401),
        ("GET /k/wrong/v1/models", 401),
        ("HEAD /v1/models", 401),
        ("GET //", 400),
        ("GET /standby/health", 200),
        ("HEAD /", 200),
    ],
)
async def test_who_shows_nothing_keeps_no_connection(line, status):
    async with gateway(echoes) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(f"{line} HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n\r\n".encode())
        async with asyncio.timeout(5):
            answer = Answer(await reader.read())
        writer.close()

    assert (status, "close") == (answer.status, answer.headers["connection"])


async def test_who_is_let_in_keeps_the_connection():
    async with gateway(echoes) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        for line in (OURS, "x-api-key: unknown"):
            head = f"GET /v1/x HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n{line}\r\n\r\n"
            writer.write(head.encode())
            async with asyncio.timeout(5):
                assert 200 == Answer(await reader.readuntil(b"\r\n\r\n")).status
        writer.close()


async def test_a_body_that_says_it_is_too_large_is_refused_before_a_byte_of_it(monkeypatch):
    async with gateway(echoes) as running:
        answer = await running.raw(
            "POST /v1/messages HTTP/1.1", OURS, "Content-Length: 1099511627776"
        )

    assert 413 == answer.status
    assert ("request_too_large", f"a request may have {64 * 1024 * 1024} bytes") == answer.error
    assert [] == running.requests


async def test_a_chunked_body_is_refused_once_it_is_too_large(monkeypatch):
    monkeypatch.setattr(front_module, "MAX_BODY_BYTES", 10)
    async with gateway(echoes) as running:
        fits = await running.raw(
            "POST /v1/messages HTTP/1.1",
            OURS,
            "Transfer-Encoding: chunked",
            body=b"5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n",
        )
        never_ends = await running.raw(
            "POST /v1/messages HTTP/1.1",
            OURS,
            "Transfer-Encoding: chunked",
            body=b"8\r\ntoo much\r\n8\r\nof it...\r\n",
        )

    assert (200, b"helloworld") == (fits.status, fits.body)
    assert (413, "request_too_large") == (never_ends.status, never_ends.error[0])
    assert 1 == len(running.requests)


async def test_all_strangers_together_may_hold_so_much_and_no_more(monkeypatch):
    monkeypatch.setattr(strangers, "MOST_BYTES", 12)
    goes_on = asyncio.Event()

    async def waits(request, wire):
        await goes_on.wait()
        await echoes(request, wire)

    async with gateway(waits) as running, asyncio.TaskGroup() as group:
        one = group.create_task(running.post_as_stranger(b"x" * 8))
        while not running.requests:  # noqa: ASYNC110  # what is waited for is a list
            await asyncio.sleep(0)
        too_much = await running.post_as_stranger(b"y" * 8)
        owner = group.create_task(running.post(body=b"z" * 20))
        goes_on.set()
        async with asyncio.timeout(5):
            await owner
            await one
        again = await running.post_as_stranger(b"y" * 12)

    assert (429, "2", "close") == (
        too_much.status,
        too_much.headers["retry-after"],
        too_much.headers["connection"].lower(),
    )
    assert [200] * 3 == [one.result().status, owner.result().status, again.status]


@pytest.mark.parametrize("pieces", [1, 2])
async def test_what_strangers_send_is_counted_as_it_comes(monkeypatch, pieces):
    monkeypatch.setattr(strangers, "MOST_BYTES", 12)
    async with gateway(echoes) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\nx-api-key: k\r\n"
        writer.write(f"{head}Content-Length: 100\r\n\r\n".encode() + b"x" * (14 // pieces))
        if pieces > 1:
            await writer.drain()
            writer.write(b"x" * 7)
        async with asyncio.timeout(5):
            assert 429 == Answer(await whole(reader, "POST")).status
        writer.close()

    assert [] == running.requests


async def test_a_body_that_is_not_chunked_as_it_says_is_a_400():
    async with gateway(echoes) as running:
        answer = await running.raw(
            "POST /v1/messages HTTP/1.1", OURS, "Transfer-Encoding: chunked", body=b"zz\r\nhello"
        )

    assert 400 == answer.status
    assert [] == running.requests


async def test_a_client_that_waits_for_a_go_ahead_gets_one():
    async with gateway(echoes) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        head = f"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n{OURS}\r\n"
        writer.write(f"{head}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n".encode())
        async with asyncio.timeout(5):
            assert b"HTTP/1.1 100 Continue\r\n\r\n" == await reader.readuntil(b"\r\n\r\n")
            writer.write(b"hello")
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_a_client_of_http_1_0_gets_none_it_could_take_for_its_answer():
    async with gateway(echoes) as running:
        answer = await running.raw(
            "POST /v1/messages HTTP/1.0",
            OURS,
            "Expect: 100-continue",
            "Content-Length: 5",
            body=b"hello",
        )

    assert (200, b"hello") == (answer.status, answer.body)


async def test_a_client_that_waits_and_is_not_let_in_gets_no_go_ahead():
    async with gateway(echoes) as running:
        answer = await running.raw(
            "POST /v1/messages HTTP/1.1", "Expect: 100-continue", "Content-Length: 5"
        )

    assert 401 == answer.status


async def bug(_request, _wire):
    raise KeyError("canary-of-a-bug")


async def bugs(_request, _wire):
    async with asyncio.TaskGroup() as group:
        group.create_task(bug(None, None))


async def forgets(_request, _wire):
    return


@pytest.mark.parametrize("service", [bug, bugs, forgets])
async def test_a_bug_ends_in_an_answer(service, caplog):
    async with gateway(service) as running:
        answer = await running.post()

    kind, words = answer.error
    assert (500, "api_error") == (answer.status, kind)
    assert "canary-of-a-bug" not in words
    assert loads(answer.body)["request_id"] in words
    assert "false" == answer.headers["x-should-retry"]
    assert loads(answer.body)["request_id"] in caplog.text


@pytest.mark.parametrize("service", [bug, bugs])
async def test_a_bug_within_a_stream_breaks_the_connection(service, caplog):
    async def fails(request, wire):
        await wire.start(STREAM)
        await wire.send(b"data: a\n\n")
        await service(request, wire)

    async with gateway(fails) as running:
        try:
            answer = await running.post()
        except ConnectionError:
            return

    assert not answer.whole


async def test_a_service_can_break_the_connection():
    async def breaks(_request, wire):
        await wire.start(STREAM)
        await wire.send(b"data: a\n\n")
        await wire.abort()

    async with gateway(breaks) as running:
        try:
            answer = await running.post()
        except ConnectionError:
            return

    assert not answer.whole


@pytest.mark.parametrize("leaves", [asyncio.StreamWriter.close, asyncio.StreamWriter.write_eof])
async def test_when_the_client_leaves_or_will_say_no_more_its_service_ends(leaves):
    begun = asyncio.Event()

    async def waits(_wire):
        begun.set()
        await asyncio.Event().wait()

    async with gateway(streams(STREAM, b"data: a\n\n", waits)) as running:
        _reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        host = f"Host: 127.0.0.1:{running.port}"
        writer.write(f"POST /v1/messages HTTP/1.1\r\n{host}\r\n{OURS}\r\n\r\n".encode())
        async with asyncio.timeout(5):
            await begun.wait()
            leaves(writer)
            await running.cancelled.wait()
        writer.close()


async def test_a_client_that_reads_no_more_ends_its_service_too():
    async def for_ever(wire):
        while True:
            await wire.send(b"x" * 1_000_000)

    async with gateway(streams(STREAM, for_ever)) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        host = f"Host: 127.0.0.1:{running.port}"
        writer.write(f"POST /v1/messages HTTP/1.1\r\n{host}\r\n{OURS}\r\n\r\n".encode())
        async with asyncio.timeout(5):
            await reader.read(1)
            writer.transport.abort()
            await running.cancelled.wait()


@pytest.mark.parametrize("path", ["/", "/api/hello"])
async def test_claude_code_may_look_whether_anybody_is_there(path):
    async with gateway(echoes) as running:
        unknown = await running.raw(f"HEAD {path} HTTP/1.1")
        assert [] == running.requests
        owner = await running.raw(f"HEAD {path} HTTP/1.1", OURS)
        known = await running.raw(f"HEAD {path} HTTP/1.1", "x-api-key: k")

    assert [200] * 3 == [answer.status for answer in (unknown, owner, known)]
    assert 2 == len(running.requests)


async def test_nobody_else_gets_anything_out_of_it():
    async with gateway(echoes) as running:
        none = await running.raw("POST /v1/messages HTTP/1.1", "Content-Length: 2", body=b"{}")
        wrong = await running.raw("GET /k/wrong-token/v1/models HTTP/1.1")

    def said(answer):
        return answer.status, answer.error, set(answer.headers)

    assert said(none) == said(wrong)
    assert 401 == none.status
    assert b"wrong-token" not in wrong.body
    assert [] == running.requests


@pytest.mark.parametrize(
    "line",
    [
        "GET http://169.254.169.254/latest HTTP/1.1",
        "CONNECT api.anthropic.com:443 HTTP/1.1",
        "GET //usage HTTP/1.1",
        "OPTIONS * HTTP/1.1",
    ],
)
async def test_it_is_no_open_proxy(line):
    async with gateway(echoes) as running:
        answer = await running.raw(line, OURS)

    assert 400 == answer.status
    assert [] == running.requests


@pytest.mark.parametrize(
    "path", ["/v1/../standby/status", "/v1/%2e%2e/standby/status", "/standby", "/STANDBY/status"]
)
async def test_no_spelling_of_a_path_reaches_another_route(path):
    async with gateway(echoes) as running:
        await running.raw(f"GET {path} HTTP/1.1", OURS)

    [(request, _)] = running.requests
    assert path == request.target


async def test_our_own_pages_are_served_to_the_owner_alone():
    async with gateway(echoes) as running:
        owner = await running.raw(f"GET /k/{TOKEN}/standby/status HTTP/1.1")
        known = await running.raw("GET /standby/status HTTP/1.1", "x-api-key: k")

    assert ({"all": "well"}, 401) == (loads(owner.body), known.status)
    assert [] == running.requests


@pytest.mark.parametrize("path", ["/standby/", "/standby/?a=b", "/metrics"])
async def test_a_page_has_a_door_of_its_own(path):
    async with gateway(echoes) as running:
        owner = await running.raw(f"GET {path} HTTP/1.1", OURS)
        known = await running.raw(f"GET {path} HTTP/1.1", "x-api-key: k")

    assert (b"our page", 401) == (owner.body, known.status)
    assert [] == running.requests


async def test_a_browser_on_a_visit_sees_our_pages_and_nothing_else():
    async with gateway(echoes) as running:
        page = await running.raw("GET /standby/ HTTP/1.1", VISIT)
        status = await running.raw("GET /standby/status HTTP/1.1", VISIT)
        model = await running.raw(
            "POST /v1/messages HTTP/1.1", VISIT, "Content-Length: 2", body=b"{}"
        )

    assert (b"our page", {"all": "well"}) == (page.body, loads(status.body))
    assert 401 == model.status
    assert [] == running.requests


async def test_a_person_who_may_not_look_is_told_how_in_a_page():
    async with gateway(echoes) as running:
        person = await running.raw("GET /standby/ HTTP/1.1", "Accept: text/html,*/*;q=0.8")
        program = await running.raw("GET /standby/ HTTP/1.1", "Accept: */*")
        elsewhere = await running.raw("GET /standby/status HTTP/1.1", "Accept: text/html")

    assert (401, CLOSED) == (person.status, person.body)
    assert ["authentication_error"] * 2 == [program.error[0], elsewhere.error[0]]


async def test_a_body_that_does_not_come_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(front_module, "BODY_S", 0.05)
    async with gateway(echoes) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        head = f"Host: 127.0.0.1:{running.port}\r\n{OURS}\r\nContent-Length: 5"
        writer.write(f"POST /v1/messages HTTP/1.1\r\n{head}\r\n\r\n{{".encode())
        async with asyncio.timeout(5):
            answer = Answer(await whole(reader, "POST"))
        writer.close()

        assert 408 == answer.status
        assert "timeout_error" == answer.error[0]
        assert "close" == answer.headers["connection"].lower()
        assert [] == running.requests


async def test_while_it_ends_what_runs_may_finish_and_what_comes_is_refused_for_now():
    goes_on = asyncio.Event()

    async def slow(_request, wire):
        await wire.start(STREAM)
        await wire.send(b"event: ping\n\n")
        await goes_on.wait()
        await wire.finish()

    async with gateway(slow) as running, asyncio.TaskGroup() as group:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n{OURS}\r\n\r\n".encode()
        writer.write(head)
        async with asyncio.timeout(5):
            await reader.readuntil(b"event: ping\n\n")
        draining = group.create_task(running.front.drain(5))
        await asyncio.sleep(0)
        refused = await running.post()
        health = await running.raw("GET /standby/health HTTP/1.1")
        still_runs = not draining.done()
        goes_on.set()
        async with asyncio.timeout(5):
            rest = await reader.readuntil(b"0\r\n\r\n")
            await draining
        writer.close()

    assert still_runs
    assert b"0\r\n\r\n" == rest[-5:]
    assert (503, "1", "close") == (
        refused.status,
        refused.headers["retry-after"],
        refused.headers["connection"].lower(),
    )
    assert "x-should-retry" not in refused.headers
    assert "api_error" == refused.error[0]
    assert 200 == health.status
    assert 1 == len(running.requests)


async def test_what_does_not_finish_in_time_ends_with_an_error():
    begun = asyncio.Event()

    async def endless(_request, wire):
        await wire.start(STREAM)
        await wire.send(b"event: ping\ndata: {}\n\n")
        begun.set()
        await asyncio.Event().wait()

    async def silent(_request, _wire):
        begun.set()
        await asyncio.Event().wait()

    async with gateway(endless) as running, asyncio.TaskGroup() as group:
        stream = group.create_task(running.post())
        async with asyncio.timeout(5):
            await begun.wait()
        begun.clear()
        running.service = silent
        waiting = group.create_task(running.post())
        async with asyncio.timeout(5):
            await begun.wait()
        await running.front.drain(0.01)

    assert stream.result().whole
    assert (
        b'event: error\ndata: {"type":"error","error":{"type":"api_error"' in stream.result().body
    )
    assert (503, "1") == (waiting.result().status, waiting.result().headers["retry-after"])
