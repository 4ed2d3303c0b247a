"""A session of the real client, all of it answered locally: how much of each prompt is reused.

Beside each turn the client's own calls are made: a title, and a question to the small model, as
the client makes them in a terminal. Once the session goes through the gateway, once straight to the
same engine's own ``/v1/messages``; the model is the scripted one, which sends a helper when told.
"""

import asyncio
from dataclasses import dataclass, field
from itertools import pairwise

import aiohttp

from standby.adapters.engines import embedded
from standby.adapters.net import http_client
from standby.core.wire.json import dumps
from standby.testing.accounts import API_KEY as ACCOUNT
from standby.testing.cloud import FakeCloud
from tests.e2e.claude_code import API_KEY, ClaudeCode
from tests.e2e.gateway import Gateway, model
from tests.fakes.sidecalls import TITLE, system

TURNS = (
    *("hello", "what next", "[call] a helper", "and then", "go on"),
    *("[call] another helper", "is it so", "tell me", "thank you", "bye"),
)
WINDOW = 131_072
SETTINGS = {
    "LOCAL_WARM": "off",
    "LOCAL_CONTEXT": str(WINDOW),
    "LOCAL_FIRST_BYTE_S": "1800",
    "LOCAL_IDLE_S": "1800",
}
SMALL = "claude-haiku-5-5"
TURN_S = 900
HINTS = {"CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1"}
_AUXILIARY = {"x-claude-code-request-class": "auxiliary"}
_DEADLINE = aiohttp.ClientTimeout(total=TURN_S)


@dataclass
class Reused:
    """Of each conversation, the prompts in order: how long, and how much the engine had of it."""

    prompts: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    beside: int = 0
    """How many calls were made beside the turns."""

    def add(self, conversation, prompt, cached):
        self.prompts.setdefault(conversation, []).append((prompt, cached))

    @property
    def known(self):
        """Tokens that could be reused: of each prompt, as much as the one before it had."""
        return sum(min(before, prompt) for (before, _), (prompt, _) in self._pairs())

    @property
    def used(self):
        return sum(min(cached, before, prompt) for (before, _), (prompt, cached) in self._pairs())

    @property
    def share(self):
        return self.used / self.known if self.known else 0.0

    def _pairs(self):
        return [pair for prompts in self.prompts.values() for pair in pairwise(prompts)]


def _question(turn):
    return {
        "model": SMALL,
        "max_tokens": 32,
        "stream": True,
        "system": system("Say in a word what somebody is about."),
        "messages": [{"role": "user", "content": turn}],
    }


def _title(turn):
    said = {"role": "user", "content": f"<session>\n{turn}\n</session>"}
    return {**TITLE, "messages": [said], "stream": True, "max_tokens": 64}


async def _asked(url, headers, body):
    async with (
        aiohttp.ClientSession(timeout=_DEADLINE) as client,
        client.post(f"{url}/v1/messages", data=dumps(body), headers=headers) as answer,
    ):
        assert 200 == answer.status, await answer.text()
        await answer.read()


async def talk(client, url, headers, turns):
    """Say all turns, and make the client's own calls beside each; return the turns' events."""
    said = []
    for number, turn in enumerate(turns):
        async with asyncio.TaskGroup() as group:
            talked = group.create_task(client.say(turn, within_s=TURN_S))
            if number:  # the session has a name only once it has begun
                mine = {**headers, **_AUXILIARY, "x-claude-code-session-id": client.session_id}
                for body in (_title(turn), _question(turn)):
                    group.create_task(_asked(url, mine, body))
        said.append(talked.result())
    return said


async def through_the_gateway(folder, turns=TURNS, arguments=()):
    file = await model(call="Agent", fill="look")
    async with (
        FakeCloud() as cloud,
        Gateway(folder / "gateway", cloud.url, file, SETTINGS) as gateway,
    ):
        cloud.exhaust(ACCOUNT)
        mine = {**gateway.key, "x-api-key": ACCOUNT.credential, "anthropic-version": "2023-06-01"}
        async with ClaudeCode(
            *(folder, gateway.url, API_KEY, gateway.key), environment=HINTS, arguments=arguments
        ) as client:
            await talk(client, gateway.url, mine, turns)
        rows = [*reversed(await gateway.recent())]
    reused = Reused()
    for row in rows:
        if row["by"] == "gateway" or row["requested"] == SMALL:
            reused.beside += 1
        elif row["by"] == "local":
            cached = row["cache_read_tokens"]
            reused.add(row["session"], row["input_tokens"] + cached, cached)
    return reused


async def to_the_server(folder, turns=TURNS, arguments=()):
    file = await model(call="Agent", fill="look")
    async with http_client("") as http:
        engine = embedded.engine(http, lambda: embedded.ModelFile(file), context=WINDOW)
        try:
            (offered,) = await engine.models()
            served = await engine.start(offered)
            key = engine._started.key.reveal()
            async with ClaudeCode(
                *(folder, served.base_url, {"ANTHROPIC_API_KEY": key}),
                environment=HINTS,
                arguments=arguments,
            ) as client:
                said = await talk(client, served.base_url, {"x-api-key": key}, turns)
        finally:
            await engine.stop()
    reused, seen = Reused(beside=2 * (len(turns) - 1)), set()
    for event in (event for turn in said for event in turn.events):
        if event["type"] == "assistant" and event["message"]["id"] not in seen:
            seen.add(event["message"]["id"])
            usage = event["message"]["usage"]
            cached = usage.get("cache_read_input_tokens") or 0
            name = event.get("parent_tool_use_id") or "main"
            reused.add(name, usage["input_tokens"] + cached, cached)
    return reused
