"""Twenty subagents at once on one slot of the real llama.cpp, and the person among them."""

import asyncio
import random
import time
from dataclasses import dataclass

import aiohttp

from standby.core.wire.json import dumps
from standby.testing.accounts import SUBSCRIPTION
from standby.testing.cloud import FakeCloud
from tests.e2e.asking import Client
from tests.e2e.gateway import Gateway, model

SUBAGENTS = 20
PERSON_WORDS = 3_500
SUBAGENT_WORDS = 400
LATER_S = 0.3
"""The person's turn comes when the first of the subagents is being worked on."""
SHARE = 2.0
"""The person may wait so many times as long as alone."""
_DEADLINE = aiohttp.ClientTimeout(total=240)
_WORDS = ("the", "gateway", "reads", "a", "file", "and", "writes", "it", "with", "each", "test")


@dataclass(frozen=True)
class Came:
    """One turn: when it was asked, and when its first word came, in seconds of one clock."""

    name: str
    asked: float
    first: float
    text: str

    @property
    def waited_s(self):
        return self.first - self.asked


@dataclass(frozen=True)
class Crowd:
    """What came of it."""

    alone: Came
    turns: tuple[Came, ...]

    @property
    def order(self):
        return tuple(sorted(self.turns, key=lambda came: came.first))

    @property
    def person(self):
        return next(came for came in self.turns if came.name == "person")

    @property
    def share(self):
        return self.person.waited_s / self.alone.waited_s


class Talk:
    """Asks the gateway, each time with a prompt of its own."""

    def __init__(self, gateway, client):
        self._gateway = gateway
        self._client = client
        self._dice = random.Random(5)  # noqa: S311 - to be had again

    async def ask(self, name, words, agent=""):
        # The first words differ, so that nothing of it is in the server's memory.
        prompt = " ".join([name, *(self._dice.choice(_WORDS) for _ in range(words))])
        body = {
            "model": "claude-opus-5-5",
            "max_tokens": 100,
            "stream": True,
            "system": prompt,
            "messages": [{"role": "user", "content": "hello"}],
        }
        headers = {
            **Client(self._gateway).headers,
            "x-claude-code-session-id": "twenty",
            **({"x-claude-code-agent-id": agent} if agent else {}),
        }
        asked, first, said = time.monotonic(), 0.0, b""
        async with self._client.post(
            self._gateway.url + "/v1/messages", data=dumps(body), headers=headers
        ) as answer:
            async for data in answer.content.iter_any():
                said += data
                if not first and b"text_delta" in said:
                    first = time.monotonic()
        text = "text_delta" in said.decode() and b"message_stop" in said
        return Came(name, asked, first, "whole" if text else said.decode()[-300:])


async def crowd(folder, person_words=PERSON_WORDS, subagent_words=SUBAGENT_WORDS):
    """Time the person alone, then among the subagents."""
    settings = {"LOCAL_SLOTS": "1", "LOCAL_CONTEXT": "65536"}
    async with (
        FakeCloud() as cloud,
        Gateway(folder, cloud.url, await model(), settings) as gateway,
        aiohttp.ClientSession(timeout=_DEADLINE) as client,
    ):
        cloud.exhaust(SUBSCRIPTION)
        talk = Talk(gateway, client)
        await talk.ask("first", 10)  # the engine is started
        alone = await talk.ask("alone", person_words)
        async with asyncio.TaskGroup() as group:
            subagents = [
                group.create_task(talk.ask(f"subagent {n}", subagent_words, agent=f"agent-{n}"))
                for n in range(1, SUBAGENTS + 1)
            ]
            await asyncio.sleep(LATER_S)
            person = group.create_task(talk.ask("person", person_words))
        after = await talk.ask("after", person_words)
    # Other work of the machine comes and goes: before and after are what it was in between.
    alone = max(alone, after, key=lambda came: came.waited_s)
    return Crowd(alone, tuple(task.result() for task in [*subagents, person]))
