"""What a local model does is looked at again: by the cloud, which takes over or is told of it.

With the real client. The local server says and calls what the test wants; the cloud holds all that
it gets against the rules of the API, its own thinking bound to the prompt before it among them.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from standby.core.wire.json import loads
from standby.core.wire.purpose import Purpose, purpose_of
from standby.testing.accounts import SUBSCRIPTION as ME
from standby.testing.signatures import canonical
from standby.testing.standing import Limit
from tests.e2e.claude_code import SUBSCRIPTION, ClaudeCode
from tests.e2e.gateway import Gateway
from tests.fakes.local_server import local_server

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.usefixtures("the_real_client"),
]

FEW_TOOLS = ("--tools", "Bash,Read,Write")
NOTE = "by a local model that stood in for you"
INPUT = ("input", "cache_read", "cache_write")
# A limit lasts longer than so many turns of a client, however long one takes on this machine now.
LEAST_S, TURNS = 6, 10
SERVED = """
[[local.servers]]
name = "{name}"
kind = "llamacpp"
url = "{url}"
"""


@asynccontextmanager
async def at_work(folder, cloud, beside=None, **settings):
    """The real client before a gateway with one local server, all of them running.

    ``beside`` is another local server, which runs already.
    """
    async with local_server("coder", window=200_000) as server:
        gateway = Gateway(folder / "gateway", cloud.url, settings=settings)
        config = gateway.folder / "config" / "config.toml"
        config.parent.mkdir(parents=True)
        servers = {"desk": server} if beside is None else {"desk": server, "rack": beside}
        served = [SERVED.format(name=name, url=one.url) for name, one in servers.items()]
        config.write_text("".join(served), encoding="utf-8")
        async with (
            gateway,
            ClaudeCode(
                *(folder / "client", gateway.url, SUBSCRIPTION, gateway.key), arguments=FEW_TOOLS
            ) as client,
        ):
            yield gateway, client, server


async def standby(gateway, *words):
    """Run a command of ours; return what it prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "standby", *words),
        env=gateway.environment,
        stdout=PIPE,
        stderr=PIPE,
    )
    async with asyncio.timeout(30):
        out, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    return out.decode()


def work(cloud):
    """The requests for work that the cloud has answered, as what it read."""
    bodies = [loads(one.body) for one in cloud.requests if one.status == 200]
    return [body for body in bodies if purpose_of(body) is Purpose.WORK]


def texts(message):
    return [block.get("text", "") for block in message["content"] if isinstance(block, dict)]


def results(asked):
    return [one for one in asked["messages"] if one["role"] == "tool"]


async def test_a_client_whose_model_goes_in_circles_gets_out_when_the_quota_is_back(
    tmp_path, cloud
):
    async with at_work(tmp_path, cloud) as (gateway, client, server):
        notes = client.work / "notes.txt"
        notes.write_text("one\ntwo\n" * 20, encoding="utf-8")

        async def reads_again(asked):
            """Read the same file over and over; after a while the quota is back."""
            if len(results(asked)) == 6:
                await gateway.reset()
            return "Read", {"file_path": str(notes)}

        server.acts = reads_again
        hello = await client.say("hello")
        seconds = LEAST_S + TURNS * hello.result["duration_ms"] / 1000
        cloud.limit(ME, Limit(after=0, seconds=seconds))
        turn = await client.say("please read notes.txt")
        server.acts = None
        rows = await gateway.recent()
        after = await client.say("thank you")

    reads = [use for use in turn.tool_uses if use["name"] == "Read"]
    assert not turn.failed
    assert "The cloud, turn" in turn.text
    assert "The cloud, turn" in after.text
    assert 6 <= len(reads) <= 8
    assert "cloud" == rows[0]["by"]
    assert "the local model goes round in circles" in rows[0]["why"]
    assert 0 == cloud.count(status=400)

    told = [block["thinking"] for block in turn.blocks("assistant") if "thinking" in block]
    circles = [said for said in told if "goes round in circles" in said]
    assert circles, "the person was not told"
    assert "The cloud cannot take over: the 5-hour limit is reached." in circles[0]
    hinted = [asked["messages"] for asked in server.asked]
    hints = ["Doing the same again will not help" in str(one[-1]["content"]) for one in hinted]
    assert any(hints), "the model was not told"
    for before, later in pairwise(hinted):
        assert before == later[: len(before)], "a prompt that does not begin as the one before"


async def test_another_local_model_goes_on_where_the_first_goes_in_circles(tmp_path, cloud):
    second = {"LOCAL_MODEL": "coder", "POLICY_SECOND_OPINION": "local"}
    async with (
        local_server("writer", window=200_000) as beside,
        at_work(tmp_path, cloud, beside, **second) as (gateway, client, server),
    ):
        notes = client.work / "notes.txt"
        notes.write_text("one\ntwo\n" * 20, encoding="utf-8")

        async def reads_again(_asked):
            return "Read", {"file_path": str(notes)}

        server.acts = reads_again
        cloud.exhaust(ME, "five_hour")
        turn = await client.say("please read notes.txt")
        server.acts = None
        after = await client.say("thank you")
        rows = await gateway.recent()

    reads = [use for use in turn.tool_uses if use["name"] == "Read"]
    assert not turn.failed
    assert not after.failed
    assert 3 <= len(reads) <= 5
    by = [row["answered"].rpartition("/")[2] for row in reversed(rows)]
    assert ["coder"] * len(reads) + ["writer", "coder"] == by
    assert 1 == len(beside.asked)
    told = [block["thinking"] for block in turn.blocks("assistant") if "thinking" in block]
    assert told[-1].endswith("with the same result. writer on rack goes on.")


async def test_the_cloud_is_told_once_of_what_a_local_model_did_and_finds_its_prompt_again(
    tmp_path, cloud
):
    async with at_work(tmp_path, cloud, POLICY_HANDBACK_NOTE="brief") as (gateway, client, server):

        async def writes_once(asked):
            given = {"file_path": str(client.work / "made.txt"), "content": "made here\n"}
            return None if results(asked)[-1:] == asked["messages"][-1:] else ("Write", given)

        await client.say("hello")
        cloud.limit(ME, Limit(after=0, seconds=2))
        server.acts = writes_once
        local = await client.say("please write made.txt")
        await gateway.reset()
        back = await client.say("run echo one")
        last = await client.say("run echo two")
        rows = await gateway.recent()
        changed = json.loads(await standby(gateway, "review", "--json"))
        asked_for = await standby(gateway, "review", "--prompt")

    assert (client.session_id, {"cloud": 5, "local": 2}) == (changed["session"], changed["answers"])
    made = str(client.work / "made.txt")
    assert [(made, {"Write": 1})] == [(one["path"], one["calls"]) for one in changed["files"]]
    assert f"* {made} (Write 1)" in asked_for
    kept = [one.read_bytes() for one in (tmp_path / "gateway").rglob("*") if one.is_file()]
    assert any(b"made.txt" in one for one in kept)
    assert not any(b"made here" in one for one in kept), "what is in the file was written down"
    assert "made here" not in str(changed) + asked_for

    assert (client.work / "made.txt").read_text() == "made here\n"
    assert "The local server says so." in local.text
    assert "The cloud, turn" in back.text
    assert "The cloud, turn" in last.text
    assert 0 == cloud.count(status=400), [one.why for one in cloud.requests]

    first, *returned = work(cloud)
    assert NOTE not in str(first)
    assert 4 == len(returned)
    lines = [[said for one in body["messages"] for said in texts(one)] for body in returned]
    assert [1] * 4 == [sum(NOTE in said for said in line) for line in lines]
    assert "the last 2 answers above are by a local model" in str(returned[0]["messages"][-3:])
    for before, after in pairwise(returned):
        read = [[canonical(one) for one in body["messages"]] for body in (before, after)]
        assert read[0] == read[1][: len(read[0])], "the cloud's prompt did not stay as it was"
    used = [row for row in reversed(rows) if row["by"] == "cloud"]
    wholes = [sum(row[f"{kind}_tokens"] for kind in INPUT) for row in used]
    # All that was sent before is in its cache, line and all.
    assert wholes[:-1] == [row["cache_read_tokens"] for row in used[1:]]
