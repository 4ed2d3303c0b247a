"""Work that must not leave this machine, seen at the socket: not a connection, not a byte.

Between the gateway and a cloud that is well stands a gate that counts what is accepted and what
comes, whatever it is. The client is the real one. What it does not ask in print mode (answers that
are not streamed, paths of other programs) a plain client asks beside it.
"""

import asyncio
import json
import sys
from contextlib import asynccontextmanager

import pytest

from standby.testing.accounts import SUBSCRIPTION as ME
from tests.e2e.asking import HELLO, Client
from tests.e2e.claude_code import SUBSCRIPTION, ClaudeCode
from tests.e2e.gateway import Gateway
from tests.e2e.screens import at_the_screen
from tests.fakes.toll import toll

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.usefixtures("the_real_client"),
]

BORDER = '[[policy.projects]]\npath = "{}"\nprivacy = "{}"\n'
# Each of them is answered without the cloud, or refused.
FEW_TOOLS = ("--tools", "Bash,Read")
ASKED = (
    ("POST", "/v1/messages?beta=true", HELLO),
    ("POST", "/v1/messages?beta=true", {**HELLO, "stream": True}),
    ("POST", "/v1/messages/count_tokens?beta=true", HELLO),
    ("POST", "/v1/messages/batches", {"requests": []}),
    ("POST", "/v1/complete", {"prompt": "hello"}),
    ("GET", "/v1/models?limit=1000", None),
    ("GET", "/v1/models/claude-opus-5-5", None),
    ("GET", "/v1/files", None),
    ("POST", "/v1/messages", b"{not json"),
    ("HEAD", "/api/hello", None),
    ("GET", "/a/path/that/nobody/knows?x=1", None),
)


@asynccontextmanager
async def before(cloud, folder, borders=()):
    """A gateway without any local model, and the gate between it and the cloud."""
    async with toll(cloud.url) as gate:
        gateway = Gateway(folder / "gateway", gate.url)
        config = gateway.folder / "config" / "config.toml"
        config.parent.mkdir(parents=True)
        tables = (BORDER.format(place.as_posix(), privacy) for place, privacy in borders)
        config.write_text("".join(tables), encoding="utf-8")
        async with gateway:
            yield gateway, gate


def client_of(folder, gateway):
    """The client as `standby claude` starts it: it says which folder it works in."""
    return ClaudeCode(
        *(folder, "", SUBSCRIPTION),
        environment=gateway.variables,
        arguments=FEW_TOOLS,
        launcher=(sys.executable, "-P", "-m", "standby", "claude"),
    )


def silent(folder, gateway):
    """The client as somebody starts it by hand: only what it says names the folder."""
    return ClaudeCode(folder, gateway.url, SUBSCRIPTION, gateway.key, arguments=FEW_TOOLS)


async def at_work(folder, gateway, client_of=client_of):
    """Two turns of the real client and a count, and all that others may ask; the first turn."""
    async with client_of(folder, gateway) as client:
        turn = await client.say("hello")
        await client.say("/context")
        await client.say("are you there?")
    plain = Client(gateway, ME)
    where = {"x-standby-project": str(folder / "work")}
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(plain(*one, **where)) for one in ASKED]
    return turn, [task.result() for task in asked]


@pytest.mark.parametrize("client", [client_of, silent])
async def test_of_a_local_only_project_not_a_byte_leaves_and_the_client_is_told_why(
    tmp_path, cloud, client
):
    folder = tmp_path / "secret"
    async with before(cloud, tmp_path, [(folder / "work", "local-only")]) as (gateway, gate):
        turn, answers = await at_work(folder, gateway, client)
        rows = await gateway.recent()

    assert (0, 0) == (gate.connections, gate.bytes)
    assert 0 == cloud.count()
    assert turn.failed
    assert ("API Error: 400 no local model is there", ()) == (turn.text[:38], turn.retries)
    assert f"the settings say that {folder / 'work'} is local-only" in turn.text
    assert "try again" not in turn.text
    assert "nobody" == rows[0]["by"]
    assert {200, 400, 403} == {answer.status for answer in answers}


async def test_at_the_screen_the_refusal_is_our_words_alone(tmp_path, cloud, tmux):
    borders = [(tmp_path / "work", "local-only")]
    async with (
        before(cloud, tmp_path, borders) as (gateway, gate),
        at_the_screen(tmp_path, gateway) as screen,
    ):
        # The status line knows it before anything is asked.
        await screen.until_shows("● nobody can answer · the settings say that")
        await screen.type("hello")
        shown = await screen.until_shows("API Error: 400 no local model is there")
        rows = await gateway.recent()

    assert (0, 0) == (gate.connections, gate.bytes)
    assert any("is local-only" in line for line in shown)
    assert not any("try again" in line or "/login" in line for line in shown)
    assert 1 == len(rows), "it was asked once"


async def test_the_same_work_without_a_border_is_seen_to_leave(tmp_path, cloud):
    async with before(cloud, tmp_path) as (gateway, gate):
        turn, _ = await at_work(tmp_path / "secret", gateway)

    assert not turn.failed
    assert gate.connections > 0
    assert gate.bytes > 10_000
    assert (1, 11) == (cloud.count("/v1/files"), cloud.count("/v1/messages/count_tokens"))
    assert 1 == cloud.count("/v1/models")


async def test_no_file_in_a_project_loosens_its_border(tmp_path, cloud):
    folder = tmp_path / "secret"
    work = folder / "work"
    loosened = BORDER.format(work.as_posix(), "cloud-only")
    (work / ".claude").mkdir(parents=True)
    (work / ".standby").mkdir()
    for name in ("standby.toml", ".standby.toml", "config.toml", ".standby/config.toml"):
        (work / name).write_text(loosened, encoding="utf-8")
    variables = {
        "STANDBY_POLICY_MODE": "cloud",
        "ANTHROPIC_CUSTOM_HEADERS": "x-standby-project: /elsewhere",
    }
    for name in ("settings.json", "settings.local.json"):
        text = json.dumps({"env": variables})
        (work / ".claude" / name).write_text(text, encoding="utf-8")
    async with (
        before(cloud, tmp_path, [(work, "local-only")]) as (gateway, gate),
        silent(folder, gateway) as client,
    ):
        turn = await client.say("hello")

    assert turn.failed
    assert (0, 0) == (gate.connections, gate.bytes)


async def test_rules_that_leave_nobody_are_named_to_the_person_at_the_client(tmp_path, cloud):
    torn, kept = tmp_path / "torn", tmp_path / "kept"
    borders = [
        *((torn / "work", privacy) for privacy in ("local-only", "cloud-only")),
        (kept / "work", "local-only"),
    ]
    async with before(cloud, tmp_path, borders) as (gateway, gate):
        async with client_of(torn, gateway) as client:
            contradiction = await client.say("hello")
        chosen = await Client(gateway, ME)("POST", f"/standby/use?what=cloud&project={kept}/work")
        async with client_of(kept, gateway) as client:
            impossible = await client.say("hello")

    assert 200 == chosen.status
    torn_words = f"the settings say that {torn / 'work'} is"
    assert contradiction.text == (
        f"API Error: 400 cloud: {torn_words} local-only; local: {torn_words} cloud-only"
    )
    assert impossible.text == (
        f"API Error: 400 cloud: the settings say that {kept / 'work'} is local-only;"
        " local: the user has switched local models off"
    )
    assert (0, 0) == (gate.connections, gate.bytes)
    for turn in (contradiction, impossible):
        assert (True, ()) == (turn.failed, turn.retries)
