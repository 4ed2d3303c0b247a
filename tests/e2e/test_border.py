"""Conversations that change sides at random turns: the cloud takes every history that comes back.

Three programs at once, each with an account of its own, say thirty things each. The cloud lets the
limit of each of them begin and end where dice say, in many forms, and so between a call and its
result, too. Another conversation has answers that break off, and that the stand-in ends. What the
cloud is to hear is computed here from what the program has, on its own.
"""

import asyncio
import random
import time
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from anthropic import APIError

from standby.core.handback import marks
from standby.core.handback.clean import PLACEHOLDER
from standby.core.wire.json import dumps, loads
from standby.testing.accounts import API_KEY, CloudAccount, Plan
from standby.testing.cloud import FakeCloud
from standby.testing.scripts import Redacted, agent
from tests.e2e.gateway import TICK_S, Gateway, model
from tests.e2e.speaking import WAYS, options, results
from tests.models.tiny_gguf import THINK

pytestmark = pytest.mark.anyio

TURNS = 30
SEEDS = (1, 2, 3)
CHANGES = 8
"""How often a conversation changes sides; even, so that its end is at the cloud."""
FORMS = ("five_hour", "seven_day", "long_429", "tier_cap", "credit_400", "billing_402")
SAY, CALL = "say something", "run date, then [call] it"
# While the limit lasts, one request a second asks whether it still does.
PROBE_S = 1.0
SETTINGS = {
    "CLOUD_PROBE_EVERY_S": f"{PROBE_S}",
    "CLOUD_PROBE_OFTEN_S": f"{PROBE_S}",
    "CLOUD_BURST_WAIT_S": "0",
    # One for each program and one to spare: what is looked at here is what is said.
    "LOCAL_SLOTS": "4",
    "LOCAL_WARM": "off",
    # Between a call and its result, too: there a history is the hardest to get right.
    "POLICY_RETURNS": "at-once",
}
LINE = "<system-reminder>\nstandby: the last "
NOTED = {"POLICY_HANDBACK_NOTE": "brief"}
"""The cloud is told which answers are not its own; once for all that it has answered after."""
WAYS_TO_BREAK = ("cut", "reset", "truncated", "error")
PLACES = ("in_thinking", "after_text", "in_tool", "after_content")
MODELS = {
    "plain": {},
    "thinks": {"think": THINK},
    "calls": {"call": "Write", "fill": "notes.txt"},
}


def somewhat_hidden(conversation):
    """Think, at every third turn also where nobody may look; then do what the agent does."""
    first, *rest = agent(conversation)
    return [first, Redacted(), *rest] if conversation.turn % 3 == 0 else [first, *rest]


@dataclass
class Program:
    """One conversation through the gateway, and the dice that decide about it."""

    cloud: FakeCloud
    account: CloudAccount
    seed: int
    messages: list = field(default_factory=list)
    answers: list = field(default_factory=list)
    sides: list = field(default_factory=list)
    """For each answer, who must have given it."""
    limited: bool = False
    refused_at: float = 0.0
    """When it had the answer to the last request that the cloud refused."""

    def __post_init__(self):
        self.dice = random.Random(self.seed)  # noqa: S311 - the same again for the same seed

    async def talk(self, ways):
        changes = self.dice.sample(range(1, TURNS), CHANGES)
        for turn in range(TURNS):
            if turn in changes:
                await self._change_sides()
            self.sides.append("local/" if self.limited else "claude")
            await self._ask(self.dice.choice(ways))

    async def _change_sides(self):
        self.limited = not self.limited
        if self.limited:
            self.cloud.exhaust(self.account, self.dice.choice(FORMS))
            return
        self.cloud.restore(self.account)
        # The gateway tries again so long after it was refused, which was before it answered.
        await asyncio.sleep(max(self.refused_at + PROBE_S - time.time(), 0) + TICK_S)

    async def talk_over_faults(self, ask, gateway):
        """Let an answer break off at each of the places; what ends in an error is asked again."""
        for place in self.dice.sample(PLACES, len(PLACES)):
            self.cloud.break_next(f"{self.dice.choice(WAYS_TO_BREAK)}_{place}")
            await self._ask(ask, SAY if place == "after_text" else CALL)
            while self.answers[-1].stop_reason == "tool_use":
                await self._ask(ask)
            if (await gateway.status())["until"] is not None:
                await gateway.reset()
        await self._ask(ask, SAY)

    async def _ask(self, ask, wish=""):
        self.messages.append(self._next(wish))
        heard = len(self.heard)
        try:
            answer = await ask(self.messages, system="Be brief.")
        except APIError:  # broken off where nobody could go on: a program asks again
            answer = await ask(self.messages, system="Be brief.")
        self.messages.append({"role": "assistant", "content": answer.content})
        self.answers.append(answer)
        if any(one.refused for one in self.heard[heard:]):
            self.refused_at = time.time()

    def _next(self, wish=""):
        if self.answers and self.answers[-1].stop_reason == "tool_use":
            return results(self.answers[-1], said=f"result {len(self.answers)}")
        said = wish or self.dice.choice((SAY, CALL))
        return {"role": "user", "content": f"{len(self.answers)}: please {said}"}

    @property
    def heard(self):
        """What the cloud was asked by this account."""
        return [one for one in self.cloud.requests if one.account == self.account.name]


def plain(message):
    """A message as the API means it, from the SDK's objects or from JSON."""
    content = message["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return message["role"], [_plain(block) for block in blocks]


def _plain(block):
    told = block if isinstance(block, dict) else block.model_dump(mode="json")
    return {name: value for name, value in told.items() if value not in (None, [], ())}


def without_ours(message):
    """What of a message the cloud may have: all that is not marked as a local model's thought."""
    role, blocks = plain(message)
    kept = [block for block in blocks if not block.get("signature", "").startswith(marks.SIGNATURE)]
    return role, kept or [{"type": "text", "text": PLACEHOLDER}]


def untold(message):
    """A message as the API means it, without our line on whose answers come before it."""
    role, blocks = plain(message)
    return role, [block for block in blocks if not block.get("text", "").startswith(LINE)]


def signatures(blocks):
    """By what the cloud's own thinking is known."""
    found = [_plain(block) for block in blocks]
    return [
        block.get("signature") or block["data"] for block in found if "thinking" in block["type"]
    ]


@pytest.mark.parametrize("script", MODELS.values(), ids=MODELS)
async def test_conversations_that_change_sides_at_random_lose_nothing(tmp_path, script):
    noted = script is MODELS["calls"]
    settings = SETTINGS | NOTED if noted else SETTINGS
    accounts = {
        seed: CloudAccount(f"seed {seed}", f"sk-ant-api03-seed-{seed}", Plan.API, is_key=True)
        for seed in SEEDS
    }
    async with (
        FakeCloud(accounts=accounts.values(), script=somewhat_hidden) as cloud,
        Gateway(tmp_path, cloud.url, await model(**script), settings=settings) as gateway,
    ):
        programs = [Program(cloud, account, seed) for seed, account in accounts.items()]
        async with asyncio.TaskGroup() as tasks:
            for program in programs:
                tasks.create_task(spoken(program, gateway))

    assert 0 == cloud.count(status=400, refused=False), [
        one.why for one in cloud.requests if one.status == 400 and not one.refused
    ]
    for program in programs:
        everyone_answered(program)
        every_history_was_whole(program, noted=noted)


async def test_a_conversation_whose_answers_break_off_loses_nothing(tmp_path):
    async with (
        FakeCloud(script=somewhat_hidden) as cloud,
        Gateway(tmp_path, cloud.url, await model(think=THINK)) as gateway,
        WAYS["async-stream"](**options(gateway.url, API_KEY, gateway.key)) as ask,
    ):
        program = Program(cloud, API_KEY, SEEDS[0])
        await program.talk_over_faults(ask, gateway)
        rows = await gateway.recent()

    assert 0 == cloud.count(status=400), [one.why for one in cloud.requests]
    assert {"cloud", "local", "both"} == {row["by"] for row in rows}
    every_history_was_whole(program)


async def spoken(program, gateway):
    # By its session the gateway knows to whom it has said that somebody else answers.
    headers = {**gateway.key, "x-claude-code-session-id": program.account.name}
    told = options(gateway.url, program.account, headers)
    async with WAYS["async"](**told) as ask, WAYS["async-stream"](**told) as streamed:
        await program.talk([ask, streamed])


def everyone_answered(program):
    """Each turn has one answer, from the side that was to give it, in the shape of that side."""
    assert TURNS == len(program.answers)
    assert program.sides == [answer.model[:6] for answer in program.answers]
    assert CHANGES == sum(one != other for one, other in pairwise(program.sides))
    local = [a for a in program.answers if a.model.startswith("local/")]
    assert {"end_turn", "tool_use"} == {answer.stop_reason for answer in local}
    sizes = [a.usage.input_tokens + (a.usage.cache_read_input_tokens or 0) for a in local]
    assert sorted(set(sizes)) == sizes, "a local model got less than the one before"
    assert {"0"} == {one.header("x-stainless-retry-count") for one in program.heard}


def every_history_was_whole(program, *, noted=False):
    """The cloud heard all that was said, less local thoughts, and each time more of the same.

    A line for a request that it refused is not said again: nothing came after it.
    """
    bodies = [loads(one.body) for one in program.heard if not (noted and one.refused)]
    assert noted == any("by a local model that stood in for you" in str(body) for body in bodies)
    histories = [body["messages"] for body in bodies]
    for history in histories:
        had = program.messages[: len(history)]
        assert [without_ours(message) for message in had] == [untold(one) for one in history]
    for before, after in pairwise(histories):
        assert [dumps(one) for one in before] == [dumps(one) for one in after[: len(before)]]
    assert 1 == len({dumps([body["tools"], body["system"]]) for body in bodies})

    given = [
        sign
        for answer in program.answers[:-1]
        for sign in signatures(answer.content)
        if not sign.startswith(marks.SIGNATURE)
    ]
    returned = [
        sign
        for message in histories[-1]
        if message["role"] == "assistant"
        for sign in signatures(message["content"])
    ]
    assert len(program.messages) - 1 == len(histories[-1])
    assert given
    assert given == returned
    assert any(signature.startswith(marks.SIGNATURE) for signature in held(program))


def held(program):
    """The signatures of all thinking that the program has."""
    answers = (answer.content for answer in program.answers)
    return [sign for content in answers for sign in signatures(content)]
