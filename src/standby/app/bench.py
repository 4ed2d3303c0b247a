"""Measures a local model: how fast it reads a prompt, cold and cached, and how fast it writes.

The prompts are made up here; nothing that a person wrote is used.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from standby.app.local.engines import Engines
from standby.app.local.speeds import Speeds
from standby.core.dialects.openai_chat import chunks
from standby.core.models.facts import LocalModel
from standby.core.models.measured import Figures, Measured, prompt, read_measured
from standby.core.models.speed import Progress, Speed, Timings
from standby.core.models.trials import Size
from standby.core.models.tuned import Proposal, Tuned, read_tuned
from standby.core.wire.json import JSON
from standby.core.wire.sse import Decoder
from standby.ports import Clock, Dice, EngineError, QuotaStore

__all__ = ["WRITTEN", "Along", "Bench", "Records", "Room", "Told"]

WRITTEN: Final = 64
"""Tokens of each answer: enough to see how fast it writes, and soon over."""
# Two lengths of prompt tell how much more a later token costs than an earlier one.
_LOOKS: Final = (256, 1536)
# It tells enough, and a slow machine takes seconds for each.
_LOOK_WRITTEN: Final = 16
_MUCH: Final = 4
_TOKENS_A_WORD: Final = 2.0
_ROOM: Final = 256
_COLD: Final = "Summarise it in a long list."
_WARM: Final = "What is it about?"
_LONGEST_S: Final = 3600.0
_MOST_RECORDS: Final = 200

Told = Callable[[str, float], None]
"""Is told what is done, and which part of it."""
Along = Callable[[Progress], None]
"""Is told how far a cold prompt is; what it raises ends the measurement."""
Room = Callable[[Speed, float, Size, float], Size]
"""Takes the speed as two short prompts tell it, how many tokens are written in a second, what is
wanted, and how long loading took; returns what there is time for."""


@dataclass(frozen=True, slots=True)
class _Answer:
    timings: Timings
    first_token_s: float


class Records:
    """The measurements of this installation: the newest of each model, version and machine."""

    def __init__(self, store: QuotaStore) -> None:
        self._store = store

    async def all(self) -> tuple[Measured, ...]:
        """Return them, oldest first."""
        saved = await self._store.load()
        listed = saved.get("measured")
        read = [read_measured(one) for one in listed] if isinstance(listed, list) else []
        return tuple(one for one in read if one is not None)

    async def keep(self, measured: Measured) -> None:
        """Keep a measurement in place of the one before."""
        saved = dict(await self._store.load())
        place = _place(measured)
        others = [one for one in await self.all() if _place(one) != place]
        kept = [*others, measured][-_MOST_RECORDS:]
        await self._store.save({**saved, "measured": [one.as_json() for one in kept]})

    async def tuned(self) -> Tuned:
        """Return what was proposed, and what is in force."""
        return read_tuned(await self._store.load())

    async def propose(self, one: Proposal) -> None:
        """Keep a proposal in place of the one before."""
        await self._change((await self.tuned()).proposing(one))

    async def adopt(self, one: Proposal) -> None:
        """Have engines that start run with what was proposed."""
        await self._change((await self.tuned()).adopting(one))

    async def forget(self, model: str) -> None:
        """Have engines that start run a model with the computed settings; empty: any model."""
        await self._change((await self.tuned()).forgetting(model))

    async def _change(self, tuned: Tuned) -> None:
        await self._store.save({**await self._store.load(), **tuned.as_json()})

    async def teach(self, speeds: Speeds, machine: str) -> None:
        """Have a gateway that starts expect what was measured on this machine."""
        for one in await self.all():
            if one.machine == machine:
                engine, _, name = one.model.partition("/")
                speeds.learn(LocalModel(engine, name, ""), one.cold)


def _place(measured: Measured) -> tuple[str, str, str, str]:
    return measured.model, measured.engine_version, measured.machine, measured.settings


class Bench:
    """Measures the models of some engines."""

    def __init__(self, engines: Engines, clock: Clock, dice: Dice, told: Told) -> None:
        self._engines = engines
        self._clock = clock
        self._dice = dice
        self._told = told

    async def run(
        self,
        model: LocalModel,
        tokens: int,
        about: tuple[str, str],
        memory: Callable[[], int | None],
        along: Along = lambda _: None,
        room: Room = lambda _speed, _rate, wanted, _load_s: wanted,
    ) -> Measured:
        """Measure a model with a prompt of so many tokens, or as many as there is room for.

        Its window is one limit, ``room`` may be another. ``about`` is the version of the engine and
        the machine; ``memory`` says what the engine takes. Raise :class:`EngineError`.
        """
        self._told("load", 0.0)
        began = self._clock.ticks()
        served = await self._engines.ready(model)
        load_s = self._clock.ticks() - began
        wanted = Size(_within(served, tokens), WRITTEN)
        speed, rate = await self._look(served, wanted.tokens)
        size = room(speed, rate, wanted, load_s)
        self._expect(speed, size.tokens)
        text = prompt(await self._words(served, size.tokens), self._dice.mint("run_", 12))
        cold = await self._ask(served, text, _COLD, "cold prompt", size.written, along)
        warm = await self._ask(served, text, _WARM, "cached prompt", size.written)
        return Measured(
            model=served.key,
            engine_version=about[0],
            machine=about[1],
            settings=served.settings,
            at=self._clock.now(),
            load_s=load_s,
            memory_bytes=memory(),
            cold=cold.timings,
            first_token_s=cold.first_token_s,
            warm=warm.timings,
            warm_first_token_s=warm.first_token_s,
        )

    async def cold(self, model: LocalModel, size: Size, along: Along) -> Figures:
        """Measure one cold prompt alone. Raise :class:`EngineError`, or what ``along`` raises."""
        served = await self._engines.ready(model)
        words = await self._words(served, _within(served, size.tokens))
        text = prompt(words, self._dice.mint("run_", 12))
        answer = await self._ask(served, text, _COLD, "cold prompt", size.written, along)
        return Figures(answer.timings, answer.first_token_s)

    async def _words(self, model: LocalModel, tokens: int) -> int:
        """Return how many words come to so many tokens in this model's own count."""
        sample = 400
        body = _body(prompt(sample, "count"), "", WRITTEN)
        counted = await self._engines.engine_of(model).count(model, body)
        each = counted / sample if counted else _TOKENS_A_WORD
        return max(int(tokens / each), 1)

    async def _look(self, model: LocalModel, tokens: int) -> tuple[Speed, float]:
        """Return how fast it reads, and how many tokens it writes in a second; 0: unknown.

        Shorter prompts tell it.
        """
        speed, rate = Speed(), 0.0
        for length in _LOOKS:
            if tokens >= _MUCH * length:
                text = prompt(await self._words(model, length), self._dice.mint("look_", 12))
                answer = await self._ask(model, text, "Go on.", "first look", _LOOK_WRITTEN)
                took = answer.timings
                speed = speed.read(took.cached, took.cached + took.read, took.read_s)
                rate = took.written / took.written_s if took.written_s > 0 else 0.0
        return speed, rate

    def _expect(self, speed: Speed, tokens: int) -> None:
        """Tell beforehand how long it will take."""
        seconds = speed.expected_s(0, tokens)
        if seconds is not None:
            self._told(f"about {seconds:.0f} s for {tokens:,} tokens", 0.0)

    async def _ask(
        self,
        model: LocalModel,
        text: str,
        question: str,
        step: str,
        written: int,
        along: Along = lambda _: None,
    ) -> _Answer:
        engine, began = self._engines.engine_of(model), self._clock.ticks()
        first_s, told, usage = None, None, None
        self._told(step, 0.0)
        try:
            async with asyncio.timeout(_LONGEST_S):
                stream = _chunks(engine.chat(model, _body(text, question, written)))
                async with aclosing(stream) as answer:
                    async for chunk in answer:
                        told, usage = chunk.timings or told, chunk.tokens or usage
                        if chunk.progress is not None:
                            self._told(step, chunk.progress.processed / chunk.progress.total)
                            along(chunk.progress)
                        if first_s is None and (chunk.text or chunk.thought):
                            first_s = self._clock.ticks() - began
        except chunks.BrokenReplyError as error:
            raise EngineError(str(error)) from error
        except TimeoutError as error:
            raise EngineError(f"{step}: no end within {_LONGEST_S:.0f} s") from error
        whole_s = self._clock.ticks() - began
        if first_s is None:
            raise EngineError(f"{model.key} says nothing")
        self._told(step, 1.0)
        if told is None:  # a server that does not time itself
            cached = 0 if usage is None else usage.cache_read
            read = 0 if usage is None else usage.input
            written = 0 if usage is None else usage.output
            told = Timings(cached, read, first_s, written, whole_s - first_s)
        return _Answer(told, first_s)


def _within(model: LocalModel, tokens: int) -> int:
    """Return how many tokens the model's window has room for, with an answer behind them."""
    window = model.context_tokens
    return tokens if window is None else min(tokens, window - WRITTEN - _ROOM)


def _body(text: str, question: str, written: int) -> Mapping[str, JSON]:
    return {
        "messages": [{"role": "system", "content": text}, {"role": "user", "content": question}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": written,
        "temperature": 0,
    }


async def _chunks(stream: AsyncIterator[bytes]) -> AsyncGenerator[chunks.Chunk, None]:
    decoder = Decoder()
    async for data in stream:
        for frame in decoder.receive_data(data):
            if frame.data and frame.data != "[DONE]":
                yield chunks.read(frame.data)
