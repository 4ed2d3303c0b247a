"""The official SDK against the fake cloud, and the faults that only a socket shows."""

import gzip
import io
import json
import os
import socket
import sys

import aiohttp
import anthropic
import anyio
import pytest
from anyio import create_task_group, fail_after, open_process
from anyio.streams.text import TextReceiveStream

from standby.testing.accounts import API_KEY, SUBSCRIPTION, TOKEN
from standby.testing.cloud import FakeCloud
from standby.testing.faults import FAULTS
from standby.testing.limits import FORMS
from standby.testing.scripts import Redacted, Text, Thinking, ToolUse
from standby.testing.standing import Limit

pytestmark = pytest.mark.anyio

MODEL = "claude-opus-5-5"
HELLO = [{"role": "user", "content": "hello"}]
TOOLS = [
    {
        "name": "Write",
        "input_schema": {
            "type": "object",
            "properties": {"file_path": {"type": "string"}, "content": {"type": "string"}},
        },
    }
]
THINKS = {"thinking": {"type": "adaptive"}}
UNIFIED = "anthropic-ratelimit-unified-"


@pytest.fixture(autouse=True)
def no_credentials_of_the_machine(monkeypatch):
    for name in [name for name in os.environ if name.startswith("ANTHROPIC_")]:
        monkeypatch.delenv(name)


def sdk(cloud, account=API_KEY, **options):
    return anthropic.AsyncAnthropic(
        base_url=cloud.url,
        api_key=account.credential if account.is_key else None,
        auth_token=None if account.is_key else account.credential,
        default_headers={"anthropic-beta": "oauth-2025-04-20"} if account is SUBSCRIPTION else {},
        max_retries=0,
        timeout=30,
        **options,
    )


async def ask(client, messages=HELLO, **fields):
    return await client.messages.create(
        **{"model": MODEL, "max_tokens": 100, "messages": messages, **fields}
    )


async def ask_streamed(client, messages=HELLO, **fields):
    async with client.messages.stream(
        **{"model": MODEL, "max_tokens": 100, "messages": messages, **fields}
    ) as stream:
        return await stream.get_final_message()


def headers(account=API_KEY, **more):
    said = {"anthropic-version": "2023-06-01", "content-type": "application/json", **more}
    if account.is_key:
        return {**said, "x-api-key": account.credential}
    said["authorization"] = f"Bearer {account.credential}"
    return {**said, "anthropic-beta": "a,oauth-2025-04-20"} if account is SUBSCRIPTION else said


async def post(cloud, body, path="/v1/messages?beta=true", **options):
    """Send a request without an SDK; return the status, the headers and the body."""
    data = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
    options = {"headers": headers(), **options}
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.post(cloud.url + path, data=data, timeout=TIMEOUT, **options) as response,
    ):
        return response.status, response.headers, await response.read()


TIMEOUT = aiohttp.ClientTimeout(total=5)


def request(messages=HELLO, **fields):
    return {"model": MODEL, "max_tokens": 100, "messages": messages, **fields}


@pytest.mark.parametrize("account", [API_KEY, SUBSCRIPTION, TOKEN], ids=lambda one: one.name)
@pytest.mark.parametrize("asking", [ask, ask_streamed])
async def test_the_official_sdk_reads_an_answer(account, asking):
    async with FakeCloud() as cloud, sdk(cloud, account) as client:
        message = await asking(client, **THINKS)

        thinking, text = message.content
        assert thinking.signature
        assert "The cloud, turn 1" in text.text
        assert "end_turn" == message.stop_reason
        assert message.usage.input_tokens > 0
        assert message.usage.output_tokens > 1
        assert 1 == cloud.count("/v1/messages", account=account, status=200, refused=False)


@pytest.mark.parametrize("asking", [ask, ask_streamed])
async def test_a_conversation_with_a_tool_comes_back_and_is_accepted(asking):
    async with FakeCloud() as cloud, sdk(cloud) as client:
        messages = [{"role": "user", "content": "please write a.txt with some words"}]
        first = await asking(client, messages, tools=TOOLS, **THINKS)
        call = first.content[-1]
        assert "tool_use" == first.stop_reason
        assert {"file_path": "a.txt", "content": "some words"} == call.input
        result = {"type": "tool_result", "tool_use_id": call.id, "content": "written"}
        messages += [
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": [result]},
        ]

        second = await asking(client, messages, tools=TOOLS, **THINKS)

        assert "The cloud, turn 2: done. The tool said: written" == second.content[-1].text
        assert first.id != second.id


@pytest.mark.parametrize("asking", [ask, ask_streamed])
async def test_a_spent_window_is_a_rate_limit_error_with_the_headers_of_it(asking):
    now = [1_000_000.0]
    limits = {SUBSCRIPTION.name: Limit(after=1, seconds=60)}
    async with (
        FakeCloud(limits=limits, clock=lambda: now[0]) as cloud,
        sdk(cloud, SUBSCRIPTION) as client,
    ):
        await asking(client)
        with pytest.raises(anthropic.RateLimitError) as refused:
            await asking(client)

        said = refused.value.response.headers
        assert "rejected" == said[UNIFIED + "status"]
        assert "five_hour" == said[UNIFIED + "representative-claim"]
        assert "1000060" == said[UNIFIED + "reset"]
        assert "60" == said["retry-after"]
        assert said["request-id"] == refused.value.request_id

        now[0] += 59.9
        with pytest.raises(anthropic.RateLimitError):
            await asking(client)
        now[0] += 0.1
        await asking(client)
        await asking(client)
        assert [False, True, True, False, False] == [one.refused for one in cloud.requests]


async def test_an_answer_says_what_is_left():
    async with FakeCloud() as cloud:
        cloud.limit(SUBSCRIPTION, Limit(after=2))
        seen = [(await post(cloud, request(), headers=headers(SUBSCRIPTION)))[1] for _ in range(2)]

    assert ["0.50", "1.00"] == [said[UNIFIED + "5h-utilization"] for said in seen]
    assert ["allowed", "allowed_warning"] == [said[UNIFIED + "status"] for said in seen]


async def test_an_api_key_hears_of_requests_and_tokens():
    async with FakeCloud() as cloud:
        _, said, _ = await post(cloud, request())

    assert "50" == said["anthropic-ratelimit-requests-limit"]
    assert "49" == said["anthropic-ratelimit-requests-remaining"]
    assert UNIFIED + "status" not in said


async def test_one_accounts_limit_is_not_anothers():
    async with FakeCloud() as cloud:
        cloud.exhaust(SUBSCRIPTION)
        refused, _, _ = await post(cloud, request(), headers=headers(SUBSCRIPTION))
        served, _, _ = await post(cloud, request(), headers=headers(TOKEN))
        cloud.restore(SUBSCRIPTION)
        again, _, _ = await post(cloud, request(), headers=headers(SUBSCRIPTION))

    assert (429, 200, 200) == (refused, served, again)


async def test_the_quota_probe_costs_nothing_and_is_refused_like_the_rest():
    probe = request([{"role": "user", "content": "quota"}], max_tokens=1)
    async with FakeCloud(limits={API_KEY.name: Limit(after=1)}) as cloud:
        statuses = [(await post(cloud, body))[0] for body in (probe, probe, request(), probe)]
        status, _, body = await post(cloud, probe, headers=headers(TOKEN))

    assert [200, 200, 200, 429] == statuses
    assert (200, "max_tokens") == (status, json.loads(body)["stop_reason"])


async def test_thinking_of_another_origin_is_refused():
    async with FakeCloud() as cloud, sdk(cloud) as client:
        thought = {"type": "thinking", "thinking": "hm", "signature": "~standby.1.notice"}
        said = {"role": "assistant", "content": [thought, {"type": "text", "text": "hi"}]}
        with pytest.raises(anthropic.BadRequestError, match="Invalid `signature`"):
            await ask(client, [*HELLO, said, *HELLO])


async def test_thinking_behind_other_messages_is_refused():
    async with FakeCloud() as cloud, sdk(cloud) as client:
        first = await ask(client, **THINKS)
        said = {"role": "assistant", "content": first.content}
        marked = [{"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}}]
        await ask(client, [{"role": "user", "content": marked}, said, *HELLO])
        with pytest.raises(anthropic.BadRequestError, match="not created in this conv") as refused:
            await ask(client, [{"role": "user", "content": "bye"}, said, *HELLO])

        mismatch = refused.value.response.headers["anthropic-thinking-prefix-mismatch"]
        assert "block=messages.1.content.0" == mismatch
    async with FakeCloud() as cloud, sdk(cloud, TOKEN) as client:
        with pytest.raises(anthropic.BadRequestError, match="not created in this conversation"):
            await ask(client, [*HELLO, said, *HELLO])


async def test_a_cloud_that_was_restarted_knows_its_signatures():
    async with FakeCloud() as cloud, sdk(cloud) as client:
        first = await ask(client, **THINKS)
    async with FakeCloud() as cloud, sdk(cloud) as client:
        await ask(client, [*HELLO, {"role": "assistant", "content": first.content}, *HELLO])
    async with FakeCloud(key=b"another") as cloud, sdk(cloud) as client:
        with pytest.raises(anthropic.BadRequestError, match="Invalid `signature`"):
            await ask(client, [*HELLO, {"role": "assistant", "content": first.content}, *HELLO])


@pytest.mark.parametrize("asking", [ask, ask_streamed])
async def test_every_kind_of_block_arrives_and_is_taken_back(asking):
    blocks = [Thinking("hm"), Redacted(), Text("I"), ToolUse("a", {"b": ['"', {"c": 1.5}]})]
    async with FakeCloud(script=lambda _: blocks) as cloud, sdk(cloud) as client:
        said = (await asking(client)).content
        assert ["thinking", "redacted_thinking", "text", "tool_use"] == [b.type for b in said]
        assert {"b": ['"', {"c": 1.5}]} == said[3].input
        result = {"type": "tool_result", "tool_use_id": said[3].id}
        answered = [{"role": "assistant", "content": said}, {"role": "user", "content": [result]}]
        await asking(client, [*HELLO, *answered])


@pytest.mark.parametrize("asking", [ask, ask_streamed])
async def test_thinking_that_is_to_be_omitted_is_only_its_signature(asking):
    async with FakeCloud() as cloud, sdk(cloud) as client:
        first = await asking(client, thinking={"type": "adaptive", "display": "omitted"})
        assert "" == first.content[0].thinking
        await asking(client, [*HELLO, {"role": "assistant", "content": first.content}, *HELLO])


async def test_the_second_turn_reads_the_cache_that_the_first_wrote():
    async with FakeCloud() as cloud, sdk(cloud) as client:
        cached = {"cache_control": {"type": "ephemeral"}}
        system = [{"type": "text", "text": "be brief " * 50, **cached}]
        first = await ask(client, system=system)
        said = {"role": "assistant", "content": first.content}
        second = await ask(client, [*HELLO, said, *HELLO], system=system)

    assert 0 == first.usage.cache_read_input_tokens
    written = first.usage.cache_creation_input_tokens
    assert written > 100
    assert second.usage.cache_read_input_tokens >= written
    assert second.usage.cache_creation_input_tokens > 0


async def test_a_stream_looks_like_the_real_one():
    async with FakeCloud() as cloud:
        _, said, body = await post(cloud, request(stream=True))
    names = [line[7:] for line in body.decode().splitlines() if line.startswith("event: ")]

    assert "text/event-stream; charset=utf-8" == said["content-type"]
    assert ["message_start", "content_block_start", "ping", "content_block_delta"] == names[:4]
    assert ["content_block_stop", "message_delta", "message_stop"] == names[-3:]
    assert b" }\n" in body


@pytest.mark.parametrize("stream", [False, True])
async def test_gzip_is_for_those_who_take_it(stream):
    async with FakeCloud(compress=True) as cloud:
        taken = {**headers(), "accept-encoding": "gzip, br"}
        _, said, coded = await post(cloud, request(stream=stream), headers=taken)
        left = {**headers(), "accept-encoding": "identity"}
        _, unsaid, plain = await post(cloud, request(stream=stream), headers=left)

    assert "gzip" == said["content-encoding"]
    assert "content-encoding" not in unsaid
    assert b"turn 1" in gzip.decompress(coded).replace(b'"}}\n', b"") or stream
    assert (b"message_stop" in gzip.decompress(coded)) is stream is (b"message_stop" in plain)


@pytest.mark.parametrize(
    ("sent", "wording"),
    [
        ({}, "x-api-key header is required"),
        ({"x-api-key": "sk-ant-api03-other"}, "invalid x-api-key"),
        ({"authorization": "Bearer other"}, "Invalid bearer token"),
        (
            {"authorization": f"Bearer {SUBSCRIPTION.credential}", "anthropic-beta": "x"},
            "OAuth authentication is currently not supported.",
        ),
        ({"x-api-key": TOKEN.credential}, "invalid x-api-key"),
    ],
)
async def test_a_stranger_is_refused(sent, wording):
    async with FakeCloud() as cloud:
        status, said, body = await post(
            cloud, request(), headers={"anthropic-version": "2023-06-01", **sent}
        )
        assert (401, 401) == (status, cloud.requests[0].status)

    value = json.loads(body)
    assert {"type": "authentication_error", "message": wording} == value["error"]
    assert said["request-id"] == value["request_id"]


@pytest.mark.parametrize(
    ("body", "status", "wording"),
    [
        (b"{", 400, "The request body is not valid JSON"),
        (b"[]", 400, "Input should be a valid dictionary"),
        (request(max_tokens=0), 400, "max_tokens: Input should be greater"),
        ({**request(), "model": "local/qwen"}, 404, "model: local/qwen"),
        (b"x" * (32 * 1024 * 1024 + 1), 413, "Request exceeds the maximum size"),
    ],
    ids=["no JSON", "a list", "a rule", "a model of ours", "33 MB"],
)
async def test_a_bad_request_is_refused_and_uses_no_quota(body, status, wording):
    async with FakeCloud() as cloud:
        found, _, said = await post(cloud, body)

        assert status == found == cloud.requests[0].status
        assert json.loads(said)["error"]["message"].startswith(wording)
        assert 0 == cloud.turns == cloud.count(refused=True)


async def test_a_request_without_a_version_is_refused():
    async with FakeCloud() as cloud:
        status, _, _ = await post(cloud, request(), headers={"x-api-key": API_KEY.credential})

    assert 400 == status


async def test_what_is_not_messages():
    async with FakeCloud() as cloud, sdk(cloud) as client:
        counted = await client.messages.count_tokens(model=MODEL, messages=HELLO)
        assert counted.input_tokens > 0
        models = [one.id async for one in client.models.list(limit=1000)]
        assert MODEL in models
        one = await client.models.retrieve(MODEL)
        assert "Claude Opus 5.5" == one.display_name
        with pytest.raises(anthropic.NotFoundError):
            await client.models.retrieve("local")
        with pytest.raises(anthropic.NotFoundError):
            await client.get("/v1/nothing", cast_to=object)
        async with aiohttp.ClientSession(cloud.url) as session:
            for path in ("/", "/api/hello"):
                async with session.head(path) as answer:
                    assert 200 == answer.status
            async with session.get("/api/oauth/usage", headers=headers(SUBSCRIPTION)) as answer:
                assert 0 == (await answer.json())["five_hour"]["utilization"]
        assert 0 == cloud.turns


async def test_what_came_is_kept_to_the_byte():
    body = b' {"model":"' + MODEL.encode() + b'","max_tokens": 1,"messages":[]} '
    async with FakeCloud() as cloud:
        await post(cloud, body, headers=headers(**{"X-Odd": "1"}))
        (seen,) = cloud.requests

    assert ("POST", "/v1/messages?beta=true", body) == (seen.method, seen.target, seen.body)
    assert ("X-Odd", "1") in seen.headers
    assert ("/v1/messages", "1") == (seen.path, seen.header("x-odd"))
    assert API_KEY.credential not in repr(seen)


BREAKDOWNS = ("close", "reset", "hang")


@pytest.mark.parametrize("form", sorted(set(FORMS) - {*BREAKDOWNS, "overage_running"}))
@pytest.mark.parametrize("asking", [ask, ask_streamed])
async def test_the_sdk_raises_for_every_form_of_refusal(form, asking):
    model = "claude-sonnet-5-5" if "sonnet" in form else MODEL
    async with FakeCloud() as cloud, sdk(cloud) as client:
        cloud.exhaust(API_KEY, form)
        with pytest.raises(anthropic.APIStatusError):
            await asking(client, model=model)

        assert 1 == cloud.count(refused=True)
        assert 0 == cloud.turns


@pytest.mark.parametrize("form", ["close", "reset"])
async def test_a_connection_breaks_before_a_byte_of_an_answer(form):
    async with FakeCloud() as cloud:
        cloud.exhaust(API_KEY, form)
        with pytest.raises(aiohttp.ClientConnectionError):
            await post(cloud, request())

        assert [(0, True)] == [(one.status, one.refused) for one in cloud.requests]


async def test_a_client_that_gives_up_on_silence_is_noticed():
    async with FakeCloud() as cloud:
        cloud.exhaust(API_KEY, "hang")
        async with create_task_group() as group:
            group.start_soon(post, cloud, request())
            await cloud.until(lambda seen: seen.count(refused=True))
            group.cancel_scope.cancel()
        await cloud.until(lambda seen: seen.requests[0].left)


async def test_nothing_listens_while_it_is_unreachable():
    async with FakeCloud() as cloud:
        async with cloud.unreachable():
            with pytest.raises(aiohttp.ClientConnectorError):
                await post(cloud, request())
        status, _, _ = await post(cloud, request())

        assert 200 == status
        assert 1 == cloud.count()


async def test_a_connection_that_was_kept_does_not_outlive_reachability():
    async with FakeCloud() as cloud, aiohttp.ClientSession(cloud.url) as session:
        async with session.head("/") as answer:
            assert 200 == answer.status
        async with cloud.unreachable():
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.head("/")


BREAKING = {name for name in FAULTS if name.startswith(("cut", "reset"))}


@pytest.mark.parametrize("fault", sorted(BREAKING))
async def test_a_cut_stream_is_seen_to_be_cut(fault):
    blocks = [Thinking("hm hm hm hm hm"), Text("some words that are told"), ToolUse("a", {"b": 1})]
    async with FakeCloud(script=lambda _: blocks) as cloud:
        cloud.break_next(fault)
        with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientConnectionError)):
            await post(cloud, request(stream=True))
        status, _, body = await post(cloud, request(stream=True))

        assert 200 == status
        assert b"message_stop" in body
        assert [fault, ""] == [one.why for one in cloud.requests]


SILENT = {name for name in FAULTS if name.startswith("silent")}
GO_ON = {"unreadable_event", "unknown_event", "comments", "twice_begun", "crlf"}


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - BREAKING - SILENT - GO_ON))
async def test_a_stream_that_ends_too_early_ends_as_http_has_it(fault):
    async with FakeCloud(script=lambda _: [Text("some words that are told")]) as cloud:
        cloud.break_next(fault)
        status, _, body = await post(cloud, request(stream=True))

    assert 200 == status
    assert b"message_stop" not in body
    assert fault.startswith("error") is (b"event: error" in body)


async def test_a_stream_that_falls_silent_stays_open_until_the_cloud_closes():
    heard = []
    async with create_task_group() as group, FakeCloud(pace_s=0.001) as cloud:
        cloud.break_next("silent_after_text")

        async def listen():
            with pytest.raises(aiohttp.ClientPayloadError):
                heard.append(await post(cloud, request(stream=True)))

        group.start_soon(listen)
        await cloud.until(lambda seen: seen.count(status=200))
        await anyio.wait_all_tasks_blocked()
        assert [] == heard


async def test_overage_is_served_and_says_so():
    async with FakeCloud() as cloud:
        cloud.exhaust(SUBSCRIPTION, "overage_running")
        status, said, _ = await post(cloud, request(), headers=headers(SUBSCRIPTION))

    assert 200 == status
    assert "rejected" == said[UNIFIED + "status"]
    assert "true" == said[UNIFIED + "overage-in-use"]


async def test_names_that_nobody_knows_are_refused_at_once():
    cloud = FakeCloud()
    for wrong in (
        lambda: cloud.break_next("no"),
        lambda: cloud.exhaust(API_KEY, "no"),
        lambda: cloud.limit(API_KEY, Limit(1, form="no")),
    ):
        with pytest.raises(ValueError, match="'no'"):
            wrong()


async def test_it_runs_by_itself():
    command = [sys.executable, "-m", "standby.testing.cloud", "--limit-after", "0"]
    async with await open_process(command, stderr=None) as process:
        with fail_after(30):
            line = await TextReceiveStream(process.stdout).receive()
        said = json.loads(line)
        port = int(said["url"].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
        process.terminate()

    assert API_KEY.credential == said["api-key"]
