"""The main job with the real client: over to the local model at the limit, and back at the reset.

Real are the client, its tools, the gateway, the engine and its model file; the cloud is the strict
fake, which refuses what the real one would refuse.
"""

import os
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import anyio
import pytest

from standby.core.handback import marks
from standby.core.wire.json import dumps, loads
from standby.testing import accounts
from standby.testing.standing import Limit
from tests.e2e.claude_code import API_KEY, AUTH_TOKEN, SUBSCRIPTION, ClaudeCode
from tests.e2e.gateway import Gateway, model

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("the_real_client"),
]

LOCAL = "I am the tiny test model and this reply was scripted."
# With these alone the prompt is a third as long, and the first local answer is there in a second.
FEW_TOOLS = ("--tools", "Bash,Write,Read")
# How long a limit lasts: the local part of a conversation must fit into it on any machine, and one
# that is busy answers as many times slower as it did when it was timed.
LEAST_S = 6
SESSION = "x-claude-code-session-id"
ANSWERS = 20
TURNS = 5


@dataclass(frozen=True)
class Person:
    """How somebody is known to the client and to the cloud, and whether they show our token."""

    login: dict
    account: accounts.CloudAccount
    with_token: bool = True


PEOPLE = {
    "subscription": Person(SUBSCRIPTION, accounts.SUBSCRIPTION),
    "api-key": Person(API_KEY, accounts.API_KEY),
    # Nothing shows that this one belongs here but that the cloud has accepted the credential.
    "auth-token": Person(AUTH_TOKEN, accounts.TOKEN, with_token=False),
}


@pytest.fixture(params=PEOPLE.values(), ids=PEOPLE)
def person(request):
    return request.param


@asynccontextmanager
async def at_work(tmp_path, cloud, person, arguments=FEW_TOOLS):
    """A gateway in front of the cloud, and the client in front of the gateway."""
    async with Gateway(tmp_path / "gateway", cloud.url, await model(fill="ls")) as gateway:
        headers = gateway.key if person.with_token else {}
        async with ClaudeCode(
            tmp_path / "client", gateway.url, person.login, headers, arguments=arguments
        ) as client:
            yield gateway, client


async def window_s(gateway, received, turn):
    """Let the local model read the client's prompt; return how long a limit is to last.

    By hand, and without thinking: the cloud is not asked, and nobody is told of a switch. It is a
    request of the conversation all the same: what is read for it need not be read again.
    """
    body = {**loads(received.body), "model": "local"}
    del body["thinking"]
    session = {SESSION: received.header(SESSION)}
    took = []
    for _ in range(2):
        began = time.monotonic()
        async with (
            aiohttp.ClientSession() as client,
            client.post(
                gateway.url + "/v1/messages",
                data=dumps(body),
                headers={**gateway.key, **session},
            ) as answer,
        ):
            assert b"event: message_stop" in await answer.read()
        took.append(time.monotonic() - began)
    return LEAST_S + TURNS * turn.result["duration_ms"] / 1000 + ANSWERS * took[1]


def notices(*turns):
    """The blocks that told the client of a switch; a slow machine tells of the wait, too."""
    return [
        block
        for turn in turns
        for block in turn.blocks("assistant")
        if block["type"] == "thinking" and block["signature"] == marks.NOTICE
        if "answers here" in block["thinking"]
    ]


def signatures(received):
    """The signatures of the thinking that a request brings back to the cloud."""
    return {
        block["signature"]
        for message in loads(received.body)["messages"]
        if message["role"] == "assistant" and isinstance(message["content"], list)
        for block in message["content"]
        if block["type"] == "thinking"
    }


def went_well(*turns):
    for turn in turns:
        assert (False, (), ()) == (turn.failed, turn.errors, turn.retries)


def by_cloud(turn):
    return all(name.startswith("claude-") for name in turn.models) and "The cloud" in turn.text


def by_local(turn):
    return all(name.startswith("local/tiny-") for name in turn.models) and turn.text == LOCAL


def used(turn):
    return [use["name"] for use in turn.tool_uses]


def held(cloud, gateway_log=""):
    """The conversation held to the cloud's rules: nothing of ours reached it, nothing was wrong."""
    assert 0 == cloud.count(status=400), [one.why for one in cloud.requests] + [gateway_log]
    assert not [one for one in cloud.requests if marks.SIGNATURE.encode() in one.body]
    assert not [one for one in cloud.requests if b"standby:" in one.body]
    assert not [one for one in cloud.requests if one.header("x-standby-token")]


async def test_a_conversation_goes_over_at_the_limit_and_comes_back_at_the_reset(
    tmp_path, cloud, person
):
    async with at_work(tmp_path, cloud, person) as (gateway, client):
        wrote = await client.say("write notes.txt with hello")
        seconds = await window_s(gateway, cloud.requests[-1], wrote)
        # A tool takes two answers: the limit is met by the request that brings a tool's result.
        cloud.limit(person.account, Limit(after=3, seconds=seconds))
        met = await client.say("run cat notes.txt > copy.txt")
        asked = cloud.count(), signatures(cloud.requests[-1])
        called = await client.say("now [call] the tool of your choice")
        talked = await client.say("thank you")
        blocked = await gateway.status()
        unasked = cloud.count()
        await gateway.reset()
        back = await client.say("run echo back > back.txt")
        served = await gateway.status()

    went_well(wrote, met, called, talked, back)
    assert (["Write"], ["Bash"], ["Bash"], [], ["Bash"]) == tuple(
        used(turn) for turn in (wrote, met, called, talked, back)
    )
    assert by_cloud(wrote)
    assert by_cloud(back)
    assert by_local(called)
    assert by_local(talked)
    assert LOCAL == met.text  # the cloud called the tool, the local model took in the result
    assert "copy.txt\nnotes.txt" == called.tool_results[0]["content"]
    assert "hello" == (client.work / "copy.txt").read_text().strip()
    assert "back" == (client.work / "back.txt").read_text().strip()

    assert 1 == cloud.count(refused=True)
    assert asked[0] == unasked, "the cloud was asked in vain"
    assert ("local", "cloud") == (blocked["answering"], served["answering"])
    assert blocked["model"].startswith("embedded/tiny-")
    held(cloud, gateway.log)

    assert 1 == len(notices(met, called, talked))
    assert "5-hour limit" in notices(met)[0]["thinking"]
    assert not notices(wrote, back)
    assert asked[1], "the cloud thought nothing"
    assert asked[1] <= signatures(cloud.requests[-1])


@pytest.mark.timeout(600)
async def test_the_full_client_meets_two_limits_in_one_conversation(tmp_path, cloud):
    person = PEOPLE["subscription"]
    async with at_work(tmp_path, cloud, person, arguments=()) as (gateway, client):
        first = await client.say("write one.txt with 1")
        seconds = await window_s(gateway, cloud.requests[-1], first)
        cloud.limit(person.account, Limit(after=0, seconds=seconds))
        over = await client.say("please [call] what you like")
        again = await client.say("hello")
        await gateway.reset()
        between = await client.say("run cp one.txt two.txt")
        cloud.limit(person.account, Limit(after=0, form="seven_day", seconds=seconds))
        once_more = await client.say("are you there?")
        await gateway.reset()
        last = await client.say("run cp two.txt three.txt")

    went_well(first, over, again, between, once_more, last)
    assert all(by_cloud(turn) for turn in (first, between, last))
    assert all(by_local(turn) for turn in (over, again, once_more))
    assert "1" == (client.work / "three.txt").read_text()
    assert 2 == cloud.count(refused=True)
    assert 6 == cloud.count(status=200)
    held(cloud, gateway.log)
    assert (1, 1) == (len(notices(over, again)), len(notices(once_more)))
    assert "weekly limit" in notices(once_more)[0]["thinking"]


async def test_a_conversation_is_taken_up_by_another_process_and_another_gateway(tmp_path, cloud):
    person = PEOPLE["api-key"]
    folder = tmp_path / "gateway"
    async with at_work(tmp_path, cloud, person) as (gateway, client):
        first = await client.say("write one.txt with 1")
        cloud.exhaust(person.account, "tier_cap", seconds=86_400)
        over = await client.say("hello")
    refused = cloud.count()
    async with (
        Gateway(folder, cloud.url, await model(fill="ls")) as gateway,
        ClaudeCode(
            *(tmp_path / "client", gateway.url, person.login, gateway.key),
            arguments=(*FEW_TOOLS, "--resume", client.session_id),
        ) as resumed,
    ):
        then = await resumed.say("and [call] the tool")

    went_well(first, over, then)
    assert by_cloud(first)
    assert by_local(over)
    assert by_local(then)
    assert "one.txt" == then.tool_results[0]["content"]
    assert refused == cloud.count(), "the new gateway had forgotten the limit"


async def test_without_anybody_to_answer_the_client_shows_the_clouds_own_words_at_once(
    tmp_path, cloud, person
):
    cloud.exhaust(person.account, "five_hour", seconds=18_000)
    async with (
        Gateway(tmp_path / "gateway", cloud.url) as gateway,
        ClaudeCode(
            tmp_path / "client", gateway.url, person.login, gateway.key, arguments=FEW_TOOLS
        ) as client,
    ):
        turn = await client.say("hello", within_s=20)

    assert (True, ()) == (turn.failed, turn.retries)
    assert "limit" in turn.text
    assert 1 == cloud.count()


async def test_standby_claude_starts_a_gateway_and_the_client_in_front_of_it(tmp_path, cloud):
    person = PEOPLE["subscription"]
    gateway = Gateway(tmp_path / "gateway", cloud.url, await model(fill="ls"))
    command = (sys.executable, "-P", "-m", "standby")
    try:
        async with ClaudeCode(
            *(tmp_path / "client", "", person.login),
            environment=gateway.variables,
            arguments=FEW_TOOLS,
            launcher=(*command, "claude", "--"),
        ) as client:
            first = await client.say("write one.txt with 1")
            cloud.exhaust(person.account, "five_hour")
            over = await client.say("now [call] it")
    finally:
        down = await anyio.run_process(
            [*command, "down"], env=gateway.environment, check=False, cwd=os.sep
        )

    went_well(first, over)
    assert by_cloud(first)
    assert by_local(over)
    assert "one.txt" == over.tool_results[0]["content"]
    assert 1 == cloud.count(refused=True)
    assert "main" == cloud.requests[-1].header("x-claude-code-request-class")
    held(cloud)
    assert 0 == client.code
    assert 0 == down.returncode, down.stderr
