"""Ledgers of synthetic months replayed: does ``standby simulate`` foretell what a policy does?

Each month of bench/synthetic.py is decided under `auto`, and written by the ledger's own adapter,
with what was decided of each request as if its body had been read. Then it is read back and
replayed under other modes. Beside each figure stands what the same month comes to when it is lived
under that mode: the replay does not know the future, nor what a cold prompt costs.

    python bench/replayed.py            print the table
    python bench/replayed.py --write    put it into docs/policy.md
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))

import deciding
import policy
import synthetic
from policy import Answered, Counted, World
from synthetic import Developer, Event

from standby.adapters.ledger.replaying import SqliteHistory
from standby.adapters.ledger.sqlite import SqliteLedger
from standby.app.simulating import simulated
from standby.core.policy.decide import decide
from standby.core.policy.explained import explained
from standby.core.policy.modes import Mode
from standby.core.policy.replay import Replayed, Wanted
from standby.core.policy.thread import CLOUD
from standby.core.policy.verdicts import Facts
from standby.core.quota.machine import Admission
from standby.core.quota.windows import Window
from standby.core.request import Account
from standby.core.usage import Entry, Tokens
from standby.core.usage.prices import Price, Prices

BEGIN: Final = "<!-- this table is written by `python bench/replayed.py --write` -->"
END: Final = "<!-- end of the replayed table -->"
BEGAN: Final = 1_795_000_000.0
MODEL: Final = "claude-opus-5-5"
PRICES: Final = Prices("", {MODEL: Price(MODEL, 0.0, 1.0, 0.0, 0.0, "", "")})
WHOLE: Final = 1_000_000
"""A window, in tokens of answers: its whole quota is a dollar."""
# The ledger's writer is given time to write before more comes than it takes at once.
AT_ONCE: Final = 1000


LIVED: Final = {Mode.AUTO: "`auto`", Mode.SPARE: "`spare`"}


@dataclass(frozen=True, slots=True)
class Later:
    """A clock that stands at the end of the month."""

    def now(self) -> float:
        return BEGAN + synthetic.DAYS * synthetic.DAY_S

    def ticks(self) -> float:
        return 0.0

    def midnight(self, at: float) -> float:
        return at

    def told(self, at: float) -> str:
        return str(at)


@dataclass(frozen=True, slots=True)
class Figures:
    """What some windows come to under a mode."""

    lasts: float
    """The share of the windows in which the turns of high value alone fit."""
    high_here: int
    """Turns of high value that a local model answered."""
    switches: float
    """Of all conversations, for each window."""
    on_cloud: float
    """The share of all requests."""


async def written(events: Sequence[Event], path: Path) -> list[Counted]:
    """Write a month as it goes under `auto`; return what becomes of its windows."""
    answered: list[Answered] = []
    done = World(policy.auto, hear=answered.append).run(events)
    ledger = SqliteLedger(path, Later())
    await ledger.open()
    for number, one in enumerate(answered):
        book(ledger, one, number)
        if number % AT_ONCE == 0:
            await ledger.recent(1)
    await ledger.recent(1)
    await ledger.close(deadline_s=60.0)
    return done


def book(ledger: SqliteLedger, one: Answered, number: int) -> None:
    """Write one request, what was decided of it, and what the cloud said of the window."""
    event, served = one.event, one.by == CLOUD
    ledger.book(
        Entry(
            id=f"rq_{number}",
            at=BEGAN + event.at,
            session=event.session,
            account="a",
            requested=MODEL,
            answered=MODEL if served else "desk/coder",
            by="cloud" if served else "local",
            why="",
            outcome="ok",
            status=200,
            tokens=Tokens(output=round(one.cost * WHOLE)),
            first_token_s=1.0,
            duration_s=2.0,
            saved=not served,
        )
    )
    facts = Facts(
        model=MODEL,
        purpose=event.purpose,
        admission=Admission.GO if served else Admission.STAY,
        why="",
        trusted=True,
        credential=True,
        features=event.features,
    )
    decision = decide(facts, deciding.CANDIDATES, deciding.RULES)
    ledger.decided(f"rq_{number}", explained(facts, decision, read=True))
    if served:
        window = Window("5h", round(min(one.used, 1.0), 2), BEGAN + one.ends)
        ledger.saw(Account("a"), [window], BEGAN + event.at + 1)


async def replayed(path: Path, mode: Mode) -> Replayed:
    """Return what a ledger comes to under a mode."""
    return await simulated(SqliteHistory(path), Wanted(mode), deciding.RULES, PRICES, BEGAN - 1)


def of_replay(found: Replayed, windows: Sequence[Counted]) -> Figures:
    """Return the figures of a replay; ``windows`` say which of them count."""
    pairs = zip(found.windows, windows, strict=True)
    fit = [end for end, counted in pairs if counted.wanted_high <= 1]
    return Figures(
        sum(not end.ran_out[1] for end in fit) / max(len(fit), 1),
        found.would.high_local,
        found.would.switches / len(windows),
        found.would.cloud / max(found.requests, 1),
    )


def of_life(lived: Sequence[Counted], answered: Sequence[Answered]) -> Figures:
    """Return the figures of a month that was lived under a mode."""
    fit = [one for one in lived if one.wanted_high <= 1]
    return Figures(
        sum(not one.refused for one in fit) / max(len(fit), 1),
        sum(one.high - one.high_on_cloud for one in lived),
        sum(one.switches.total() for one in lived) / len(lived),
        sum(one.by == CLOUD for one in answered) / len(answered),
    )


async def lines(developer: Developer, seed: int) -> list[str]:
    """Return the rows of one developer."""
    events = synthetic.month(developer, seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        windows = await written(events, path)
        told = []
        for mode in Mode.AUTO, Mode.SPARE:
            answered: list[Answered] = []
            lived = World(policy.POLICIES[LIVED[mode]], hear=answered.append).run(events)
            there = of_life(lived, answered)
            here = of_replay(await replayed(path, mode), windows)
            told.append(
                f"| {developer.name} | `{mode.value}` | {len(windows)} |"
                f" {here.lasts:.1%} | {there.lasts:.1%} | {here.high_here} | {there.high_here} |"
                f" {here.switches:.1f} | {there.switches:.1f} |"
                f" {here.on_cloud:.0%} | {there.on_cloud:.0%} |"
            )
    return told


async def table(seed: int, developers: Sequence[Developer] = synthetic.DEVELOPERS) -> str:
    """Return the table as Markdown."""
    head = (
        "| developer | replayed as | windows | quota lasts | lived | high value here | lived"
        " | switches, window | lived | requests on cloud | lived |"
    )
    rows = [row for one in developers for row in await lines(one, seed)]
    return "\n".join([head, "|" + "---|" * 11, *rows])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="which month of each developer")
    parser.add_argument("--write", action="store_true", help="put the table into docs/policy.md")
    options = parser.parse_args()
    text = asyncio.run(table(options.seed))
    print(text)
    if options.write:
        policy.put(text, BEGIN, END)
    return 0


if __name__ == "__main__":
    sys.exit(main())
