"""The runner of the fault kit: each mode against a gateway, and what it did right and wrong.

It holds the two fakes, a trap, and a client; the gateway is whoever listens at the URL, as long as
its cloud and its engine are the fakes.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Self

import psutil

from standby.adapters.net import http_client
from standby.core.request import Headers
from standby.testing.accounts import EVERYBODY, CloudAccount, Plan
from standby.testing.asking import CANARY, TOOL, Asker, Shape
from standby.testing.cloud import FakeCloud
from standby.testing.engine import FakeEngine, Style
from standby.testing.hostile import CANARY as PEERS_CANARY
from standby.testing.judge import CLOUD_SAYS, Expected, Finding, Saw, Transcript, judge
from standby.testing.log import Received
from standby.testing.modes import Mode
from standby.testing.scripts import Block, Conversation, Text, Thinking, ToolUse
from standby.testing.trap import Trap

__all__ = ["Fakes", "Gateway", "Kit", "Result", "Rules", "fakes", "says"]

_MIB: Final = 1024 * 1024
_SAMPLE_S: Final = 0.05
_POLL_S: Final = 0.2
_CREDENTIAL: Final = "sk-ant-api03-kit-"
_STAYS: Final = frozenset({"set-cookie", "x-hop", "proxy-authenticate", "keep-alive", "te"})
"""Headers of the cloud that are for the gateway alone."""


def says(conversation: Conversation) -> list[Block]:
    """Answer as the judge expects it of the cloud: with thinking and a call where they are due."""
    blocks: list[Block] = []
    if conversation.thinks:
        blocks.append(Thinking("I am asked to count, and shall write it down as well."))
    blocks.append(Text(CLOUD_SAYS))
    if TOOL in conversation.tools:
        blocks.append(ToolUse(TOOL, {"path": "a-file-with-a-long-name.txt", "mode": "careful"}))
    return blocks


@dataclass(frozen=True, slots=True)
class Fakes:
    """The cloud and the engine that a gateway is to use, and the trap that it must not."""

    cloud: FakeCloud
    engine: FakeEngine
    trap: Trap


@asynccontextmanager
async def fakes(
    cloud_port: int = 0, engine_port: int = 0, style: Style = "openai"
) -> AsyncIterator[Fakes]:
    """Serve the fakes until the block ends. ``style``: what the engine tells of itself."""
    async with (
        Trap() as trap,
        FakeCloud(script=says, port=cloud_port, trap=trap.url) as cloud,
        FakeEngine(style=style, port=engine_port, trap=trap.url) as engine,
    ):
        yield Fakes(cloud, engine, trap)


@dataclass(frozen=True, slots=True)
class Gateway:
    """Who is tried."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the gateway itself wants to know a client by."""
    passes_credentials: bool = True
    """Whether the client's credential is the one that the cloud sees: then each mode has an account
    of its own, and what a gateway remembers of one is no matter for the next."""
    pid: int | None = None
    """Its process, where it is on this machine, to see its memory."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers that a gateway is held to."""

    deadline_s: float = 60.0
    """To the end of any answer."""
    back_s: float = 10.0
    """From the end of a limit to the first answer of the cloud."""
    memory_mib: float = 96.0
    """What the gateway may grow by."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a gateway did in one mode."""

    mode: Mode
    finding: Finding
    took_s: float
    wrongs: tuple[str, ...]
    """In words; empty when all was right."""
    asks: int | None = None
    """How often the cloud was asked while it refused, where that matters."""
    back_s: float | None = None
    grew_mib: float | None = None

    @property
    def right(self) -> bool:
        """Whether nothing was wrong."""
        return not self.wrongs


class Kit:
    """Runs modes against a gateway, one after the other."""

    def __init__(self, fakes: Fakes, gateway: Gateway, rules: Rules | None = None) -> None:
        self._fakes = fakes
        self._gateway = gateway
        self._rules = rules or Rules()
        self._numbers = itertools.count(1)
        self._stack = AsyncExitStack()
        self._asker: Asker | None = None

    async def __aenter__(self) -> Self:
        http = await self._stack.enter_async_context(http_client())
        self._asker = Asker(http, self._gateway.url, self._gateway.headers)
        return self

    async def __aexit__(self, *_why: object) -> None:
        await self._stack.aclose()

    async def run(self, mode: Mode) -> Result:
        """Try one mode; leave the fakes as they were."""
        turn = _Turn(mode, self._account(), len(self._fakes.cloud.requests))
        engine_from, visits = len(self._fakes.engine.requests), self._fakes.trap.visits
        wrongs: list[str] = []
        memory = _Memory(self._gateway.pid)
        async with memory.watched():
            async with self._broken(turn):
                began = time.time()
                got = await self._ask(turn, mode.shape)
                finding = judge(got, Expected(mode.shape.offers, self._refusal(turn)))
                wrongs += _first(mode, finding, got)
                if mode.again and mode.side == "cloud":
                    wrongs += await self._again(turn)
            asks = self._asks(turn) if mode.asks else None
            if asks is not None and asks > mode.asks:
                wrongs.append(f"asked the cloud {asks} times for 2 requests, at most {mode.asks}")
            if mode.again and mode.side == "engine":
                wrongs += await self._again(turn)
        if not self._happened(turn, engine_from):
            wrongs.append(f"the {mode.side} was not asked: nothing could fail")
        back_s = None
        if mode.returns:
            over = max(began + mode.lasts_s if mode.means == "form" else 0.0, 0.0)
            back_s, late = await self._back(turn, over if mode.lasts_s < _LONG_S else time.time())
            wrongs += late
        elif not self._gateway.passes_credentials:
            await self._back(turn, time.time())
        wrongs += _leaks(self._fakes.engine.requests[engine_from:], turn.account)
        if self._fakes.trap.visits > visits:
            wrongs.append("a redirect was followed")
        if memory.grew_mib is not None and memory.grew_mib > self._rules.memory_mib:
            wrongs.append(f"grew by {memory.grew_mib:.0f} MiB")
        return Result(
            mode, finding, got.took_s, tuple(dict.fromkeys(wrongs)), asks, back_s, memory.grew_mib
        )

    async def _ask(self, turn: "_Turn", shape: Shape) -> Transcript:
        if self._asker is None:
            raise RuntimeError("a kit is entered before it is used")
        credential = {}
        if self._gateway.passes_credentials:
            credential = {"Authorization": f"Bearer {turn.account.credential}"}
        return await self._asker.ask(shape, credential, self._rules.deadline_s)

    def _account(self) -> CloudAccount:
        """Return whose limit it is."""
        if not self._gateway.passes_credentials:
            return EVERYBODY[0]
        number = next(self._numbers)
        account = CloudAccount(
            f"kit-{number}", f"{_CREDENTIAL}{number}", Plan.SUBSCRIPTION, is_key=False
        )
        self._fakes.cloud.admit(account)
        return account

    def _accounts(self, turn: "_Turn") -> tuple[CloudAccount, ...]:
        return (turn.account,) if self._gateway.passes_credentials else EVERYBODY

    @asynccontextmanager
    async def _broken(self, turn: "_Turn") -> AsyncIterator[None]:
        """Let it go wrong while the block lasts."""
        mode, cloud, engine = turn.mode, self._fakes.cloud, self._fakes.engine
        async with AsyncExitStack() as stack:
            stack.callback(cloud.mend)
            stack.callback(engine.mend)
            if mode.side == "engine":
                self._exhaust(turn, "five_hour", 3600.0)
            match mode.side, mode.means:
                case _, "form":
                    self._exhaust(turn, mode.fault, mode.lasts_s)
                case "cloud", "fault":
                    cloud.break_next(mode.fault)
                case "engine", "fault":
                    engine.break_next(mode.fault)
                case "cloud", "refused":
                    await stack.enter_async_context(cloud.unreachable())
                case "engine", "refused":
                    await stack.enter_async_context(engine.unreachable())
                case _:
                    pass
            yield
        if mode.side == "cloud" and mode.lasts_s >= _LONG_S:
            self._restore(turn)

    def _exhaust(self, turn: "_Turn", form: str, seconds: float) -> None:
        for account in self._accounts(turn):
            self._fakes.cloud.exhaust(account, form, seconds=seconds)

    def _restore(self, turn: "_Turn") -> None:
        for account in self._accounts(turn):
            self._fakes.cloud.restore(account)

    async def _again(self, turn: "_Turn") -> list[str]:
        """Ask once more, and say what is wrong with the answer."""
        again = judge(await self._ask(turn, turn.mode.shape), Expected(turn.mode.shape.offers))
        if turn.mode.side == "engine":
            self._restore(turn)
        return [] if again.saw in turn.mode.again else [f"the next request: {_words(again)}"]

    async def _back(self, turn: "_Turn", over: float) -> tuple[float | None, list[str]]:
        """Wait until the cloud answers again; return how long after the end of the limit it was.

        The cloud names that end in whole seconds.
        """
        await asyncio.sleep(max(0.0, over - time.time()))
        finding = Finding(Saw.HUNG)
        while time.time() < over + self._rules.back_s:
            plain = Shape(streamed=False, model=turn.mode.shape.model)
            finding = judge(await self._ask(turn, plain), Expected())
            if finding.saw is Saw.CLOUD:
                return time.time() - over, []
            await asyncio.sleep(_POLL_S)
        why = f"not back on the cloud {self._rules.back_s:g} s after the end: {_words(finding)}"
        return None, [why]

    def _mine(self, turn: "_Turn") -> Iterator[Received]:
        names = {account.name for account in self._accounts(turn)}
        for one in self._fakes.cloud.requests[turn.since :]:
            if one.account in names and one.path == "/v1/messages":
                yield one

    def _happened(self, turn: "_Turn", engine_from: int) -> bool:
        """Tell whether somebody met what was to go wrong."""
        match turn.mode.side, turn.mode.means:
            case _, "refused":
                return True
            case _, "form":
                return any(self._mine(turn))
            case "cloud", _:
                return any(one.why == turn.mode.fault for one in self._mine(turn))
            case _:
                heard = self._fakes.engine.requests[engine_from:]
                return any(one.why == turn.mode.fault for one in heard)

    def _asks(self, turn: "_Turn") -> int:
        return sum(one.refused for one in self._mine(turn))

    def _refusal(self, turn: "_Turn") -> tuple[int, bytes] | None:
        return next(((one.status, one.said) for one in self._mine(turn) if one.said), None)


_LONG_S: Final = 60.0
"""A limit that lasts longer is ended by hand."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """One mode under way."""

    mode: Mode
    account: CloudAccount
    since: int
    """How many requests the cloud had before."""


class _Memory:
    """How far a process grows."""

    def __init__(self, pid: int | None) -> None:
        self._pid = pid
        self.grew_mib: float | None = None

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Look at it again and again while the block lasts."""
        if self._pid is None:
            yield
            return
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(self._watch(self._pid))
            try:
                yield
            finally:
                watch.cancel()

    async def _watch(self, pid: int) -> None:
        try:
            before = await asyncio.to_thread(_resident, pid)
            while True:
                grew = (await asyncio.to_thread(_resident, pid) - before) / _MIB
                self.grew_mib = max(grew, self.grew_mib or 0.0)
                await asyncio.sleep(_SAMPLE_S)
        except psutil.Error:
            return  # it has ended, which the next answer shows


def _resident(pid: int) -> int:
    return psutil.Process(pid).memory_info().rss


def _first(mode: Mode, finding: Finding, got: Transcript) -> Iterator[str]:
    """Yield what is wrong with the first answer."""
    if finding.saw not in mode.right:
        yield _words(finding)
    if finding.saw is Saw.REFUSED and mode.says not in finding.words:
        yield f"the error does not say {mode.says!r}: {finding.words}"
    yield from _carried(got.headers)


def _carried(headers: Headers) -> Iterator[str]:
    for name, value in headers:
        if PEERS_CANARY in value and name.lower() in _STAYS:
            yield f"the cloud's {name!r} reached the client"


def _leaks(received: tuple[Received, ...], account: CloudAccount) -> Iterator[str]:
    """Yield what reached the engine and should not have."""
    secrets = (CANARY, _CREDENTIAL, account.credential)
    for one in received:
        for name, value in one.headers:
            if any(secret in value for secret in secrets) or name.lower() == "cookie":
                yield f"the client's {name.lower()!r} reached the engine"
        if any(secret.encode() in one.body for secret in secrets):
            yield "a credential reached the engine in a body"


def _words(finding: Finding) -> str:
    return f"{finding.saw.value} ({finding.words})" if finding.words else finding.saw.value


Tell = Callable[[Result], None]
"""Hears of each result as it comes."""
