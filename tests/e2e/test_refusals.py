"""The ways in which the cloud does not serve: who answers then, and how often it is asked."""

import asyncio

import aiohttp
import anthropic
import pytest

from standby.testing.accounts import API_KEY, SUBSCRIPTION, CloudAccount, Plan
from standby.testing.cloud import FakeCloud
from standby.testing.faults import FAULTS
from standby.testing.standing import Limit
from tests.e2e.asking import HELLO, Client
from tests.e2e.gateway import Gateway, model
from tests.e2e.speaking import WAYS, options, text

pytestmark = pytest.mark.anyio

LOCAL = "I am the tiny test model and this reply was scripted."
UNIFIED = "anthropic-ratelimit-unified-"
# How often the cloud is asked for one request of the client: a pause and a second try where that
# may help, and none where the cloud has said that it does not.
ASKED = {
    "five_hour": 1,
    "seven_day": 1,
    "long_429": 1,
    "tier_cap": 1,
    "contract_cap": 1,
    "spend_limit": 1,
    "credit_400": 1,
    "billing_402": 1,
    "ramp": 1,  # it names a pause that is too long to be waited for
    "bare_429": 2,
    "overloaded_529": 2,
    "overloaded_sse": 2,
    "outage_500": 1,
    "outage_502_html": 1,
    "outage_503": 1,
    "close": 1,
    "reset": 1,
    "hang": 1,
}


@pytest.fixture(params=WAYS)
def way(request):
    return WAYS[request.param]


@pytest.mark.parametrize("form", ASKED)
async def test_a_local_model_answers_the_request_that_the_cloud_did_not(tmp_path, cloud, form):
    cloud.exhaust(SUBSCRIPTION, form)
    settings = {"CLOUD_FIRST_BYTE_S": "0.5"} if form == "hang" else {}
    async with (
        Gateway(tmp_path, cloud.url, await model(), settings) as gateway,
        WAYS["async-stream"](**options(gateway.url, SUBSCRIPTION, gateway.key)) as ask,
    ):
        answer = await ask(HELLO["messages"])
        rows = await gateway.recent()

    assert LOCAL == text(answer)
    assert ASKED[form] == cloud.count()
    assert 1 == len(rows), "the program asked again"
    assert ("ok", "local") == (rows[0]["outcome"], rows[0]["by"])


@pytest.mark.parametrize("form", ["five_hour", "overloaded_529", "credit_400", "close"])
async def test_an_answer_that_is_not_streamed_is_replaced_just_so(tmp_path, cloud, form):
    cloud.exhaust(SUBSCRIPTION, form)
    async with Gateway(tmp_path, cloud.url, await model()) as gateway:
        answer = await Client(gateway).say()

    assert (200, LOCAL) == (answer.status, answer.text)


async def test_a_cloud_that_nobody_listens_for_is_replaced_and_found_again(tmp_path, cloud):
    async with Gateway(tmp_path, cloud.url, await model()) as gateway:
        client = Client(gateway)
        async with cloud.unreachable():
            away = await client.say()
        async with asyncio.timeout(10):
            while (back := await client.say()).by != "cloud":
                assert LOCAL == back.text

    assert LOCAL == away.text
    assert "The cloud" in back.text


async def test_a_short_throttle_is_waited_for(tmp_path, cloud):
    async with Gateway(tmp_path, cloud.url, await model()) as gateway:
        # It says that 2 s are enough.
        cloud.limit(API_KEY, Limit(after=0, form="burst", seconds=1.5))
        answer = await Client(gateway, API_KEY).say()

    assert "cloud" == answer.by
    assert (1, 1) == (cloud.count(refused=True), cloud.count(refused=False))


async def test_a_throttle_that_is_longer_than_the_patience_is_not_waited_for(tmp_path, cloud):
    cloud.exhaust(API_KEY, "burst", seconds=60)
    settings = {"CLOUD_BURST_WAIT_S": "1"}
    async with Gateway(tmp_path, cloud.url, await model(), settings) as gateway:
        answer = await Client(gateway, API_KEY).say()

    assert LOCAL == answer.text
    assert 1 == cloud.count()


async def test_a_limit_of_one_line_of_models_leaves_the_others_in_the_cloud(tmp_path, cloud):
    cloud.exhaust(SUBSCRIPTION, "seven_day_opus")
    async with Gateway(tmp_path, cloud.url, await model()) as gateway:
        client = Client(gateway)
        opus = [(await client.say(model="claude-opus-5-5")).by for _ in range(2)]
        sonnet = [(await client.say(model="claude-sonnet-5-5")).by for _ in range(2)]
        older = (await client.say(model="claude-opus-4-8")).by

    assert all(by.startswith("local; ") for by in (*opus, older))
    assert ["cloud", "cloud"] == sonnet
    assert 1 == cloud.count(refused=True)


@pytest.mark.parametrize(
    ("overage", "then"), [("use", "cloud"), ("exhausted", "local; ")], ids=["use", "exhausted"]
)
async def test_paid_overage_is_used_or_counts_as_the_end(tmp_path, cloud, overage, then):
    cloud.exhaust(SUBSCRIPTION, "overage_running")
    settings = {"CLOUD_OVERAGE": overage}
    async with Gateway(tmp_path, cloud.url, await model(), settings) as gateway:
        client = Client(gateway)
        first, second = await client.say(), await client.say()

    assert "cloud" == first.by
    assert second.by.startswith(then)


async def test_without_a_local_model_a_program_gets_the_clouds_own_refusal_at_once(
    tmp_path, cloud, way
):
    refused = []
    async with Gateway(tmp_path, cloud.url) as gateway:
        async with way(**options(gateway.url, SUBSCRIPTION, gateway.key)) as ask:
            cloud.limit(SUBSCRIPTION, Limit(after=0, seconds=18_000))
            for _ in range(2):
                with pytest.raises(anthropic.RateLimitError) as raised:
                    await ask(HELLO["messages"])
                refused.append(raised.value)
        rows = await gateway.recent()

    assert 1 == cloud.count(), "the cloud was asked again, or the program tried again"
    assert 2 == len(rows)
    for error in refused:
        headers = error.response.headers
        assert "false" == headers["x-should-retry"]
        assert 0 <= 18_000 - int(headers["retry-after"]) < 60
        assert "rejected" == headers[UNIFIED + "status"]
        assert "five_hour" == headers[UNIFIED + "representative-claim"]
        assert error.body["error"]["message"].startswith("This request would exceed your account")
    assert refused[0].response.headers["request-id"] == refused[1].response.headers["request-id"]


@pytest.mark.parametrize(
    ("form", "status"),
    [("tier_cap", 429), ("credit_400", 400), ("billing_402", 402), ("overloaded_529", 529)],
)
async def test_without_a_local_model_every_refusal_is_the_clouds_own(tmp_path, cloud, form, status):
    cloud.exhaust(API_KEY, form)
    async with Gateway(tmp_path, cloud.url) as gateway:
        answer = await Client(gateway, API_KEY).say()

    assert status == answer.status
    assert "false" == answer.headers["x-should-retry"]
    assert cloud.requests[-1].why == answer.message


async def test_without_anybody_there_is_an_honest_error(tmp_path, cloud):
    async with Gateway(tmp_path, cloud.url) as gateway, cloud.unreachable():
        answer = await Client(gateway).say()

    assert (529, "overloaded_error") == (answer.status, answer.value["error"]["type"])
    assert "false" == answer.headers["x-should-retry"]
    assert "out of reach" in answer.message


MISTAKES = {
    "no such model": ({"model": "gpt-4"}, 404),
    "empty content": ({"messages": [{"role": "user", "content": ""}]}, 400),
    "max_tokens": ({"max_tokens": 0}, 400),
    "somebody's thinking": (
        {
            "messages": [
                {"role": "user", "content": "hello"},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "", "signature": "Zm9yZ2Vk"},
                        {"type": "text", "text": "hello"},
                    ],
                },
                {"role": "user", "content": "hello"},
            ]
        },
        400,
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_clients_own_mistake_is_the_clouds_to_tell(tmp_path, cloud, name, stream):
    fields, status = MISTAKES[name]
    async with Gateway(tmp_path, cloud.url, await model()) as gateway:
        answer = await Client(gateway).say(**fields, stream=stream)

    assert (status, "cloud") == (answer.status, answer.by)
    assert cloud.requests[-1].why == answer.message
    assert "x-should-retry" not in answer.headers
    assert 1 == cloud.count()


async def test_a_wrong_credential_is_never_answered_locally(tmp_path, cloud):
    async with Gateway(tmp_path, cloud.url, await model()) as gateway:
        client = Client(gateway)
        answer = await client(
            "POST", "/v1/messages", HELLO, authorization="Bearer sk-ant-oat01-of-nobody"
        )
        exhausted = await Client(gateway).say()

    assert (401, "cloud") == (answer.status, answer.by)
    assert "authentication_error" == answer.value["error"]["type"]
    assert "cloud" == exhausted.by


async def test_a_limit_is_remembered_through_a_restart_and_a_crash(tmp_path, cloud):
    cloud.exhaust(SUBSCRIPTION, "five_hour")
    path = await model()
    async with Gateway(tmp_path, cloud.url, path) as gateway:
        met = await Client(gateway).say()
    async with Gateway(tmp_path, cloud.url, path) as gateway:
        restarted = await Client(gateway).say()
        gateway.kill()
        await gateway.until(lambda: gateway.ended)
    async with Gateway(tmp_path, cloud.url, path) as gateway:
        status = await gateway.status()
        revived = await Client(gateway).say()

    assert [LOCAL] * 3 == [one.text for one in (met, restarted, revived)]
    assert ("local", "the 5-hour limit is reached") == (status["answering"], status["why"])
    assert 1 == cloud.count()


# An account for each fault: one that the cloud has failed is not sent there for a moment.
VICTIMS = {
    fault: CloudAccount(fault, f"sk-ant-api03-{fault}", Plan.API, is_key=True) for fault in FAULTS
}
STREAMED = {**HELLO, "stream": True, "thinking": {"type": "adaptive"}}


async def test_a_stream_that_breaks_ends_as_streams_end(tmp_path):
    async with (
        FakeCloud(accounts=VICTIMS.values()) as cloud,
        Gateway(tmp_path, cloud.url, await model(), {"CLOUD_IDLE_S": "0.3"}) as gateway,
    ):
        for fault, account in VICTIMS.items():
            cloud.break_next(fault)
            answer = await Client(gateway, account)("POST", "/v1/messages", STREAMED)
            assert answer.names[-1] in ("message_stop", "error"), fault


# Who was only slow must not be taken for silent: those that fall silent are tried by themselves.
SILENT = [fault for fault in FAULTS if fault.startswith("silent")]


async def coded_ends(tmp_path, faults, idle_s):
    ends = {}
    async with (
        FakeCloud(accounts=VICTIMS.values(), compress=True) as cloud,
        Gateway(tmp_path, cloud.url, await model(), {"CLOUD_IDLE_S": idle_s}) as gateway,
    ):
        for fault in faults:
            cloud.break_next(fault)
            client = Client(gateway, VICTIMS[fault])
            try:
                answer = await client(
                    "POST", "/v1/messages", STREAMED, **{"accept-encoding": "gzip"}
                )
            except aiohttp.ClientPayloadError:
                ends[fault] = "broken"
            else:
                ends[fault] = answer.names[-1]
    assert set(ends.values()) <= {"message_stop", "error", "broken"}
    return ends


async def test_a_coded_stream_that_breaks_ends_as_streams_end_or_with_the_connection(tmp_path):
    ends = await coded_ends(tmp_path, [fault for fault in FAULTS if fault not in SILENT], "30")

    # Where the coded stream was left open between two events, others can go on in it; where it was
    # ended, or cut in an event, nothing that a client would read can follow.
    assert "message_stop" == ends["cut_after_text"]
    assert "broken" == ends["cut_in_frame"]
    assert "broken" == ends["truncated_after_text"]


async def test_a_coded_stream_that_falls_silent_ends_as_streams_end(tmp_path):
    ends = await coded_ends(tmp_path, SILENT, "0.3")

    assert "message_stop" == ends["silent_after_text"]


async def test_ten_at_once_meet_the_limit_and_all_are_answered(tmp_path, cloud):
    cloud.limit(SUBSCRIPTION, Limit(after=4))
    answers = []

    async def ask(client):
        answers.append(await client.say(stream=True))

    async with Gateway(tmp_path, cloud.url, await model()) as gateway, asyncio.TaskGroup() as all_:
        for _ in range(10):
            all_.create_task(ask(Client(gateway)))

    assert {200} == {answer.status for answer in answers}
    assert 4 == sum(answer.by == "cloud" for answer in answers)
    assert {"message_stop"} == {answer.events[-1][0] for answer in answers}
