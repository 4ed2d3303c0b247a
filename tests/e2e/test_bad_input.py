"""What no client should send: an error in the API's shape, nobody bothered, the process alive."""

import pytest

from standby.core.wire.json import dumps, loads
from standby.testing.accounts import SUBSCRIPTION
from tests.e2e.asking import HELLO, Client, login
from tests.e2e.gateway import Gateway, model
from tests.e2e.wire import Socket

pytestmark = pytest.mark.anyio

BODIES = {
    "no JSON": b"{",
    "empty": b"",
    "nothing in it": b"{}",
    "a list": b"[]",
    "a number": b"1",
    "not text": b"\xff\xfe\x00",
    "no model": dumps({key: value for key, value in HELLO.items() if key != "model"}),
    "a model that is none": dumps({**HELLO, "model": 5}),
    "no messages": dumps({key: value for key, value in HELLO.items() if key != "messages"}),
    "messages that are none": dumps({**HELLO, "messages": "hello"}),
    "deep": b"[" * 5000 + b"]" * 5000,
}
# Fields of the wrong type are the business of whoever answers.
ODD = {
    "odd fields": {"stream": "yes", "max_tokens": "many", "tools": 5, "system": 7, "thinking": []},
    "odd messages": {"messages": [5, None, {"role": 1}, {"role": "user", "content": [5, {}]}]},
    "odd tools": {"tools": [{}, 5, {"name": 5, "input_schema": []}]},
    "odd blocks": {
        "messages": [
            {"role": "user", "content": [{"type": "image"}, {"type": "tool_result"}, {"type": 5}]}
        ]
    },
}


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory, cloud_of_all):
    folder = tmp_path_factory.mktemp("gateway")
    async with Gateway(folder, cloud_of_all.url, await model()) as gateway:
        yield gateway


@pytest.fixture
def cloud(cloud_of_all):
    cloud_of_all.restore(SUBSCRIPTION)
    return cloud_of_all


async def alive(gateway):
    return LOCAL == (await Client(gateway).say(model="local")).text


LOCAL = "I am the tiny test model and this reply was scripted."


def is_error(answer, status, kind):
    assert status == answer.status
    assert ("error", kind) == (answer.value["type"], answer.value["error"]["type"])
    assert answer.message


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
@pytest.mark.parametrize("name", BODIES)
async def test_while_the_cloud_serves_it_says_what_is_wrong_with_a_body(gateway, cloud, path, name):
    before = cloud.count(status=400)

    answer = await Client(gateway)("POST", path, BODIES[name])

    is_error(answer, 400, "invalid_request_error")
    assert "cloud" == answer.by
    assert before + 1 == cloud.count(status=400)
    assert await alive(gateway)


@pytest.mark.parametrize("name", BODIES)
async def test_without_a_cloud_the_gateway_says_what_is_wrong_with_a_body(gateway, cloud, name):
    before = cloud.count()

    token_alone = await Client(gateway)(
        "POST", "/v1/messages", BODIES[name], authorization=f"Bearer {gateway.token}"
    )

    is_error(token_alone, 400, "invalid_request_error")
    assert before == cloud.count()
    assert await alive(gateway)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ODD)
async def test_a_local_model_gets_through_fields_of_odd_types(gateway, name, stream):
    answer = await Client(gateway)(
        "POST", "/v1/messages", {**HELLO, "stream": stream, "model": "local", **ODD[name]}
    )

    assert answer.status in (200, 400)
    assert answer.status == 200 or "error" == answer.value["type"]
    assert await alive(gateway)


async def test_a_body_that_is_too_large_is_refused(gateway, cloud):
    before = cloud.count()
    body = b'{"model":"claude-opus-5-5","messages":[],"x":"' + b"x" * 70_000_000 + b'"}'

    async with Socket(gateway.url) as socket:
        lines = [*Client(gateway).headers.items(), ("Content-Length", "70000000")]
        socket.write("POST", "/v1/messages", lines)
        announced = await socket.answer()
    async with Socket(gateway.url) as socket:
        lines = [*Client(gateway).headers.items(), ("Transfer-Encoding", "chunked")]
        socket.write("POST", "/v1/messages", lines)
        try:
            socket.writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
            await socket.writer.drain()
        except ConnectionError:
            pass  # it need not read all of it
        sent = await socket.answer()

    for answer in (announced, sent):
        assert 413 == answer.status
        assert "request_too_large" == loads(answer.body)["error"]["type"]
    assert before == cloud.count()
    assert await alive(gateway)


STRANGERS = [
    ("POST", "/v1/messages"),
    ("POST", "/v1/messages/count_tokens"),
    ("GET", "/v1/models"),
    ("GET", "/v1/files"),
    ("GET", "/standby/status"),
    ("GET", "/standby/recent"),
    ("GET", "/standby/nothing"),
    ("POST", "/k/wrong/v1/messages"),
]


@pytest.mark.parametrize(("method", "path"), STRANGERS)
async def test_who_shows_nothing_is_turned_away_and_nobody_is_asked(gateway, cloud, method, path):
    before = cloud.count()

    async with Socket(gateway.url) as socket:
        answer = await socket.ask(method, path, body=dumps(HELLO) if method == "POST" else None)

    assert 401 == answer.status
    error = loads(answer.body)["error"]
    assert "authentication_error" == error["type"]
    assert "standby" in error["message"]
    assert before == cloud.count()


async def test_a_credential_that_nobody_knows_is_the_clouds_business_and_never_served_here(
    gateway, cloud
):
    lines = [("authorization", "Bearer nobody"), ("anthropic-version", "2023-06-01")]
    async with Socket(gateway.url) as socket:
        asked = await socket.ask("POST", "/v1/messages", lines, dumps(HELLO))
        local = await socket.ask("POST", "/v1/messages", lines, dumps({**HELLO, "model": "local"}))
        async with cloud.unreachable():
            away = await socket.ask("POST", "/v1/messages", lines, dumps(HELLO))

    assert 401 == asked.status
    assert "cloud" == asked.header("x-standby-served-by")
    assert local.status >= 400
    assert away.status >= 500
    assert LOCAL.encode() not in asked.body + local.body + away.body


async def test_a_login_that_the_cloud_has_accepted_needs_no_token(gateway, cloud):
    lines = [*login(SUBSCRIPTION).items(), ("anthropic-beta", "oauth-2025-04-20")]
    lines.append(("anthropic-version", "2023-06-01"))
    async with Socket(gateway.url) as socket:
        first = await socket.ask("POST", "/v1/messages", lines, dumps(HELLO))
        cloud.exhaust(SUBSCRIPTION, "five_hour")
        then = await socket.ask("POST", "/v1/messages", lines, dumps(HELLO))

    assert "cloud" == first.header("x-standby-served-by")
    assert LOCAL.encode() in then.body


@pytest.mark.parametrize(
    "path", ["/standby/nothing", "/standby/static/nothing", "/standby/api/v1/x"]
)
async def test_a_page_that_there_is_not_is_a_404(gateway, cloud, path):
    before = cloud.count()

    answer = await Client(gateway)("GET", path)

    is_error(answer, 404, "not_found_error")
    assert before == cloud.count()


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([("Host", "example.com")], 400),  # a second one
        ([("Origin", "https://example.com")], 403),
        ([("Sec-Fetch-Site", "cross-site")], 403),
    ],
)
async def test_what_a_web_page_sends_is_refused(gateway, cloud, lines, status):
    before = cloud.count()
    async with Socket(gateway.url) as socket:
        answer = await socket.ask("GET", "/v1/models", [*Client(gateway).headers.items(), *lines])

    assert status == answer.status
    assert before == cloud.count()
