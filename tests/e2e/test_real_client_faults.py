"""The real client while the cloud fails: each time its conversation can be gone on with.

What it has been told to run is counted by what it leaves in its folder: never twice.
"""

from collections import Counter

import pytest

from standby.testing import scripts
from standby.testing.accounts import SUBSCRIPTION
from standby.testing.cloud import FakeCloud
from standby.testing.scripts import Text
from standby.testing.standing import Limit
from tests.e2e.claude_code import SUBSCRIPTION as LOGIN
from tests.e2e.claude_code import ClaudeCode
from tests.e2e.gateway import Gateway, model

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.usefixtures("the_real_client"),
]

FEW_TOOLS = ("--tools", "Bash,Write,Read")
SAYS = "I am the tiny test model and this reply was scripted."
# What the client is to run is called in the first answer, and told of in the second.
IN_THE_CALL = (
    *("error_after_headers", "reset_after_start", "truncated_in_thinking", "error_in_thinking"),
    *(
        "reset_in_tool",
        "truncated_in_tool",
        "error_in_tool",
        "reset_after_tool",
        "error_after_tool",
    ),
)
BEHIND_THE_CALL = ("truncated_after_text", "reset_after_text", "error_after_text", "cut_in_frame")


def agent_in_its_words(conversation):
    """A cloud that says what the local model says: so that one can go on with it."""
    return [
        Text(SAYS) if isinstance(block, Text) else block for block in scripts.agent(conversation)
    ]


@pytest.fixture
async def cloud():
    async with FakeCloud(script=agent_in_its_words) as cloud:
        yield cloud


def ran(client):
    """How often each of the commands was run."""
    file = client.work / "ran.txt"
    return Counter(file.read_text(encoding="utf-8").split()) if file.exists() else Counter()


def client_of(tmp_path, gateway, **environment):
    return ClaudeCode(
        *(tmp_path / "client", gateway.url, LOGIN, gateway.key),
        environment=environment,
        arguments=FEW_TOOLS,
    )


@pytest.mark.parametrize(
    ("faults", "behind"), [(IN_THE_CALL, False), (BEHIND_THE_CALL, True)], ids=["in", "behind"]
)
async def test_one_conversation_lives_through_every_way_of_breaking_and_runs_nothing_twice(
    tmp_path, cloud, faults, behind
):
    async with (
        Gateway(tmp_path / "gateway", cloud.url, await model()) as gateway,
        client_of(tmp_path, gateway) as client,
    ):
        for fault in faults:
            if behind:
                cloud.break_next("comments")  # the call itself comes well
            cloud.break_next(fault)
            turn = await client.say(f"run echo {fault} >> ran.txt")
            assert (False, fault) == (turn.failed, fault), turn.text
            assert turn.text, fault
            cloud.mend()
            await gateway.rested()
        after = await client.say("run echo after >> ran.txt")
        counted = ran(client)

    assert not after.failed
    assert 1 == counted.pop("after")
    assert max(counted.values(), default=0) <= 1, counted
    if behind:
        assert set(faults) == set(counted)
    assert 0 == cloud.count(status=400), [one.why for one in cloud.requests if one.status == 400]


async def test_a_limit_between_a_call_and_its_result_runs_the_call_once(tmp_path, cloud):
    async with (
        Gateway(tmp_path / "gateway", cloud.url, await model()) as gateway,
        client_of(tmp_path, gateway) as client,
    ):
        cloud.limit(SUBSCRIPTION, Limit(after=1, seconds=3600))
        limited = await client.say("run echo once >> ran.txt")
        after = await client.say("thank you")
        counted = ran(client)
        rows = await gateway.recent()

    assert (False, False) == (limited.failed, after.failed)
    assert (SAYS, SAYS) == (limited.text, after.text)
    assert {"once": 1} == dict(counted)
    assert ["local", "local", "cloud"] == [row["by"] for row in rows]
    assert 1 == cloud.count(refused=True)


async def test_a_turn_that_takes_longer_than_the_client_waits_for_headers_comes_in_one_request(
    tmp_path, cloud
):
    """The client gives up after 340 s without a word. Told to do so after 10, it waits for 15."""
    settings = {"CLOUD_FIRST_BYTE_S": "15", "LOCAL_KEEP_ALIVE_S": "2"}
    async with (
        Gateway(tmp_path / "gateway", cloud.url, await model(), settings) as gateway,
        client_of(tmp_path, gateway, API_TIMEOUT_MS="10000") as client,
    ):
        cloud.exhaust(SUBSCRIPTION, "hang", seconds=60)
        turn = await client.say("hello")
        rows = await gateway.recent()

    assert (False, ()) == (turn.failed, turn.retries), turn.text
    assert SAYS == turn.text
    assert 1 == cloud.count(path="/v1/messages", refused=True)
    assert ["local"] == [row["by"] for row in rows]
