"""A request made ready for one local model: measured, made to fit its window, translated.

The measure is quick and learns from the server's own counts. Near the limit a server that can is
asked for the true count before anything is sent; a server that would cut silently is never sent
more than fits by our own measure.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

from standby.app.local.engines import Engines
from standby.app.recent import Recent
from standby.core.context.fit import Fitted, fit, fit_summary
from standby.core.context.measure import Gauge, weigh
from standby.core.context.window import Window, output_budget
from standby.core.dialects.openai_chat.request import Chat, to_chat
from standby.core.models.facts import LocalModel
from standby.core.usage import Tokens
from standby.core.wire.asked import Asked
from standby.core.wire.json import JSON
from standby.core.wire.purpose import Purpose

__all__ = ["Fitting", "Ready", "Retold", "TooLong"]

T = TypeVar("T")

Retold = Callable[[Asked, LocalModel], Awaitable[Asked]]
"""Puts words in place of what a model cannot take."""

# Below this part of the window the measure is trusted. As long as nothing is known of the model, it
# may be wrong by more: scripts that a tokenizer hardly knows have one to two bytes a token.
NEAR: Final = 0.7
NEAR_UNKNOWN: Final = 0.35
# Beyond these there is no doubt that it does not fit; more so once the model's ratio is known.
FAR: Final = 2.0
FAR_KNOWN: Final = 1.15
# A smaller ratio each time: after so many the request is sent as it is, and the server has its say.
TRIES: Final = 4
# Messages, from where on it is not measured and fitted between two events of others: 4,000 of them
# (4 MB, 2,000 calls) take a second.
MANY: Final = 200
# Where nobody can check, the ratio never rises above the one that is safe for any text.
UNCHECKED: Final = 3_000


@dataclass(frozen=True, slots=True)
class Ready:
    """A request as it goes to the server."""

    chat: Chat
    tokens: int
    """What the prompt comes to: the server's count, or about so many."""
    size: int
    """Its weight, from which the measure learns."""
    steps: tuple[str, ...] = ()
    """What was left out to make it fit."""


@dataclass(frozen=True, slots=True)
class TooLong:
    """It cannot be made to fit: the client must compact its conversation."""

    tokens: int
    maximum: int


class Fitting:
    """Prepares requests, and remembers how many bytes make a token for each model."""

    def __init__(self, engines: Engines, *retold: Retold) -> None:
        """``retold`` put words in place of what a model cannot take, one after the other."""
        self._engines = engines
        self._retold = retold
        self._gauges: Recent[str, Gauge] = Recent(64)

    async def prepared(self, asked: Asked, model: LocalModel) -> Ready | TooLong:
        """Return the request for a model."""
        if _sums_up(asked):
            asked = replace(asked, value={**asked.value, "tool_choice": {"type": "none"}})
        for retold in self._retold:
            asked = await retold(asked, model)
        gauge = self._gauge(model)
        sees = model.vision is True
        size = await _apart(asked, partial(weigh, asked.value, sees=sees))
        if model.context_tokens is None:
            chat = await _apart(asked, partial(to_chat, asked, model))
            return Ready(chat, gauge.tokens(size), size)
        window = Window(model.context_tokens, gauge, sees)
        room = window.room(asked.value, summary=_sums_up(asked))
        if self._doubtful(model, gauge.tokens(size), room):
            chat = await _apart(asked, partial(to_chat, asked, model))
            counted = await self._count(model, chat.body, size)
            if counted is not None and counted <= room:
                ready = partial(_ready, asked, model, asked.value, counted, size)
                return await _apart(asked, ready)
            if counted is not None:
                window = replace(window, gauge=self._lowered(model, size, room))
        return await self._made_to_fit(asked, model, window)

    def learned(self, model: LocalModel, ready: Ready, usage: Tokens) -> None:
        """Take in what the server counted for a request that it answered."""
        tokens = usage.input + usage.cache_read
        if tokens != ready.tokens:  # else it is our own number that comes back
            self._learn(model, ready.size, tokens)

    def refused(self, model: LocalModel, ready: Ready, tokens: int) -> None:
        """Take in how many tokens a server found too many."""
        self._learn(model, ready.size, tokens)

    def tokens(self, asked: Asked, model: LocalModel | None) -> int:
        """Return about how many tokens a request comes to for a model."""
        if model is None:
            return Gauge().tokens(weigh(asked.value))
        return self._gauge(model).tokens(weigh(asked.value, sees=model.vision is True))

    async def _made_to_fit(
        self, asked: Asked, model: LocalModel, window: Window
    ) -> Ready | TooLong:
        tries = TRIES
        while True:
            fitted, size = await _apart(asked, partial(_fitted, asked, window))
            # Before a client is told to compact, too: it costs it minutes.
            counted = await self._counted(asked, model, fitted, size)
            tries -= 1
            last = tries == 0 or not fitted.fits
            if counted <= fitted.room or (last and _sums_up(asked)):
                ready = partial(_ready, asked, model, fitted.body, counted, size, fitted.steps)
                return await _apart(asked, ready)
            if last:
                return TooLong(counted, fitted.room)
            window = replace(window, gauge=self._lowered(model, size, fitted.room))

    async def _counted(self, asked: Asked, model: LocalModel, fitted: Fitted, size: int) -> int:
        """Return the server's count of a fitted request where it matters, or our own."""
        if not (model.counts and fitted.tokens > fitted.room * _near(self._gauge(model))):
            return fitted.tokens
        chat = await _apart(asked, partial(to_chat, replace(asked, value=fitted.body), model))
        counted = await self._count(model, chat.body, size)
        return fitted.tokens if counted is None else counted

    def _doubtful(self, model: LocalModel, tokens: int, room: int) -> bool:
        """Tell whether only the server can say if a request fits."""
        gauge = self._gauge(model)
        far = FAR_KNOWN if gauge.known else FAR
        return model.counts and room * _near(gauge) < tokens < room * far

    async def _count(self, model: LocalModel, body: Mapping[str, JSON], size: int) -> int | None:
        counted = await self._engines.engine_of(model).count(model, body)
        if counted is not None:
            self._learn(model, size, counted)
        return counted

    def _gauge(self, model: LocalModel) -> Gauge:
        return self._gauges.get(model.key) or Gauge()

    def _lowered(self, model: LocalModel, size: int, room: int) -> Gauge:
        """Lower the gauge until so many bytes do not fit, as the server has said."""
        gauge = self._gauge(model).lowered(size, room)
        self._gauges.put(model.key, gauge)
        return gauge

    def _learn(self, model: LocalModel, size: int, tokens: int) -> None:
        gauge = self._gauge(model)
        if model.truncates:
            gauge = gauge.learned(size, tokens, most=UNCHECKED)
        else:
            gauge = gauge.learned(size, tokens)
        self._gauges.put(model.key, gauge)


def _near(gauge: Gauge) -> float:
    return NEAR if gauge.known else NEAR_UNKNOWN


def _sums_up(asked: Asked) -> bool:
    return asked.purpose is Purpose.COMPACTION


async def _apart(asked: Asked, work: Callable[[], T]) -> T:
    """Do what takes long for a long conversation: then on a thread, so that others go on."""
    messages = asked.value.get("messages")
    if isinstance(messages, list) and len(messages) >= MANY:
        return await asyncio.to_thread(work)
    return work()


def _fitted(asked: Asked, window: Window) -> tuple[Fitted, int]:
    """Return what fits, and what it weighs."""
    fitted = fit_summary(asked.value, window) if _sums_up(asked) else fit(asked.value, window)
    return fitted, weigh(fitted.body, sees=window.sees)


def _ready(
    asked: Asked,
    model: LocalModel,
    body: Mapping[str, JSON],
    tokens: int,
    size: int,
    steps: tuple[str, ...] = (),
) -> Ready:
    budget = output_budget(asked.max_tokens, tokens, model.context_tokens)
    chat = to_chat(replace(asked, value=body), model, max_tokens=budget)
    return Ready(chat, tokens, size, steps)
