"""The prompt of a conversation only grows at its end: shown on the real client's requests.

The real Claude Code talks to a cloud of the tests, through the gateway, for some turns: with tools,
with one that is loaded on the way, with a subagent. What it sent is put into words for a local
model as a switch would, and the real llama.cpp server says which tokens that comes to, by the
template of its model.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import pytest

from standby.adapters.engines import embedded
from standby.adapters.net import http_client
from standby.app.bookkeeping import session_of
from standby.core.dialects.openai_chat.request import to_chat
from standby.core.request import Request
from standby.core.warming import common
from standby.core.wire import asked
from standby.core.wire.asked import Purpose
from standby.testing.cloud import FakeCloud
from standby.testing.scripts import Text, ToolUse, agent
from tests.e2e.claude_code import SUBSCRIPTION, ClaudeCode
from tests.e2e.gateway import Gateway, model

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

OFF = {"LOCAL_WARM": "off"}
TURNS = (
    "hello",
    "run echo one",
    "load a tool",
    "write notes.txt with hello",
    "ask a helper",
    "run echo two, then run echo three",
    "thank you",
)


def script(conversation):
    """Load a tool or ask a helper when told to; else what the usual script does."""
    if not conversation.results and "ToolSearch" in conversation.tools:
        match conversation.words:
            case "load a tool":
                return [Text("I look."), ToolUse("ToolSearch", {"query": "select:WebSearch"})]
            case "ask a helper":
                wish = {"description": "A look", "prompt": "run echo helper"}
                return [ToolUse("Agent", {**wish, "subagent_type": "general-purpose"})]
            case _:
                pass
    return agent(conversation)


async def talked(folder):
    """Let the real client talk to the cloud; return what it sent, by conversation, in order."""
    async with (
        FakeCloud(script=script) as cloud,
        Gateway(folder / "gateway", cloud.url, await model(), OFF) as gateway,
        ClaudeCode(folder, gateway.url, SUBSCRIPTION, gateway.key) as client,
    ):
        for turn in TURNS:
            await client.say(turn)
        sent = {}
        for one in cloud.requests:
            if not one.path.endswith("/messages"):
                continue
            request = Request("POST", one.path, one.headers, one.body)
            said = asked.read(one.body, one.headers)
            if said.purpose in {Purpose.WORK, Purpose.SUBAGENT}:
                sent.setdefault(session_of(request), []).append(said)
        return sent


@dataclass(frozen=True)
class Said:
    """One request, put for a local model."""

    tokens: tuple[int, ...]
    static: tuple[int, ...]
    """The tokens of its tools and its system prompt alone."""
    tools: tuple[str, ...]


async def put(engine, model, request):
    body = to_chat(request, model).body
    first = [*body["messages"][:1], {"role": "user", "content": ""}]
    names = tuple(tool["name"] for tool in request.value["tools"])
    return Said(
        await engine.prompt(model, body),
        await engine.prompt(model, {**body, "messages": first}),
        tuple(each["function"]["name"] for each in body.get("tools", ())) or names,
    )


@pytest.mark.parametrize("knows_tools", [True, False], ids=["tools", "tools in words"])
async def test_each_prompt_of_a_conversation_begins_with_the_one_before(
    tmp_path, the_real_client, knows_tools
):
    sent = await talked(tmp_path)
    file = await model()
    async with http_client("") as client:
        engine = embedded.engine(client, lambda: embedded.ModelFile(file))
        try:
            (offered,) = await engine.models()
            served = replace(await engine.start(offered), tools=knows_tools)
            told = {
                name: [await put(engine, served, request) for request in requests]
                for name, requests in sent.items()
            }
        finally:
            await engine.stop()

    assert 2 == len(told), "the conversation, and that of the helper"
    pairs = [pair for said in told.values() for pair in pairwise(said)]
    assert len(pairs) > len(TURNS)
    grown = [(one, two) for one, two in pairs if one.tools != two.tools]
    for one, two in pairs:
        if one.tools == two.tools:
            assert one.tokens == two.tokens[: len(one.tokens)]
    # A tool that is loaded on the way stands in the prompt before all that was said. It is added
    # behind the others, so that at least they stay.
    ((before, after),) = grown
    assert set(before.tools) < set(after.tools)
    assert common(before.tokens, after.tokens) > 0.9 * len(before.static)
