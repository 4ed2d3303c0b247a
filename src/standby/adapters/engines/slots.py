"""What a server of ours has read of a conversation, brought to disk and back by the server."""

import asyncio

from standby.adapters.engines.chat import ChatServer
from standby.adapters.engines.launch import SlotStore
from standby.core.models.facts import LocalModel
from standby.ports import EngineError

__all__ = ["restored", "saved"]


async def saved(
    server: ChatServer, model: LocalModel, number: int, files: SlotStore, name: str
) -> int:
    """Save what a slot holds under a name; return how many tokens.

    Raise :class:`EngineError` and :class:`OSError`.
    """
    if not await asyncio.to_thread(files.room):
        raise EngineError("the disk has too little room")
    try:
        said = await server.slot(model, number, "save", files.undone(name))
    except EngineError:  # half of it may be there, and large
        await asyncio.to_thread(files.drop, name)
        raise
    match said:
        case {"n_saved": int(tokens), "n_written": int(size)} if tokens > 0:
            if await asyncio.to_thread(files.done, name, size):
                return tokens
        case _:
            await asyncio.to_thread(files.drop, name)
    raise EngineError(f"{server.spec.title} could not save it")


async def restored(
    server: ChatServer, model: LocalModel, number: int, files: SlotStore, name: str
) -> tuple[int, ...]:
    """Restore what was saved under a name; return its tokens; empty: nothing was.

    Raise :class:`EngineError` and :class:`OSError`.
    """
    # It is not back before it was of use: one that the server ends of is tried once.
    tokens = await asyncio.to_thread(files.take, name)
    if not tokens:
        return ()
    said = await server.slot(model, number, "restore", files.undone(name))
    match said:
        case {"n_restored": int(restored)} if restored == len(tokens):
            await asyncio.to_thread(files.back, name)
            return tokens
        case _:
            raise EngineError(f"{server.spec.title} could not restore what it had read")
