"""How a server of ours is started, and what is done when that fails.

The process itself is watched in :mod:`standby.adapters.engines.started`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from aiohttp import ClientSession

from standby.adapters.child import clean_environment
from standby.adapters.engines.signs import LLAMA_SIGNS
from standby.adapters.engines.spec import LLAMA_ADDS, EngineSpec
from standby.core.models.facts import LocalModel
from standby.core.models.troubles import Trouble
from standby.core.redact import Secret
from standby.ports import EngineError

__all__ = [
    "STARTED",
    "Launch",
    "Learn",
    "Lesson",
    "Pause",
    "Plan",
    "SlotStore",
    "StartError",
    "environment",
    "learn_nothing",
]

_WAITING: Final = "OMP_WAIT_POLICY"
_LONGEST_PAUSE_S: Final = 60.0
# One that has run so long was not broken from the start.
_STEADY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a server of ours. ``url`` is empty when it chooses its port and prints it."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    key: Secret
    url: str = ""
    settings: str = ""
    """How it is run, in words."""
    tuned: str = ""
    """Which trial of a bench the settings come from."""
    remark: str = ""
    """What is less than was asked for, in words."""
    identity: str = ""
    """What of program, model and settings has to be the same for what was read to be of use;
    empty: nothing of it is kept."""


class SlotStore(Protocol):
    """Where what a server has read is kept. Everything blocks, and may raise :class:`OSError`."""

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        ...

    @property
    def most_bytes(self) -> int:
        """How large one may be."""
        ...

    def name(self, engine: str, session: str) -> str:
        """Return how the file of a conversation is known, read by one model of one engine."""
        ...

    def undone(self, name: str) -> str:
        """Return what it is called until it is whole, or while it is taken."""
        ...

    def room(self) -> bool:
        """Whether the disk has room for one."""
        ...

    def done(self, name: str, size: int) -> bool:
        """Take in that one of so many bytes was written; return whether it is whole."""
        ...

    def back(self, name: str) -> None:
        """Put back one that was taken: it was of use."""
        ...

    def drop(self, name: str) -> None:
        """Put away what is not whole of one."""
        ...

    def take(self, name: str) -> tuple[int, ...]:
        """Take one until it is put ``back``; return what was read; empty: none that is whole."""
        ...


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is done about a failure."""

    otherwise: str = ""
    """How it is started the next time, in words; empty: as before."""
    words: str = ""
    """What a person can do, where the engine's file knows better than its signs."""


Learn = Callable[[LocalModel, Trouble | None], Awaitable[Lesson]]
"""Is told that a model failed, and of what if that is known; returns what is done about it."""


class Plan(Protocol):
    """What would be served, and how. Everything blocks."""

    def offered(self) -> LocalModel | None:
        """Return what would be served; ``None``: nothing."""
        ...

    def launch(self, model: LocalModel) -> Launch:
        """Return how to start it. Raise :class:`EngineError`."""
        ...

    def learn(self, model: LocalModel, trouble: Trouble | None) -> Lesson:
        """Note that it failed, and of what if that is known; return what is done about it."""
        ...


async def learn_nothing(_model: LocalModel, _trouble: Trouble | None) -> Lesson:
    """Know nothing better."""
    return Lesson()


async def _unfound(
    _client: ClientSession, _url: str, _key: Secret | None
) -> tuple[LocalModel, ...] | None:
    """It is started, not found."""
    return None


STARTED: Final = EngineSpec(
    name="",
    title="",
    probe=_unfound,
    order=0,
    continues=True,
    grammar=True,
    counts=True,
    reads=True,
    adds=LLAMA_ADDS,
    pins=True,
    signs=LLAMA_SIGNS,
)
"""What all that we start have in common: they are llama.cpp's server, and nobody else uses them."""


def environment(whole: Mapping[str, str], **more: str) -> dict[str, str]:
    """Return what of an environment a server of ours sees, with ``more`` added.

    Its threads wait for one another asleep, unless the environment says how. Else each spins until
    the slowest is done, which has no processor while other programs have them: where three wanted
    each, a token took 420 ms in place of 17, and a portion of 8 tokens 480 in place of 71.
    """
    waiting = {_WAITING: whole.get(_WAITING, "passive")}
    return clean_environment(whole, **waiting, **more)


class StartError(EngineError):
    """It could not be started; another way may be."""

    def __init__(self, title: str, why: str, said: bytes) -> None:
        super().__init__(f"{title} could not be started: {why}", body=said)
        self.why = why


class Pause:
    """How long a server that fails is left alone: not after the first time, then ever longer."""

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0
        self._why = ""

    def check(self, title: str) -> None:
        """Raise :class:`EngineError` while it is to be left alone."""
        wait = self._until - asyncio.get_running_loop().time()
        if wait > 0:
            times = f"{self._failures} times in a row; next try in {wait:.0f} s"
            raise EngineError(f"{title} failed {times}: {self._why}")

    def failed(self, why: str, ran_s: float = 0.0) -> None:
        """Note a failure, after so long a run."""
        self._failures = 1 if ran_s > _STEADY_S else self._failures + 1
        pause = min(2.0 ** (self._failures - 1), _LONGEST_PAUSE_S) if self._failures > 1 else 0.0
        self._until = asyncio.get_running_loop().time() + pause
        self._why = why
