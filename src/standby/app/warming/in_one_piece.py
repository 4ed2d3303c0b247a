"""Reading a prompt at an engine that takes it in one piece only: it is asked for one token."""

import asyncio
from collections.abc import Mapping
from typing import Final

from standby.app.closing import closing
from standby.app.local.admission import Slot
from standby.core.models.facts import LocalModel
from standby.core.wire.json import JSON
from standby.ports import Engine, EngineError

__all__ = ["one_token"]

_WHOLE_S: Final = 600.0
"""How long an engine may take that reads a prompt in one piece."""


async def one_token(
    engine: Engine, model: LocalModel, body: Mapping[str, JSON], slot: Slot
) -> bool:
    """Ask for one token; return whether it came before somebody wanted the slot.

    Raise :class:`EngineError`, and :class:`TimeoutError` when it takes too long.
    """
    errors: list[EngineError] = []

    async def ask() -> None:
        try:
            async with closing(engine.chat(model, {**body, "max_tokens": 1})) as answer:
                async for _ in answer:
                    pass
        except EngineError as error:
            errors.append(error)

    async with asyncio.timeout(_WHOLE_S), asyncio.TaskGroup() as group:
        reading = group.create_task(ask())
        wanted = group.create_task(slot.wanted.wait())
        await asyncio.wait((reading, wanted), return_when=asyncio.FIRST_COMPLETED)
        done = reading.done()
        reading.cancel()
        wanted.cancel()
    for error in errors:
        raise error
    return done
