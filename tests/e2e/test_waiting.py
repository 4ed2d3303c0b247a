"""A long wait for a local model, with the real client: one request, and an answer in the end."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from standby.adapters.host.paths import HOME, paths
from standby.testing import accounts
from standby.testing.cloud import FakeCloud
from tests.e2e.claude_code import SUBSCRIPTION, ClaudeCode
from tests.e2e.gateway import Gateway
from tests.fakes.slow_engine import SAYS, slow_engine

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.alone,
    pytest.mark.usefixtures("the_real_client"),
]

# Claude Code then gives up on a stream after ten seconds without a byte; its default is 300.
IMPATIENT = {"CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS": "10000"}
# Of which it hears nothing for ten to twelve seconds, where little is known of the rest.
SLOW_S = 32.0
SERVERS = """\
[[local.servers]]
name = "slow"
kind = "llamacpp"
url = "{}"
"""


@asynccontextmanager
async def slowly_answered(tmp_path, cloud, seconds, environment, keep_alive_s=3.0, **more):
    """The client in front of a gateway whose cloud has no quota left and whose engine is slow."""
    folder = tmp_path / "gateway"
    settings_file = paths({HOME: str(folder)}).config_file
    settings_file.parent.mkdir(mode=0o700, parents=True)
    settings = {"LOCAL_ENGINE": "slow", "LOCAL_KEEP_ALIVE_S": f"{keep_alive_s:g}"}
    settings["LOCAL_WARM"] = "off"  # what is read ahead is no request of the client's
    async with slow_engine(seconds, **more) as engine:
        settings_file.write_text(SERVERS.format(engine.url), encoding="utf-8")
        settings_file.chmod(0o600)
        cloud.exhaust(accounts.SUBSCRIPTION)
        async with (
            Gateway(folder, cloud.url, None, settings) as gateway,
            ClaudeCode(
                *(tmp_path / "client", gateway.url, SUBSCRIPTION, gateway.key),
                environment=environment,
                arguments=("--tools", "", "--include-partial-messages"),
            ) as client,
        ):
            async with asyncio.timeout(30):
                while not (await gateway.status())["local"]["would_take_over"]:  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.1)
            yield engine, gateway, client


def waits_shown(turn):
    """What the client showed of the wait, as it came."""
    streamed = (event["event"] for event in turn.events if event["type"] == "stream_event")
    deltas = (one["delta"] for one in streamed if one["type"] == "content_block_delta")
    return [one["thinking"] for one in deltas if one["type"] == "thinking_delta"]


async def waited(folder, *, tells):
    """One wait of twice the client's patience, in a house of its own."""
    async with (
        FakeCloud() as cloud,
        slowly_answered(folder, cloud, SLOW_S, IMPATIENT, tells=tells) as (engine, gateway, client),
    ):
        turn = await client.say("Please say something.", within_s=100)
        return turn, engine, gateway.log


async def test_a_wait_of_twice_the_clients_patience_takes_one_request(tmp_path):
    async with asyncio.TaskGroup() as group:
        runs = {
            tells: group.create_task(waited(tmp_path / f"{tells}", tells=tells))
            for tells in (True, False)
        }
    for tells, run in runs.items():
        turn, engine, log = run.result()
        shown = "".join(waits_shown(turn))

        assert SAYS == turn.text.strip(), log
        assert 1 == len(engine.asked)
        assert () == turn.retries
        assert "slow on slow reads the prompt" in shown
        assert ("% of 16,000 tokens" in shown) is tells
