"""The clients of the drill that are scripts of ours, against the fake cloud, as processes."""

import os
import sys
from contextlib import asynccontextmanager

import pytest

from standby.adapters.host.dialogue import Dialogue
from standby.testing.accounts import TOKEN
from standby.testing.cloud import FakeCloud

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

PATIENT_S = 20


@pytest.fixture(params=["sdk_client", "plain_client"])
def script(request):
    return request.param


@asynccontextmanager
async def talking(script, tmp_path, cloud, **environment):
    dialogue = await Dialogue.start(
        [sys.executable, "-P", "-m", f"standby.testing.{script}"],
        {
            "PATH": os.environ["PATH"],
            "ANTHROPIC_BASE_URL": cloud.url,
            "ANTHROPIC_AUTH_TOKEN": TOKEN.credential,
            **environment,
        },
        folder=tmp_path,
        log=tmp_path / "log",
    )
    try:
        yield dialogue
    finally:
        await dialogue.stop()


async def said(dialogue, words="run date", call="may", model=""):
    """Say a line; return all that is told of it."""
    await dialogue.tell({"words": words, "call": call, "model": model}, PATIENT_S)
    events = []
    while not events or events[-1]["event"] == "answer":
        events.append(await dialogue.hear(PATIENT_S))
    return events


async def test_a_conversation_with_thinking_and_a_tool_is_taken_by_the_strict_cloud(
    script, tmp_path
):
    async with FakeCloud() as cloud, talking(script, tmp_path, cloud) as dialogue:
        assert "ready" == (await dialogue.hear(PATIENT_S))["event"]
        call, words, done = await said(dialogue)
        more = await said(dialogue, "hello", "never")

        assert (["run"], []) == (call["calls"], words["calls"])
        assert "The tool said" in words["text"]
        assert call["asked_at"] <= call["first_at"] <= call["ended_at"] <= words["asked_at"]
        assert {"event": "done"} == done == more[-1]
        assert (3, 3) == (len(cloud.requests), cloud.count("/v1/messages", status=200))


async def test_an_error_is_told_and_not_tried_again(script, tmp_path):
    async with FakeCloud() as cloud, talking(script, tmp_path, cloud) as dialogue:
        await dialogue.hear(PATIENT_S)
        cloud.exhaust(TOKEN)
        (trouble,) = await said(dialogue)

        assert "429" in trouble["words"]
        assert 1 == len(cloud.requests)


async def test_a_stream_that_breaks_off_is_an_error(script, tmp_path):
    async with FakeCloud() as cloud, talking(script, tmp_path, cloud) as dialogue:
        await dialogue.hear(PATIENT_S)
        cloud.break_next("cut_after_text")
        events = await said(dialogue, "hello", "never")

        assert "trouble" == events[-1]["event"]


async def test_headers_of_the_environment_and_one_session_go_with_each_request(script, tmp_path):
    more = {"ANTHROPIC_CUSTOM_HEADERS": "x-one: 1\nx-two: 2"}
    async with FakeCloud() as cloud, talking(script, tmp_path, cloud, **more) as dialogue:
        await dialogue.hear(PATIENT_S)
        await said(dialogue)

        assert [("1", "2")] * 2 == [(r.header("x-one"), r.header("x-two")) for r in cloud.requests]
        sessions = {request.header("x-claude-code-session-id") for request in cloud.requests}
        assert 1 == len(sessions - {None})


async def test_a_server_that_is_not_there_is_an_error(script, tmp_path):
    async with FakeCloud() as cloud:
        pass
    async with talking(script, tmp_path, cloud) as dialogue:
        await dialogue.hear(PATIENT_S)
        (trouble,) = await said(dialogue)

        assert "trouble" == trouble["event"]
