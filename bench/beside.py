"""What reading ahead costs others: short requests alone and beside it, here and to the cloud.

python -m bench.beside [--small] [--spinning] [--default] [--load N [--waves]]

Twice the real gateway with the real llama.cpp server and a cloud of the tests: once the short
requests are answered by the local model, once by the cloud, while a long prompt is read ahead. With
`--small` the model is SmolLM2-135M, else the tiny one, which has next to nothing to compute.
`--spinning` has the engine's threads wait for one another as llama.cpp does by itself: what that
does shows where other programs want the processors, too. By itself the reading goes on however busy
others keep the machine, so that there is something to measure; `--default` has it pause as it is
set, and `--load` adds that many programs which want a processor all the time, or with `--waves` for
six seconds out of twelve. Only figures of one run compare.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from itertools import pairwise
from pathlib import Path

import psutil

from bench.machine import Noise
from bench.process import started
from bench.warm import FOLDER
from standby.adapters.engines import embedded
from standby.adapters.host.models import downloads
from standby.testing.accounts import API_KEY as ACCOUNT
from standby.testing.cloud import FakeCloud
from tests.e2e.asking import HELLO, Client
from tests.e2e.gateway import Gateway
from tests.models.tiny_gguf import tiny_model

ASKED = 60
STARTS_S = 60.0
WAVE_S = 6.0
SETTINGS = {"LOCAL_WARM": "always", "LOCAL_WARM_ON_BATTERY": "true"}
UNPAUSED = {"LOCAL_WARM_BUSY": "100"}
BUSY = [sys.executable, "-c", "while True: pass"]


class Spinning(Gateway):
    """Its engine is told nothing of how to wait."""

    @property
    def environment(self):
        return {**super().environment, "OMP_WAIT_POLICY": "default"}


@contextmanager
def load(programs: int) -> Iterator[list[psutil.Process]]:
    """Have programs want a processor each, until the block ends."""
    with ExitStack() as stack:
        busy = [stack.enter_context(started(BUSY)) for _ in range(programs)]
        others = [psutil.Process(each.pid) for each in busy]
        # One that stands still would not hear that it is to end.
        stack.callback(lambda: [each.resume() for each in others])
        yield others


@asynccontextmanager
async def waves(others):
    """Have programs stand still for half of the time."""

    async def comes_and_goes():
        while True:
            await asyncio.sleep(WAVE_S)
            for each in others:
                each.suspend()
            await asyncio.sleep(WAVE_S)
            for each in others:
                each.resume()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(comes_and_goes())
        try:
            yield
        finally:
            task.cancel()


async def measured(gateway, short, words):
    """Return how long short requests took, alone and beside what is read ahead, and that share."""
    client = Client(gateway, ACCOUNT)
    seen = []

    async def reads():
        (said,) = (await gateway.status())["local"]["warming"]["conversations"] or ({},)
        seen.append(said.get("read_tokens", 0))
        return said.get("state") != "warm"

    async def always():
        return True

    async def took(going):
        times = []
        while len(times) < ASKED and await going():
            began = time.monotonic()
            await client("POST", "/v1/messages", short)
            times.append(time.monotonic() - began)
            await asyncio.sleep(0.02 + 0.003 * (len(times) % 20))  # at ever another place
        return times

    await client("POST", "/v1/messages", {**short, "model": "local"})  # it is started by that
    alone = await took(always)
    long = {**HELLO, "system": " ".join(f"word {n}" for n in range(words)), "stream": True}
    await client("POST", "/v1/messages", long, **{"x-claude-code-session-id": "s-1"})
    async with asyncio.timeout(STARTS_S):
        while not await reads():  # noqa: ASYNC110 - another process, and nothing tells
            await asyncio.sleep(0.02)
    beside = await took(reads)
    went_on = sum(later > before for before, later in pairwise(seen))
    return alone, beside, went_on / max(len(seen) - 1, 1)


def told(times):
    if len(times) < ASKED:
        return f"only {len(times)} requests: the prompt was read too early"
    twentieths = statistics.quantiles(times, n=20)
    figures = (statistics.median(times), twentieths[-1], max(times))
    return "median {:.0f}, 95th percentile {:.0f}, longest {:.0f} ms".format(
        *(each * 1000 for each in figures)
    )


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="SmolLM2-135M")
    parser.add_argument("--spinning", action="store_true", help="as llama.cpp waits by itself")
    parser.add_argument("--default", action="store_true", help="pause as it is set by default")
    parser.add_argument("--load", type=int, default=0, metavar="N", help="busy programs beside it")
    parser.add_argument("--waves", action="store_true", help="the load comes and goes")
    options = parser.parse_args()
    with load(options.load) as others:
        if options.waves:
            async with waves(others):
                await compared(options)
        else:
            await compared(options)


async def compared(options):
    """Print how long requests took that were answered here, and by the cloud."""
    file, window, words = await asyncio.to_thread(tiny_model), 65536, 6_000
    if options.small:
        await downloads.fetch(FOLDER, lambda _: None)
        file, window, words = FOLDER / embedded.REHEARSAL_FILE, 8192, 700
    kind = Spinning if options.spinning else Gateway
    terms = SETTINGS if options.default else SETTINGS | UNPAUSED
    with tempfile.TemporaryDirectory(prefix="standby-beside-") as name:
        for who in ("local", "cloud"):
            short = {**HELLO, "max_tokens": 1, "stream": True}
            short |= {"model": "local"} if who == "local" else {}
            settings = {**terms, "LOCAL_CONTEXT": str(window)}
            async with (
                FakeCloud() as cloud,
                kind(Path(name) / who, cloud.url, file, settings) as gateway,
            ):
                noise = Noise()
                alone, beside, share = await measured(gateway, short, words)
                idle = noise.since()["idle_percent"]
            print(f"{who}, alone: {told(alone)}")
            print(
                f"{who}, beside: {told(beside)}; read on before {share:.0%} of them;"
                f" {idle:.0f} % idle, load {os.getloadavg()[0]:.1f}",
                flush=True,
            )


if __name__ == "__main__":
    asyncio.run(main())
