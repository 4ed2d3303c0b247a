"""Twenty subagents at once on one slot, and the person among them: ``make twenty``.

The engine is the real llama.cpp with the scripted tiny model and one slot. The person's turn is
timed alone first, then in the crowd; each prompt is one that the engine has not seen. Printed are
the order of the first words, and the times to them.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.e2e.crowd import SHARE, SUBAGENTS, crowd


def told(found):
    broken = [came.text for came in (found.alone, *found.turns) if came.text != "whole"]
    yield from broken[:1]
    names = ", ".join(came.name for came in found.order)
    waits = sorted(came.waited_s for came in found.turns if came.name != "person")
    yield f"order of the first words: {names}"
    yield (
        f"the person's first word: alone after {found.alone.waited_s:.2f} s, among"
        f" {SUBAGENTS} subagents after {found.person.waited_s:.2f} s: {found.share:.2f} times"
    )
    yield (
        f"the subagents': after {waits[0]:.2f} to {waits[-1]:.2f} s; answered"
        f" {sum(came.text == 'whole' for came in found.turns)} of {len(found.turns)} turns"
    )


async def main(runs):
    good = True
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            found = await crowd(Path(folder))
        print(*told(found), "", sep="\n", flush=True)
        good = good and found.share <= SHARE and all(c.text == "whole" for c in found.turns)
    print("as it must be" if good else "NOT AS IT MUST BE")
    return good


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    sys.exit(not asyncio.run(main(parser.parse_args().runs)))
