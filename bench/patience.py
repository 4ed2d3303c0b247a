"""Fifteen minutes of prompt, with the real Claude Code as it comes: ``make patience``.

The cloud has no quota left, and the local engine takes 890 s to its first word: once telling how
far it is, as llama.cpp does, and once without a byte. What counts is that one request is enough.
It takes as long as that one wait, and no processor.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from standby.testing.cloud import FakeCloud
from tests.e2e.test_waiting import SAYS, slowly_answered, waits_shown

PROMPT_S = 890.0


async def main(seconds):
    async with asyncio.TaskGroup() as group:
        runs = [group.create_task(waited(seconds, tells=tells)) for tells in (True, False)]
    return all(run.result() for run in runs)


async def waited(seconds, *, tells):
    with tempfile.TemporaryDirectory() as folder:
        async with (
            FakeCloud() as cloud,
            slowly_answered(
                *(Path(folder), cloud, seconds, {}), keep_alive_s=15.0, beat_s=5.0, tells=tells
            ) as (engine, gateway, client),
        ):
            began = time.monotonic()
            turn = await client.say("Please say something.", within_s=seconds + 500)
            took = time.monotonic() - began
            row = (await gateway.recent())[0]
    lines = "".join(waits_shown(turn)).splitlines()
    good = turn.text.strip() == SAYS and len(engine.asked) == 1 and not turn.retries
    print(
        f"{seconds:.0f} s of prompt, {'told of' if tells else 'in silence'}: the client had"
        f" {turn.text.strip()!r} after {took:.1f} s\n"
        f"  requests at the engine: {len(engine.asked)}, repeated by the client:"
        f" {len(turn.retries)}, in the ledger: {row['outcome']} by {row['by']}\n"
        f"  lines of the wait: {len(lines)}, such as\n    {lines[0]}\n    {lines[-1]}\n"
        f"  {'as it must be' if good else 'NOT AS IT MUST BE'}",
        flush=True,
    )
    return good


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=PROMPT_S, help="how long it takes")
    sys.exit(not asyncio.run(main(parser.parse_args().seconds)))
