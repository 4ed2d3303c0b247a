"""Inside the real Claude Code: its status line, `/standby`, and our tools.

In a terminal it is driven as by hand. With `WRITE_DOCS=1` what the screen showed goes into the
guide.
"""

import os
import re
import sys
from pathlib import Path

import pytest

from standby.testing import accounts
from standby.testing.cloud import FakeCloud
from standby.testing.scripts import Text, ToolUse
from tests.e2e.claude_code import SUBSCRIPTION, ClaudeCode
from tests.e2e.gateway import Gateway, model
from tests.e2e.screens import at_the_screen

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.usefixtures("the_real_client"),
]

LOCAL = "I am the tiny test model and this reply was scripted."
PLUGIN = Path(__file__).parents[2] / "src" / "standby" / "plugin"
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "claude-code.md"
BEGIN, END = "<!-- terminal:begin -->\n", "<!-- terminal:end -->"
TOOL = "mcp__plugin_standby_standby__status"
# Longer than the pause between two looks of the client at its status line.
REFRESHED_S = 60.0
SPENT = "the 5-hour limit is reached · cloud back"
RESET_S = 3.0


async def test_the_status_line_follows_the_switch_and_slash_standby_answers_without_a_model(
    tmp_path, cloud, tmux
):
    person = accounts.SUBSCRIPTION
    # Tried at each request, so that the cloud may name an earlier reset than at first.
    settings = {"CLOUD_PROBE_EVERY_S": "1", "CLOUD_PROBE_OFTEN_S": "1"}
    async with (
        Gateway(
            tmp_path / "gateway", cloud.url, await model(fill="ls"), settings=settings
        ) as gateway,
        at_the_screen(tmp_path, gateway) as terminal,
    ):
        await terminal.until_shows("● cloud")
        await terminal.type("hello")
        await terminal.until_shows("you are connected to the rehearsal cloud")
        cloudy = await terminal.until(lambda screen: told(screen, "● cloud · ", "left until"))

        cloud.exhaust(person, seconds=7200)
        await terminal.type("are you there?")
        await terminal.until_shows(LOCAL, within_s=60)
        await terminal.until(lambda screen: "● local" in status_line(screen))
        asked, answered = cloud.count(), len(await gateway.recent())
        await terminal.type("/standby")
        await terminal.until_shows("answers, on this machine")
        over = await terminal.until(lambda screen: told(screen, "● local embedded/tiny-", SPENT))
        unasked = cloud.count(), len(await gateway.recent())

        cloud.restore(person)
        cloud.exhaust(person, seconds=RESET_S)
        await terminal.type("and now?")
        await terminal.until(lambda screen: "● cloud" in status_line(screen), REFRESHED_S)
        following = cloud.turns + 1
        await terminal.type("hello again")
        await terminal.until_shows(f"The cloud, turn {following}")
        back = await terminal.until(lambda screen: told(screen, "● cloud"))

    assert (asked, answered) == unasked, "/standby has asked somebody"
    assert any("answers, on this machine" in line for line in over)
    assert not [one for one in cloud.requests if b"on this machine" in one.body]
    if os.environ.get("WRITE_DOCS"):
        write(
            {
                "While the quota lasts:": cloudy,
                "At the limit, and `/standby`:": over[-28:],
                "After the reset:": back[-8:],
            }
        )


async def test_slash_standby_answers_when_nobody_else_can(tmp_path, cloud, tmux):
    cloud.exhaust(accounts.SUBSCRIPTION, seconds=7200)
    async with (
        Gateway(tmp_path / "gateway", cloud.url) as gateway,
        at_the_screen(tmp_path, gateway) as terminal,
    ):
        await terminal.until_shows("● cloud")
        await terminal.type("hello")
        await terminal.until(lambda screen: "● nobody can answer" in status_line(screen))
        await terminal.type("/standby status")
        said = await terminal.until_shows("no local model is there")
        refused = cloud.count()
        await terminal.type("/standby use spare --for 2h")
        await terminal.until_shows("mode  spare")
        await terminal.type("/standby usage --by day")
        await terminal.until(lambda screen: any("today" in line.lower() for line in screen))
        await terminal.type("/standby down")
        await terminal.until_shows("/standby does not know 'down'")

    assert refused == cloud.count()
    assert any("nobody can answer" in line and "●" not in line for line in said)


def calls_the_tool(conversation):
    if results := conversation.results:
        return [Text(f"It says: {results[-1]}")]
    return [ToolUse(TOOL, {})]


async def test_the_real_client_takes_our_tools_and_hears_what_they_say(tmp_path):
    async with (
        FakeCloud(script=calls_the_tool) as cloud,
        Gateway(tmp_path / "gateway", cloud.url) as gateway,
        ClaudeCode(
            *(tmp_path / "client", gateway.url, SUBSCRIPTION, gateway.key),
            environment={**gateway.variables, "PATH": path_to_us()},
            arguments=("--plugin-dir", str(PLUGIN), "--allowedTools", TOOL),
        ) as client,
    ):
        turn = await client.say("who answers?")
        begun = next(event for event in turn.events if event.get("subtype") == "init")

    assert {"name": "plugin:standby:standby", "status": "connected"}.items() <= next(
        server for server in begun["mcp_servers"] if "standby" in server["name"]
    ).items()
    assert [TOOL] == [use["name"] for use in turn.tool_uses]
    assert "the cloud answers" in turn.text
    assert not turn.failed


def path_to_us():
    """A path on which `standby` is found, as it is where it has been installed."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.defpath])


def status_line(screen):
    """The line that is ours: the lowest that begins with a dot, below the prompt."""
    return next((line for line in reversed(screen[-4:]) if line.strip().startswith("●")), "")


def told(screen, *words):
    """Whether our line says all of it; a gateway that is late is shown as one, until it is not."""
    return all(one in status_line(screen) for one in words)


def write(screens):
    """Put what was seen into the guide, without what is of this run alone."""
    text = GUIDE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    shown = ""
    for words, screen in screens.items():
        lines = "\n".join(
            re.sub(r"/\S*/work\b", "~/project", line) for line in screen if "tmux" not in line
        )
        shown += f"\n{words}\n\n```text\n{lines}\n```\n"
    GUIDE.write_text(f"{before}{BEGIN}{shown}\n{END}{after}", encoding="utf-8")
