"""What reading ahead costs others: short requests alone and beside it, here and to the cloud.

python -m bench.beside [--small] [--spinning]

Twice the real gateway with the real llama.cpp server and a cloud of the tests: once the short
requests are answered by the local model, once by the cloud, while a long prompt is read ahead. With
`--small` the model is SmolLM2-135M, else the tiny one, which has next to nothing to compute.
`--spinning` has the engine's threads wait for one another as llama.cpp does by itself: what that
does shows where other programs want the processors, too. Only figures of one run compare.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

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
SETTINGS = {"LOCAL_WARM": "always", "LOCAL_WARM_BUSY": "100", "LOCAL_WARM_ON_BATTERY": "true"}


class Spinning(Gateway):
    """Its engine is told nothing of how to wait."""

    @property
    def environment(self):
        return {**super().environment, "OMP_WAIT_POLICY": "default"}


async def measured(gateway, short, words):
    """Return how long short requests took, alone and beside what is read ahead."""
    client = Client(gateway, ACCOUNT)

    async def reads():
        said = (await gateway.status())["local"]["warming"]["conversations"]
        return any(each["state"] != "warm" for each in said)

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
    return alone, await took(reads)


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
    options = parser.parse_args()
    file, window, words = await asyncio.to_thread(tiny_model), 65536, 6_000
    if options.small:
        await downloads.fetch(FOLDER, lambda _: None)
        file, window, words = FOLDER / embedded.REHEARSAL_FILE, 8192, 700
    kind = Spinning if options.spinning else Gateway
    with tempfile.TemporaryDirectory(prefix="standby-beside-") as name:
        for who in ("local", "cloud"):
            short = {**HELLO, "max_tokens": 1, "stream": True}
            short |= {"model": "local"} if who == "local" else {}
            settings = {**SETTINGS, "LOCAL_CONTEXT": str(window)}
            async with (
                FakeCloud() as cloud,
                kind(Path(name) / who, cloud.url, file, settings) as gateway,
            ):
                alone, beside = await measured(gateway, short, words)
            print(f"{who}, alone: {told(alone)}")
            print(f"{who}, beside: {told(beside)}; load {os.getloadavg()[0]:.1f}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
