"""The cloud breaks off in the middle of an answer: what a program gets, and what it costs."""

import pytest
from anthropic import APIStatusError

from standby.testing.accounts import SUBSCRIPTION
from standby.testing.cloud import FakeCloud
from standby.testing.scripts import Text
from tests.e2e.asking import Client
from tests.e2e.claude_code import SUBSCRIPTION as LOGIN
from tests.e2e.claude_code import ClaudeCode
from tests.e2e.gateway import Gateway, model
from tests.e2e.speaking import HELLO, WAYS, options

pytestmark = pytest.mark.anyio

SENTENCE = "I am the tiny test model and this reply was scripted."
STREAMED = WAYS["async-stream"]
FEW_TOOLS = ("--tools", "Bash,Write,Read")


def the_same(_conversation):
    """The cloud says what the local model says: so it shows where that one goes on."""
    return [Text(SENTENCE)]


@pytest.mark.parametrize(
    ("how", "compress"),
    [
        *(("cut", False), ("reset", False), ("truncated", False), ("error", False)),
        *(("cut", True), ("reset", True), ("error", True)),
    ],
)
async def test_one_text_of_one_message_comes_of_both(tmp_path, how, compress):
    async with (
        FakeCloud(script=the_same, compress=compress) as cloud,
        Gateway(tmp_path, cloud.url, await model()) as gateway,
        STREAMED(**options(gateway.url, SUBSCRIPTION, gateway.key, max_retries=0)) as ask,
    ):
        cloud.break_next(f"{how}_after_text")
        message = await ask(HELLO)
        rows = await gateway.recent()

    assert [SENTENCE] == [block.text for block in message.content if block.type == "text"]
    assert "end_turn" == message.stop_reason
    assert message.usage.output_tokens > 0
    assert ("both", "ok") == (rows[0]["by"], rows[0]["outcome"])
    assert 1 == cloud.count()


async def test_what_broke_off_within_a_call_ends_in_an_error_and_nothing_is_run(tmp_path, cloud):
    cloud.break_next("cut_in_tool")
    async with (
        Gateway(tmp_path, cloud.url, await model()) as gateway,
        STREAMED(**options(gateway.url, SUBSCRIPTION, gateway.key, max_retries=0)) as ask,
    ):
        with pytest.raises(APIStatusError):
            await ask([{"role": "user", "content": "write notes.txt with hello"}])
        rows = await gateway.recent()

    assert ("cloud", "broken") == (rows[0]["by"], rows[0]["outcome"])


async def test_it_can_be_turned_off(tmp_path):
    settings = {"LOCAL_CONTINUES": "false"}
    async with (
        FakeCloud(script=the_same) as cloud,
        Gateway(tmp_path, cloud.url, await model(), settings) as gateway,
    ):
        cloud.break_next("cut_after_text")
        answer = await Client(gateway).say(stream=True)

    assert "error" == answer.names[-1]
    assert SENTENCE.startswith(answer.text)


@pytest.mark.usefixtures("the_real_client")
async def test_the_client_sees_one_answer_and_asks_for_nothing_again(tmp_path):
    async with (
        FakeCloud(script=the_same) as cloud,
        Gateway(tmp_path / "gateway", cloud.url, await model()) as gateway,
        ClaudeCode(
            tmp_path / "client", gateway.url, LOGIN, gateway.key, arguments=FEW_TOOLS
        ) as client,
    ):
        cloud.break_next("cut_after_text")
        turn = await client.say("hello")
        await gateway.rested()  # for a moment after a failure, turns are local
        after = await client.say("thank you")
        rows = await gateway.recent()

    assert (SENTENCE, SENTENCE) == (turn.text, after.text)
    assert (False, (), ()) == (turn.failed, turn.errors, turn.retries)
    assert (False, (), ()) == (after.failed, after.errors, after.retries)
    assert ["cloud", "both"] == [row["by"] for row in rows]
    assert 0 == cloud.count(status=400), [one.why for one in cloud.requests]


@pytest.mark.usefixtures("the_real_client")
async def test_half_a_call_is_never_run_and_the_client_carries_on(tmp_path, cloud):
    async with (
        Gateway(tmp_path / "gateway", cloud.url, await model()) as gateway,
        ClaudeCode(
            tmp_path / "client", gateway.url, LOGIN, gateway.key, arguments=FEW_TOOLS
        ) as client,
    ):
        cloud.break_next("cut_in_tool")
        turn = await client.say("run echo once >> ran.txt")
        rows = await gateway.recent()

    assert not turn.failed
    assert turn.text.endswith(SENTENCE), "the client asked again, and the local model answered"
    assert not (client.work / "ran.txt").exists()
    assert [("local", "ok"), ("cloud", "broken")] == [(r["by"], r["outcome"]) for r in rows]
    assert 0 == cloud.count(status=400), [one.why for one in cloud.requests]
