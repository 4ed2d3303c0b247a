"""Fifty clients at a gateway where everything fails at random: what is lost, and what grows.

The gateway is the product in a process of its own; cloud and engine are the fakes of the fault kit.
Each answer is held against the kit's judge. `make soak` runs it for 30 minutes.

python bench/soak.py [--seconds 1800] [--clients 50] [--seed 1] [--json FILE] [--write PAGE]
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import gateway
import soak_report
import uvloop
from flat import Sample, Watch
from machine import Noise, describe

from standby.adapters.net import http_client
from standby.testing.accounts import CloudAccount, Plan
from standby.testing.asking import Asker, Shape
from standby.testing.cloud import FakeCloud
from standby.testing.engine import ENGINE_FAULTS, FakeEngine
from standby.testing.faults import FAULTS
from standby.testing.hostile import HOSTILE, Honest
from standby.testing.judge import End, Expected, Finding, Saw, judge
from standby.testing.kit import Fakes, says
from standby.testing.limits import FORMS
from standby.testing.our_gateway import our_gateway
from standby.testing.trap import Trap

PACE_S = 0.15
ENGINE_PACE_S = 0.03
"""Faster: its two slots serve everybody while the cloud is out of reach."""
DEADLINE_S = 60.0
CALM_S = 4.0
"""What the gateway has to give back what the last answers took."""
LEAVES = 0.03
"""The part of the clients that go away before their answer is whole."""
SECRET = "sk-ant-api03-soak-"
HONEST = {Saw.CLOUD, Saw.STAND_IN, Saw.JOINED, Saw.VERBATIM, Saw.REFUSED, Saw.CLOSED, Saw.BROKEN}
ANSWERS = {Saw.CLOUD, Saw.STAND_IN, Saw.JOINED}
RETRY_S = (0.5, 1.5)
"""What a client waits after an error: any SDK does."""
PEOPLE = 12
SHAPES = (
    *(Shape(streamed=True), Shape(streamed=True), Shape(streamed=True, tools=True)),
    *(Shape(streamed=False), Shape(streamed=True, model="claude-opus-5-5")),
)
FLOODS = ("gzip_bomb", "endless_header", "many_headers", "endless_line", "endless_pings")
OF_CLOUD = tuple(name for name in (*FAULTS, *HOSTILE) if name not in FLOODS)
# An answer that is not streamed may take ten minutes to come: nobody can tell it from silence.
LIMITS = tuple(name for name in FORMS if name != "hang")
# The log of the cloud does not know what became of an answer that it spoiled on its way.
PAGE = [*HOSTILE["html_502"](Honest((), ()))][-1]
OF_ENGINE = tuple(name for name in ENGINE_FAULTS if name not in FLOODS)


@dataclass
class Soak:
    """One run: who asks, what fails, and what came of it."""

    fakes: Fakes
    asker: Asker
    dice: random.Random
    until: float
    """When the clients stop asking, by the monotonic clock."""
    accounts: list[CloudAccount]
    """Who asks now. Some limits last for months: people come and go, so that others are served."""
    people: int = 0
    asked: int = 0
    saw: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    """How often something was made to fail, by kind."""
    words: Counter[str] = field(default_factory=Counter)
    """The particulars of what was honest, and neither side's whole answer."""
    slowest_s: float = 0.0
    lost: list[str] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.until

    async def client(self) -> None:
        """Ask again and again, now in this way and now in that."""
        while not self.over:
            shape, account = self.dice.choice(SHAPES), self.dice.choice(self.accounts)
            leaves = self.dice.random() < LEAVES
            patience_s = self.dice.uniform(0.05, 2.0) if leaves else DEADLINE_S
            self.asked += 1
            credential = {"Authorization": f"Bearer {account.credential}"}
            got = await self.asker.ask(shape, credential, patience_s)
            if leaves and got.end is End.HUNG:
                self.saw["left by the client"] += 1
                continue
            finding = judge(got, Expected(shape.offers, self.refusal(got.status, got.body)))
            self.saw[finding.saw.value] += 1
            self.words[finding.words] += 1
            self.slowest_s = max(self.slowest_s, got.took_s)
            if finding.saw not in HONEST:
                self.lost.append(told(finding, shape, got.body))
            if finding.saw not in ANSWERS:
                await asyncio.sleep(self.dice.uniform(*RETRY_S))

    def refusal(self, status: int, body: bytes) -> tuple[int, bytes] | None:
        """Return the cloud's own words, if these are."""
        if status < 400:
            return None
        if (status, body) == (502, PAGE):
            return status, body
        said = (one for one in self.fakes.cloud.requests if one.status == status)
        return (status, body) if any(one.said == body for one in said) else None

    async def every(self, mean_s: float, what: Callable[[], None]) -> None:
        """Let something happen, so many seconds apart as chance will have it."""
        while await self.passed(mean_s):
            what()

    async def away(self, mean_s: float, who: FakeCloud | FakeEngine, name: str) -> None:
        """Let one of the two be unreachable for a second now and then."""
        while await self.passed(mean_s):
            self.failed[name] += 1
            async with who.unreachable():
                await asyncio.sleep(1.0)

    async def passed(self, mean_s: float) -> bool:
        """Wait a while by chance; tell whether the soak still lasts."""
        left_s = self.until - time.monotonic() + 0.01
        await asyncio.sleep(max(0.0, min(self.dice.expovariate(1 / mean_s), left_s)))
        return not self.over

    def come(self) -> None:
        """Let somebody new come, in the place of whoever has been there longest."""
        self.people += 1
        name = f"soak-{self.people}"
        account = CloudAccount(name, f"{SECRET}{self.people}", Plan.SUBSCRIPTION, is_key=False)
        self.fakes.cloud.admit(account)
        self.accounts.append(account)
        del self.accounts[:-PEOPLE]

    def break_cloud(self) -> None:
        self.failed["an answer of the cloud broken"] += 1
        self.fakes.cloud.break_next(self.dice.choice(OF_CLOUD))

    def break_engine(self) -> None:
        self.failed["an answer of the engine broken"] += 1
        self.fakes.engine.break_next(self.dice.choice(OF_ENGINE))

    def flood(self) -> None:
        self.failed["a flood from either"] += 1
        peer = self.dice.choice((self.fakes.cloud, self.fakes.engine))
        peer.break_next(self.dice.choice(FLOODS[:-1]))

    def exhaust(self) -> None:
        self.failed["a limit or an outage of an account"] += 1
        account, form = self.dice.choice(self.accounts), self.dice.choice(LIMITS)
        self.fakes.cloud.exhaust(account, form, seconds=self.dice.uniform(1.0, 8.0))

    async def run(self, clients: int) -> None:
        """Let everybody loose; return when the last answer has come."""
        cloud, engine = self.fakes.cloud, self.fakes.engine
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(self.client())
            group.create_task(self.every(0.8, self.break_cloud))
            group.create_task(self.every(1.6, self.break_engine))
            group.create_task(self.every(3.0, self.exhaust))
            group.create_task(self.every(60.0, self.flood))
            group.create_task(self.every(3.0, self.come))
            group.create_task(self.away(25.0, cloud, "the cloud out of reach"))
            group.create_task(self.away(40.0, engine, "the engine out of reach"))

    def leaks(self) -> list[str]:
        """Return what came to somebody whom it was not meant for."""
        found = ["a redirect was followed"] if self.fakes.trap.visits else []
        for one in self.fakes.engine.requests:
            values = [value for _, value in one.headers]
            if any(SECRET in value for value in values) or SECRET.encode() in one.body:
                found.append("a credential reached the engine")
                break
        return found


def told(finding: Finding, shape: Shape, body: bytes) -> str:
    kind = "stream" if shape.streamed else "plain"
    return f"{kind}, {finding.saw.value}: {finding.words}; it ends {body[-160:]!r}"


async def soak(options: argparse.Namespace, home: Path) -> soak_report.Figures:
    noise = Noise()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        trap = await enter(Trap())
        cloud = await enter(FakeCloud(script=says, trap=trap.url, pace_s=PACE_S))
        engine = await enter(FakeEngine(style="llamacpp", trap=trap.url, pace_s=ENGINE_PACE_S))
        fakes = Fakes(cloud, engine, trap)
        async with our_gateway(fakes, home) as ours:
            http = await enter(http_client())
            asker = Asker(http, ours.url, ours.headers)
            run = Soak(fakes, asker, random.Random(options.seed), 0.0, [])
            for _ in range(PEOPLE):
                run.come()
            await warm(run, ours.pid)
            run.until = time.monotonic() + options.seconds
            watch = Watch(ours.pid, urlsplit(cloud.url).port, lambda: run.asked)
            before = watch.look()
            async with watch.watched():
                await run.run(options.clients)
            await asyncio.sleep(CALM_S)
            after: Sample = watch.look()
    return soak_report.Figures(
        machine=describe(),
        noise=noise.since(),
        seed=options.seed,
        clients=options.clients,
        seconds=options.seconds,
        asked=run.asked,
        booked=gateway.booked(home),
        saw=dict(run.saw),
        failed=dict(run.failed),
        words=dict(run.words.most_common(40)),
        slowest_s=run.slowest_s,
        lost=run.lost,
        leaks=run.leaks(),
        samples=watch.samples,
        before=before,
        after=after,
    )


async def warm(run: Soak, pid: int | None) -> None:
    """Ask once on each way: what is loaded at its first use is there before anybody looks."""
    if pid is None:
        raise RuntimeError("a gateway of our own has a process")
    credential = {"Authorization": f"Bearer {run.accounts[0].credential}"}

    async def once(shape: Shape) -> None:
        run.asked += 1
        got = await run.asker.ask(shape, credential, DEADLINE_S)
        run.saw[judge(got, Expected(shape.offers)).saw.value] += 1

    async with asyncio.TaskGroup() as group:
        for shape in SHAPES:
            group.create_task(once(shape))


def main() -> int:
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="standby-soak-") as name:
        home = Path(name) / "home"
        home.mkdir(mode=0o700)
        figures = uvloop.run(soak(options, home))
    print(soak_report.markdown(figures))
    if options.json:
        options.json.write_bytes(soak_report.to_json(figures))
    if options.write:
        soak_report.write(figures, options.write)
    for words in figures.wrongs:
        print(f"WRONG: {words}", file=sys.stderr)
    return bool(figures.wrongs)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1800.0, help="how long they go on asking")
    parser.add_argument("--clients", type=int, default=50, help="how many ask at once")
    parser.add_argument("--seed", type=int, default=1, help="of all that is left to chance")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put them into this page")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
