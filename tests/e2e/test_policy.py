"""Rules that decide real requests, through the product itself; the cloud counts what comes."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE

import pytest

from standby.adapters.ledger.looking import Looks
from standby.testing.accounts import API_KEY, SUBSCRIPTION
from standby.testing.standing import Limit
from tests.e2e import claude_code
from tests.e2e.asking import CLOUD_MODEL, HELLO, Client
from tests.e2e.claude_code import ClaudeCode
from tests.e2e.gateway import Gateway, model

pytestmark = pytest.mark.anyio

LOCAL_ONLY = """
[[policy.projects]]
path = "{folder}"
privacy = "local-only"
"""


def behind_a_border(tmp_path, gateway):
    config = gateway.folder / "config" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    folder = tmp_path / "client" / "work"
    config.write_text(LOCAL_ONLY.format(folder=folder.as_posix()), encoding="utf-8")
    return folder


async def explained(gateway):
    looks = Looks(gateway.folder / "state" / "ledger.sqlite3")
    _, said = await asyncio.to_thread(looks.decision, "")
    return said


async def use(client, query):
    return await client("POST", f"/standby/use?{query}")


async def test_of_a_local_only_project_nothing_leaves_though_the_cloud_is_well(tmp_path, cloud):
    gateway = Gateway(tmp_path / "gateway", cloud.url)  # nobody but the cloud could answer
    folder = behind_a_border(tmp_path, gateway)
    async with gateway:
        client = Client(gateway, SUBSCRIPTION)
        inside = {"x-standby-project": str(folder / "src")}
        refused = await client("POST", "/v1/messages", HELLO, **inside)
        told = {**HELLO, "messages": [{"role": "user", "content": f"read {folder}/a.py"}]}
        mentioned = await client("POST", "/v1/messages", told)
        large = {**told, "system": "x" * 20_000}
        glanced = await client("POST", "/v1/messages", large)
        counted = await client("POST", "/v1/messages/count_tokens", told)
        passed = await client("POST", "/v1/files", told)
        before = cloud.count()
        elsewhere = await client("POST", "/v1/messages", HELLO)

    assert [400, 400, 400] == [one.status for one in (refused, mentioned, glanced)]
    assert "policy_blocked" == refused.value["error"]["type"]
    assert "false" == refused.headers["x-should-retry"]
    assert "is local-only" in refused.message
    assert (200, 403) == (counted.status, passed.status)
    assert 0 == before
    assert (200, "cloud") == (elsewhere.status, elsewhere.by)


async def test_the_real_client_in_a_local_only_project_reaches_no_cloud(
    tmp_path, cloud, the_real_client
):
    gateway = Gateway(tmp_path / "gateway", cloud.url, await model())
    behind_a_border(tmp_path, gateway)
    async with (
        gateway,
        ClaudeCode(
            *(tmp_path / "client", gateway.url, claude_code.API_KEY, gateway.key),
            arguments=("--tools", "Bash,Read"),
        ) as client,
    ):
        turn = await client.say("hello")
        rows = await gateway.recent()

    assert not turn.failed
    assert 0 == cloud.count()
    assert {"local"} == {row["by"] for row in rows}


async def test_a_choice_of_a_person_decides_the_next_request_and_survives_a_restart(
    tmp_path, cloud
):
    gateway = Gateway(tmp_path, cloud.url, await model())
    async with gateway:
        client = Client(gateway, API_KEY)
        cloudy = await client("POST", "/v1/messages", HELLO)
        await use(client, "what=local&for_s=3600")
        status = await gateway.status()
        chosen = await client("POST", "/v1/messages", HELLO)
        await gateway.stop()
        await gateway.start()
        client = Client(gateway, API_KEY)
        again = await client("POST", "/v1/messages", HELLO)
        await use(client, "what=settings")
        after = await client("POST", "/v1/messages", HELLO)

    assert "cloud" == cloudy.by == after.by
    assert chosen.by.startswith("local; ")
    assert again.by.startswith("local; ")
    assert ("local", "local") == (status["answering"], status["policy"]["mode"])
    assert 2 == cloud.count()


async def test_a_changed_file_counts_at_once_and_what_waits_for_a_restart_is_named(tmp_path, cloud):
    gateway = Gateway(tmp_path, cloud.url, await model())
    config = gateway.folder / "config" / "config.toml"
    config.parent.mkdir(parents=True)
    async with gateway:
        client = Client(gateway, API_KEY)
        before = await client("POST", "/v1/messages", HELLO)
        config.write_text('[policy]\nmode = "local"\n[local]\nslots = 3\n', encoding="utf-8")
        await gateway.until(lambda: "restart to apply: local.slots" in gateway.log)
        after = await client("POST", "/v1/messages", HELLO)
        waiting = (await gateway.status())["policy"]
        config.write_text('[policy]\nmode = "lokal"\n', encoding="utf-8")
        await gateway.until(lambda: "the old ones stay" in gateway.log)
        still = await client("POST", "/v1/messages", HELLO)
        broken = (await gateway.status())["policy"]

    assert "cloud" == before.by
    assert after.by.startswith("local; ")
    assert still.by.startswith("local; ")
    assert (["local.slots"], "local") == (waiting["settings_waiting"], waiting["mode"])
    assert "config.toml:2: policy.mode: 'lokal' is not allowed here" in broken["settings_fault"]


async def test_sparing_sends_what_is_worth_little_to_the_local_model_and_explains_it(
    tmp_path, cloud
):
    edit = {**HELLO, "messages": [{"role": "user", "content": "Rename `a` to `b`."}]}
    plan = {**HELLO, "messages": [{"role": "user", "content": "Design the cache; weigh options."}]}
    async with Gateway(
        tmp_path, cloud.url, await model(), settings={"POLICY_MODE": "spare"}
    ) as gateway:
        client = Client(gateway, SUBSCRIPTION)
        cloud.limit(SUBSCRIPTION, Limit(after=10))  # each answer is a tenth of the window
        await client("POST", "/v1/messages", plan)
        pressed = await client("POST", "/v1/messages", plan)
        spared = await client("POST", "/v1/messages", edit)
        kept = await client("POST", "/v1/messages", plan)
        rows = await gateway.recent()
        said = await explained(gateway)

    assert "cloud" == pressed.by == kept.by
    assert spared.by.startswith("local; ")
    assert "to spare the quota" in rows[1]["why"]
    assert "plan (" in said["facts"]["kind of work"]
    assert "cloud" == said["order"][0]


async def test_what_a_gateway_has_kept_is_replayed_while_it_runs(tmp_path, cloud):
    edit = {**HELLO, "messages": [{"role": "user", "content": "Rename `a` to `b`."}]}
    plan = {**HELLO, "messages": [{"role": "user", "content": "Design the cache; weigh options."}]}
    async with Gateway(
        tmp_path, cloud.url, await model(), settings={"POLICY_MODE": "spare"}
    ) as gateway:
        client = Client(gateway, SUBSCRIPTION)
        cloud.limit(SUBSCRIPTION, Limit(after=10))
        for body in (plan, plan, edit):
            await client("POST", "/v1/messages", body)
        await gateway.recent()
        spare = await simulated(gateway, "spare")
        auto = await simulated(gateway, "auto")

    assert (3, 3) == (auto["requests"], auto["with_facts"])
    assert (2, 1) == (auto["was"]["cloud"], auto["was"]["local"])
    assert (3, 0) == (auto["would"]["cloud"], auto["would"]["local"])
    assert (2, 1, 0) == tuple(spare["would"][name] for name in ("cloud", "local", "high_local"))
    assert [] != auto["windows"]
    assert all(end["used_would"] >= end["used_was"] > 0 for end in auto["windows"])


async def simulated(gateway, mode):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "standby", "simulate", "--mode", mode, "--json"),
        env=gateway.environment,
        stdout=PIPE,
    )
    async with asyncio.timeout(30):
        out, _ = await process.communicate()
    return json.loads(out)


async def test_a_turn_that_began_here_ends_here_and_the_next_one_returns(tmp_path, cloud):
    settings = {"CLOUD_PROBE_EVERY_S": "1", "CLOUD_PROBE_OFTEN_S": "1"}
    use_of_a_tool = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "ok"}
    inside = {
        **HELLO,
        "model": CLOUD_MODEL,
        "messages": [
            {"role": "user", "content": "hello"},
            {"role": "assistant", "content": [use_of_a_tool]},
            {"role": "user", "content": [result]},
        ],
    }
    session = {"x-claude-code-session-id": "s-1"}
    async with Gateway(tmp_path, cloud.url, await model(), settings=settings) as gateway:
        client = Client(gateway, API_KEY)
        cloud.limit(API_KEY, Limit(after=0, seconds=2))
        over = await client("POST", "/v1/messages", HELLO, **session)
        await gateway.reset()
        stays = await client("POST", "/v1/messages", inside, **session)
        returns = await client("POST", "/v1/messages", HELLO, **session)

    assert over.by.startswith("local; ")
    assert stays.by.startswith("local; ")
    assert "cloud" == returns.by
