"""One request that the cloud serves, one that it refuses: every view on usage says the same."""

import asyncio
import csv
import io
import json
import sys

import pytest

from standby.testing.accounts import SUBSCRIPTION
from standby.testing.cloud import FakeCloud
from standby.testing.engine import FakeEngine
from tests.e2e.asking import HELLO, Client
from tests.e2e.gateway import Gateway

pytestmark = pytest.mark.anyio

SETTINGS = {"LOCAL_ENGINE": "kit", "CLOUD_BURST_WAIT_S": "0"}
SERVER = '[[local.servers]]\nname = "kit"\nkind = "openai_compatible"\nurl = "{}"\n'
WORK = {
    "x-standby-project": "/home/me/%C3%BCber",
    "x-claude-code-session-id": "5f0c2a",
}


async def run(gateway, *words):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "standby", *words),
        env=gateway.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert 0 == process.returncode, err
    return out.decode()


async def test_what_was_used_is_the_same_in_every_view_with_a_gateway_and_after_it(tmp_path):
    async with FakeCloud() as cloud, FakeEngine() as engine:
        (tmp_path / "config").mkdir(parents=True)
        (tmp_path / "config" / "config.toml").write_text(SERVER.format(engine.url))
        async with Gateway(tmp_path, cloud.url, None, SETTINGS) as gateway:
            asks = Client(gateway, SUBSCRIPTION)
            await asks("POST", "/v1/messages", HELLO, **WORK)
            cloud.exhaust(SUBSCRIPTION)
            local = await asks("POST", "/v1/messages", HELLO, **WORK)
            assert local.by.startswith("local"), local.body

            served = (await asks("GET", "/standby/usage?by=project")).value
            told = json.loads(await run(gateway, "usage", "--by", "project", "--json"))
            status = await gateway.status()
            screen = await run(gateway, "usage")
            [first, second] = (await run(gateway, "log")).splitlines()
        after = json.loads(await run(gateway, "usage", "--by", "project", "--json"))
        sheet = csv.DictReader(io.StringIO(await run(gateway, "usage", "--by", "session", "--csv")))

    week = served["week"]
    assert (2, 2, 1, 1) == (week["requests"], week["ok"], week["saved"], week["switches"])
    assert {"cloud", "local"} == set(week["sides"])
    assert ["/home/me/über"] == [one["key"] for one in served["groups"]]
    assert ("local", "the 5-hour limit is reached") == (
        served["now"]["side"],
        served["now"]["why"],
    )
    assert served["now"]["since"] is not None
    shown = {one["name"]: one["utilisation"] for one in status["cloud"]["accounts"][0]["windows"]}
    assert shown == {one["name"]: one["used"] for one in served["accounts"][0]["windows"]}
    for other in (told, after):
        assert served["week"] == other["week"]
        assert served["groups"] == other["groups"]
        assert served["switches"] == other["switches"]
        names = [one["name"] for one in served["accounts"][0]["windows"]]
        assert names == [one["name"] for one in other["accounts"][0]["windows"]]
    assert "nobody" == after["now"]["side"]
    assert "answers, on this machine" in screen
    assert "cloud" in first
    assert second.endswith("the 5-hour limit is reached")
    assert [("5f0c2a", "2")] == [(one["key"], one["requests"]) for one in sheet]
    for one in (*cloud.requests, *engine.requests):
        assert "x-standby-project" not in {name.lower() for name, _ in one.headers}
