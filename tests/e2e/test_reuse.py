"""The engine reads of each prompt only what is new, whatever the client asks beside it."""

import pytest

from tests.e2e.reuse import through_the_gateway, to_the_server

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(400)]

FEW_TOOLS = ("--tools", "Agent")
TURNS = ("hello", "[call] a helper", "go on", "thank you")
# What the engine's own route may reuse more: a token or two at the end of a prompt.
SLACK = 0.002


async def test_what_was_read_of_a_conversation_is_reused_beside_side_calls_and_a_helper(
    tmp_path, the_real_client
):
    ours = await through_the_gateway(tmp_path / "ours", TURNS, FEW_TOOLS)
    theirs = await to_the_server(tmp_path / "theirs", TURNS, FEW_TOOLS)

    assert 2 == len(ours.prompts), "the conversation, and that of the helper"
    assert 2 * (len(TURNS) - 1) == ours.beside
    assert ours.known > 5_000
    assert ours.share >= 0.99, ours
    assert ours.share >= theirs.share - SLACK, (ours, theirs)
