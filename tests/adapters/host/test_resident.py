"""How much memory the engines of our own use."""

import subprocess
import sys

import pytest

from standby.adapters.host.resident import ResidentMemory

pytestmark = pytest.mark.anyio


@pytest.fixture
def child():
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, "a-sign-of-an-engine"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.stdin.close()


async def test_an_engine_of_ours_that_runs_has_some(child):
    memory = ResidentMemory({"embedded": "a-sign-of-an-engine"})

    assert await memory.bytes_of("embedded") > 1_000_000


async def test_one_that_does_not_run_or_is_not_ours_has_none(child):
    memory = ResidentMemory({"embedded": "another-sign"})

    assert await memory.bytes_of("embedded") is None
    assert await memory.bytes_of("ollama") is None
