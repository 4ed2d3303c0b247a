"""The official Python SDK through every phase: streamed or not, synchronous or not, with tools."""

import time

import pytest

from standby.core.handback import marks
from standby.core.wire.json import loads
from standby.testing.accounts import API_KEY, SUBSCRIPTION, TOKEN
from standby.testing.standing import Limit
from tests.e2e.gateway import Gateway, model
from tests.e2e.speaking import WAYS, options, results, text

pytestmark = pytest.mark.anyio

LOCAL = "I am the tiny test model and this reply was scripted."
LEAST_S = 5
ANSWERS = 20
"""By so many local answers a limit outlasts that, however slow the machine is just now."""
WHO = {"async": API_KEY, "async-stream": SUBSCRIPTION, "sync": TOKEN, "sync-stream": SUBSCRIPTION}


@pytest.fixture(params=WAYS)
def way(request):
    return WAYS[request.param]


class Conversation:
    """A program's own memory of what was said."""

    def __init__(self, ask):
        self._ask = ask
        self.messages = []

    async def say(self, turn, **fields):
        self.messages.append(turn if isinstance(turn, dict) else {"role": "user", "content": turn})
        message = await self._ask(self.messages, **fields)
        self.messages.append({"role": "assistant", "content": message.content})
        return message


def uses(message):
    return [(block.name, block.input) for block in message.content if block.type == "tool_use"]


def signatures(message):
    return {block.signature for block in message.content if block.type == "thinking"}


@pytest.mark.parametrize(("name", "account"), WHO.items(), ids=WHO)
async def test_a_program_goes_over_at_the_limit_and_comes_back_at_the_reset(
    tmp_path, cloud, name, account
):
    async with (
        Gateway(tmp_path, cloud.url, await model(fill="ls")) as gateway,
        WAYS[name](**options(gateway.url, account, gateway.key)) as ask,
    ):
        # The engine starts before the window does: how long that takes is not what is tested.
        for _ in range(2):
            began = time.monotonic()
            await ask([{"role": "user", "content": "hello"}], model="local")
        seconds = LEAST_S + ANSWERS * (time.monotonic() - began)
        talk = Conversation(ask)
        called = await talk.say("write notes.txt with hello")
        cloud.limit(account, Limit(after=1, seconds=seconds))
        met = await talk.say(results(called))
        local_call = await talk.say("now [call] one")
        local_end = await talk.say(results(local_call))
        unasked = cloud.count()
        await gateway.reset()
        back = await talk.say("run date")
        end = await talk.say(results(back))
        rows = await gateway.recent()

    assert [("Write", {"file_path": "notes.txt", "content": "hello"})] == uses(called)
    assert [("Bash", {"command": "ls"})] == uses(local_call)
    assert [("Bash", {"command": "date"})] == uses(back)
    assert (LOCAL, LOCAL) == (text(met), text(local_end))
    assert "The cloud" in text(end)
    assert ["tool_use", "end_turn", "tool_use", "end_turn", "tool_use", "end_turn"] == [
        one.stop_reason for one in (called, met, local_call, local_end, back, end)
    ]
    assert all(one.usage.input_tokens and one.usage.output_tokens for one in (met, local_end))
    assert ["claude", "local/", "local/", "local/", "claude", "claude"] == [
        one.model[:6] for one in (called, met, local_call, local_end, back, end)
    ]
    assert 1 == cloud.count(refused=True)
    assert 2 == unasked, "the one that was served, and the one that met the limit"
    assert 8 == len(rows), "the program asked again"
    assert {"0"} == {one.header("x-stainless-retry-count") for one in cloud.requests}
    assert 0 == cloud.count(status=400), [one.why for one in cloud.requests]
    assert not [one for one in cloud.requests if marks.SIGNATURE.encode() in one.body]
    assert signatures(called)
    assert signatures(called) <= _returned(cloud.requests[-1])


async def test_each_account_has_a_limit_of_its_own(tmp_path, cloud, way):
    cloud.exhaust(API_KEY, "long_429")
    async with Gateway(tmp_path, cloud.url, await model()) as gateway:
        said = {}
        for account in (API_KEY, SUBSCRIPTION, TOKEN):
            async with way(**options(gateway.url, account, gateway.key)) as ask:
                said[account.name] = text(await ask([{"role": "user", "content": "hello"}]))

    assert LOCAL == said.pop(API_KEY.name)
    assert all("The cloud" in words for words in said.values())


async def test_a_program_with_the_gateways_token_alone_is_served_locally(tmp_path, cloud, way):
    async with (
        Gateway(tmp_path, cloud.url, await model()) as gateway,
        way(base_url=gateway.url, api_key=None, auth_token=gateway.token, timeout=20) as ask,
    ):
        first = await ask([{"role": "user", "content": "hello"}])

    assert LOCAL == text(first)
    assert 0 == cloud.count()


def _returned(received):
    return {
        block["signature"]
        for message in loads(received.body)["messages"]
        if message["role"] == "assistant"
        for block in message["content"]
        if block["type"] == "thinking"
    }
