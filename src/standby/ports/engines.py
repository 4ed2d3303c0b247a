"""What a local model needs: its server, and what helps to ask it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from standby.core.models.facts import LocalModel
from standby.core.wire.json import JSON

__all__ = [
    "Documents",
    "Engine",
    "EngineError",
    "FetchError",
    "Keeper",
    "Loadable",
    "Reader",
    "Schemas",
]


class EngineError(Exception):
    """A local engine refused or broke off. ``status`` is 0 when it could not be reached."""

    def __init__(self, why: str, status: int = 0, body: bytes = b"") -> None:
        super().__init__(why)
        self.status = status
        self.body = body


class FetchError(Exception):
    """A model could not be fetched; its message says why, and what to do."""


class Engine(Protocol):
    """A local server that speaks OpenAI chat completions, with what it says of its models."""

    @property
    def name(self) -> str:
        """The engine's name, the same as its file's."""
        ...

    async def models(self) -> tuple[LocalModel, ...]:
        """Return what it offers now; empty when nobody listens there. Never raises."""
        ...

    def chat(self, model: LocalModel, body: Mapping[str, JSON]) -> AsyncIterator[bytes]:
        """Yield the bytes of a streamed chat completion. Raise :class:`EngineError`.

        Closing the iterator early closes the connection: the engine stops.
        """
        ...

    async def count(self, model: LocalModel, body: Mapping[str, JSON]) -> int | None:
        """Return the tokens of a chat request's prompt; ``None``: the server cannot say."""
        ...


@runtime_checkable
class Loadable(Engine, Protocol):
    """An engine that can be told what to hold in memory, within what its server allows."""

    @property
    def loads_small(self) -> bool:
        """Whether a request for a model that is not loaded gets it with a window of the server's
        own, which is often too small, although a larger one can be asked for."""
        ...

    async def load(self, model: LocalModel, context_tokens: int) -> LocalModel:
        """Load a model; return it as it is served then.

        ``context_tokens`` is the window wanted; 0: the server's own. Raise :class:`EngineError`.
        """
        ...

    async def unload(self, model: LocalModel) -> None:
        """Give a model's memory back. Raise :class:`EngineError`."""
        ...


@runtime_checkable
class Reader(Engine, Protocol):
    """An engine that reads a prompt in portions, and keeps what it has read."""

    async def prompt(self, model: LocalModel, body: Mapping[str, JSON]) -> tuple[int, ...] | None:
        """Return the tokens that a chat request comes to, as this server's own template has it.

        ``None``: it cannot say. Raise :class:`EngineError` when it is out of reach.
        """
        ...

    async def read(self, model: LocalModel, tokens: Sequence[int], slot: int | None) -> int:
        """Have it read the beginning of a prompt; return how many tokens were new to it.

        Raise :class:`EngineError`. It does not stop before it is done, whoever gives up waiting.
        """
        ...


@runtime_checkable
class Keeper(Engine, Protocol):
    """An engine that can bring to disk what it has read, and back."""

    async def save_slot(self, model: LocalModel, number: int, session: str) -> int:
        """Save what a slot holds of a conversation; return how many tokens; 0: it cannot.

        Raise :class:`EngineError` and :class:`OSError`.
        """
        ...

    async def restore_slot(self, model: LocalModel, number: int, session: str) -> tuple[int, ...]:
        """Restore what was saved of a conversation; return its tokens; empty: nothing was.

        Raise :class:`EngineError` and :class:`OSError`.
        """
        ...


class Documents(Protocol):
    """A reader of documents."""

    async def text(self, data: bytes) -> str | None:
        """Return the text of a document; ``None`` when it cannot be read. Never raises."""
        ...


class Schemas(Protocol):
    """Holds values against JSON schemas."""

    def faults(self, schema: JSON, value: JSON) -> tuple[str, ...]:
        """Return what is wrong with a value, in words. Never raises, and fetches nothing."""
        ...
