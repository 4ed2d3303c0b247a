"""The local models where the real client lets one choose: in the menu of `/model`, and `--model`.

With a claude.ai login the client asks for no list of models: there our launcher adds one row. With
any other credential all of them stand in the menu, each with what is known of it.
"""

from contextlib import asynccontextmanager

import pytest

from standby.testing.accounts import SUBSCRIPTION as ME
from tests.e2e.asking import HELLO, Client
from tests.e2e.claude_code import AUTH_TOKEN, SUBSCRIPTION, ClaudeCode
from tests.e2e.gateway import Gateway
from tests.e2e.screens import FEW_TOOLS, STANDBY, at_the_screen
from tests.fakes.local_server import SAYS, local_server

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.usefixtures("the_real_client", "tmux"),
]

SIGN = "\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT}"
OTHERS = """
[tiers]
opus = "tiny-1b"
haiku = "nobody-has-this"
"""


@asynccontextmanager
async def with_two_models(folder, cloud, more=""):
    """A gateway with two local servers; the first has the larger window, and goes first."""
    async with (
        local_server("coder-30b", window=131_072, read_s=1.0, written_s=2.0) as coder,
        local_server("tiny-1b", window=65_536) as tiny,
    ):
        gateway = Gateway(folder / "gateway", cloud.url)
        config = gateway.folder / "config" / "config.toml"
        config.parent.mkdir(parents=True)
        tables = (
            f'[[local.servers]]\nname = "{name}"\nkind = "llamacpp"\nurl = "{server.url}"\n'
            for name, server in (("alpha", coder), ("beta", tiny))
        )
        config.write_text("".join(tables) + more, encoding="utf-8")
        async with gateway:
            yield gateway


def row(lines):
    """The row of the menu that the sign stands before."""
    return next((line for line in lines if line.strip().startswith(f"{SIGN} ")), "")


async def picks(screen, words):
    """Open the menu, go down to a row, and take it for this session."""
    await screen.type("/model")
    shown = await screen.until(lambda lines: "1." in row(lines))
    while words not in (now := row(await screen.screen())):
        await screen.press("Down")
        await screen.until(lambda lines, now=now: row(lines) != now)
    await screen.press("s")
    await screen.until_shows("for this session only")
    return shown


async def test_with_a_login_the_model_that_stands_in_is_a_row_of_the_menu_and_answers(
    tmp_path, cloud
):
    async with (
        with_two_models(tmp_path, cloud) as gateway,
        at_the_screen(tmp_path, gateway) as screen,
    ):
        await screen.until_shows("● cloud")
        shown = await picks(screen, "coder-30b")
        await screen.type("hello")
        await screen.until_shows(SAYS)
        entry, *_ = await gateway.recent()

    assert any("coder-30b on alpha · 128k  On this machine" in line for line in shown), shown
    assert ("local", "claude-local", "local/coder-30b") == (
        *(entry["by"], entry["requested"], entry["answered"]),
    )
    assert 0 == cloud.count("/v1/messages")


async def test_with_a_key_each_local_model_stands_in_the_menu_and_one_that_is_picked_answers(
    tmp_path, cloud
):
    async with with_two_models(tmp_path, cloud) as gateway:
        # So that there is a speed to be shown.
        await Client(gateway, ME)("POST", "/v1/messages", {**HELLO, "model": "local"})
        async with at_the_screen(tmp_path, gateway, login=AUTH_TOKEN) as screen:
            await screen.until_shows("● cloud")
            await picks(screen, "tiny-1b")
            await screen.type("hello")
            await screen.until_shows(SAYS)
            said = await screen.last("tiny-1b")
            entry, *_ = await gateway.recent()
        listed = await Client(gateway, ME)("GET", "/v1/models?limit=1000")

    names = [entry["display_name"] for entry in listed.value["data"]]
    assert ["coder-30b on alpha · 128k · 38 tok/s", "tiny-1b on beta · 64k"] == names[:2]
    assert "tiny-1b on beta · 64k" in said, "the client's own status line names it"
    assert ("local", "local/tiny-1b") == (entry["by"], entry["answered"])
    assert 0 == cloud.count("/v1/messages")


async def test_model_passes_through_and_a_tier_has_its_own_stand_in(tmp_path, cloud):
    async with with_two_models(tmp_path, cloud, OTHERS) as gateway:
        answered = {}
        named = await says_hello(tmp_path / "named", gateway, "claude-local/beta/tiny-1b")
        answered["by name"] = named["answered"]
        before = cloud.count("/v1/messages")
        cloud.exhaust(ME, seconds=3600)
        for tier in ("opus", "sonnet", "haiku"):
            answered[tier] = (await says_hello(tmp_path / tier, gateway, tier))["answered"]
        status = await gateway.status()

    assert 0 == before
    assert {
        "by name": "local/tiny-1b",
        "opus": "local/tiny-1b",
        "sonnet": "local/coder-30b",
        "haiku": "local/coder-30b",
    } == answered
    tiers = {one["tier"]: one["there"] for one in status["policy"]["tiers"]}
    assert {"opus": True, "haiku": False} == tiers


async def says_hello(folder, gateway, model):
    """One turn of `standby claude --model`; return its row of the ledger."""
    arguments = (*FEW_TOOLS, "--model", model)
    launcher = (*STANDBY, "claude")
    async with ClaudeCode(
        folder, "", SUBSCRIPTION, {}, gateway.variables, arguments, launcher
    ) as client:
        turn = await client.say("hello")
    assert not turn.failed, turn.text
    entry, *_ = await gateway.recent()
    return entry
