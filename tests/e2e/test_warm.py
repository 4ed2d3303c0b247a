"""Hot standby with the real client and the real engine: what a switch needs is there before it."""

import asyncio
import time
from statistics import median

import pytest

from standby.testing.accounts import API_KEY as ME
from tests.e2e.asking import HELLO, Client
from tests.e2e.claude_code import API_KEY, ClaudeCode
from tests.e2e.gateway import Gateway, model

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

WARM = {"LOCAL_WARM": "always", "LOCAL_WARM_BUSY": "100", "LOCAL_WARM_ON_BATTERY": "true"}


MOST_ADDED_S = 0.1
PAIRS = 3


async def warmth(gateway):
    return (await gateway.status())["local"]["warming"]


async def warm(gateway, conversations=1, within_s=120):
    """Wait until so many conversations are warm; return them."""
    async with asyncio.timeout(within_s):
        while True:
            said = await warmth(gateway)
            found = [each for each in said["conversations"] if each["state"] == "warm"]
            if len(found) >= conversations:
                return found
            await asyncio.sleep(0.05)


async def warming(gateway):
    """Wait until a conversation is being read, and far from its end."""
    async with asyncio.timeout(60):
        while True:
            for each in (await warmth(gateway))["conversations"]:
                if each["state"] == "warming" and 0 < each["percent"] < 90:
                    return
            await asyncio.sleep(0.02)


async def test_the_real_client_is_answered_out_of_what_was_read_before(
    tmp_path, cloud, the_real_client
):
    async with (
        Gateway(tmp_path / "gateway", cloud.url, await model(), WARM) as gateway,
        ClaudeCode(
            *(tmp_path, gateway.url, API_KEY, gateway.key),
            arguments=("--bare",),
        ) as client,
    ):
        await client.say("hello")
        await client.say("run echo one")
        await warm(gateway)
        asked = len(cloud.requests)
        cloud.exhaust(ME)
        await client.say("go on")

        last = (await gateway.recent())[0]
        assert "local" == last["by"]
        assert asked + 1 == len(cloud.requests)
        assert last["cache_read_tokens"] > 0.95 * last["input_tokens"]


def long_request(name, lines=600):
    """A request whose prompt takes the engine long enough to come into the middle of."""
    said = " ".join(f"{name} {line} says {line * 7 % 1001}" for line in range(lines))
    body = {**HELLO, "messages": [{"role": "user", "content": said}]}
    return body, {"x-claude-code-session-id": name}


async def test_whoever_needs_the_engine_waits_for_a_portion_and_no_longer(tmp_path, cloud):
    """Measured in pairs, for other work on the machine to count on both sides."""
    file = await model()
    mine = f"local/{file.name.removesuffix('.gguf')}"
    waits = {"alone": [], "beside": []}
    async with Gateway(tmp_path, cloud.url, file, WARM) as gateway:
        client = Client(gateway)

        async def wait(when):
            began = time.monotonic()
            answer = await client.say(model=mine, max_tokens=1)
            waits[when].append(time.monotonic() - began)
            assert "local" in answer.by

        await client.say(model=mine)
        for number in range(PAIRS):
            await wait("alone")
            body, headers = long_request(f"s{number}")
            await client("POST", "/v1/messages?beta=true", body, **headers)
            await warming(gateway)
            await wait("beside")
            # Another conversation, soon read, takes its place.
            body, headers = long_request(f"t{number}", lines=1)
            await client("POST", "/v1/messages?beta=true", body, **headers)
            await warm(gateway)

    added = median(two - one for one, two in zip(waits["alone"], waits["beside"], strict=True))
    assert added < MOST_ADDED_S, waits
