"""A conversation outgrows the local window: the real client compacts it here, and goes on.

The client takes the cloud's model for one with a million tokens; that there is no room it learns
from a 400 in the cloud's own words, before the window is full.
"""

import pytest

from standby.testing import accounts
from tests.e2e.claude_code import SUBSCRIPTION, ClaudeCode
from tests.e2e.gateway import Gateway, model

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.usefixtures("the_real_client"),
]

LOCAL = "I am the tiny test model and this reply was scripted."
# The tiny model has about a token for each 1.2 bytes of this.
FILLER = "lorem ipsum dolor sit amet "
HINTS = {"CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1"}


def compactions(*turns):
    return [
        event["compact_metadata"]["trigger"]
        for turn in turns
        for event in turn.events
        if event.get("subtype") == "compact_boundary"
    ]


async def talk(tmp_path, cloud, *, window, length, hints):
    """Say something long in each of four turns, and have a tool called in every second one."""
    cloud.exhaust(accounts.SUBSCRIPTION, "five_hour", seconds=18_000)
    async with (
        Gateway(
            *(tmp_path / "gateway", cloud.url, await model(fill="seq 1 100")),
            settings={"LOCAL_CONTEXT": str(window)},
        ) as gateway,
        ClaudeCode(
            *(tmp_path / "client", gateway.url, SUBSCRIPTION, gateway.key),
            environment=HINTS if hints else {},
            arguments=("--tools", "Bash"),
        ) as client,
    ):
        turns = []
        for number in range(4):
            wish = "please [call] it" if number % 2 else "please read"
            filler = FILLER * (length // len(FILLER))
            turns.append(await client.say(f"{wish}, {number}: {filler}", within_s=240))
        return turns, await gateway.recent()


@pytest.mark.parametrize(
    ("window", "length", "hints"),
    [
        pytest.param(*(65_536, 22_000, True), id="64k", marks=pytest.mark.timeout(600)),
        pytest.param(*(32_768, 11_000, False), id="32k", marks=pytest.mark.timeout(600)),
    ],
)
async def test_the_client_compacts_while_local_and_goes_on(tmp_path, cloud, window, length, hints):
    turns, rows = await talk(tmp_path, cloud, window=window, length=length, hints=hints)

    assert [(False, LOCAL)] * 4 == [(turn.failed, turn.text) for turn in turns]
    assert [0, 1, 0, 1] == [len(turn.tool_uses) for turn in turns]
    assert all("100" in turn.tool_results[0]["content"] for turn in turns[1::2])
    assert "auto" in compactions(*turns)
    assert 1 == cloud.count()  # the one that met the limit
    assert {"local"} == {row["by"] for row in rows}
    refused = [row for row in rows if row["status"] == 400]
    served = [row for row in rows if row["status"] == 200]
    assert refused
    assert len(rows) == len(refused) + len(served)
    tokens = [row["input_tokens"] + row["cache_read_tokens"] for row in served]
    assert max(tokens) < window
    assert tokens[0] < max(tokens)  # the newest first: the conversation is shorter than it was
