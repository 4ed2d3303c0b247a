"""What the application needs from the world, as protocols. Adapters implement them.

One error class per boundary, with words for a person; whatever else an adapter raises is a bug.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

from standby.core.models.facts import LocalModel
from standby.core.policy.metering import Row, Seen
from standby.core.quota.forecast import Sample
from standby.core.quota.windows import Window
from standby.core.redact import Secret
from standby.core.request import Account, Request
from standby.core.usage import Entry
from standby.core.usage.deeds import Deed
from standby.core.usage.sums import Grouping, Line, Standing
from standby.core.warming import Load
from standby.core.wire.errors import Refusal
from standby.core.wire.headers import Head
from standby.core.wire.json import JSON

__all__ = [
    "Answerer",
    "AnswererError",
    "AtOnce",
    "Clock",
    "Coder",
    "CodingError",
    "Dice",
    "Documents",
    "Engine",
    "EngineError",
    "FetchError",
    "Fingerprints",
    "Ledger",
    "Loadable",
    "Machine",
    "QuotaStore",
    "Reader",
    "Records",
    "RecordsError",
    "Schemas",
    "Upstream",
    "UpstreamError",
    "Wire",
]


class AnswererError(Exception):
    """A candidate could not answer; ``refusal`` is what it said, to the byte, if it did."""

    def __init__(self, why: str, refusal: Refusal | None = None) -> None:
        super().__init__(why)
        self.refusal = refusal


class UpstreamError(Exception):
    """The cloud could not be reached, or stopped in the middle; its message says why.

    ``sent`` tells whether the request may have reached the cloud.
    """

    def __init__(self, why: str, *, sent: bool = True) -> None:
        super().__init__(why)
        self.sent = sent


class EngineError(Exception):
    """A local engine refused or broke off. ``status`` is 0 when it could not be reached."""

    def __init__(self, why: str, status: int = 0, body: bytes = b"") -> None:
        super().__init__(why)
        self.status = status
        self.body = body


class CodingError(Exception):
    """Bytes do not decode, or nothing can be appended where a coded stream was cut."""


class RecordsError(Exception):
    """The ledger cannot be read; the message says why, and what to do."""


class FetchError(Exception):
    """A model could not be fetched; its message says why, and what to do."""


class Clock(Protocol):
    """A source of the time."""

    def now(self) -> float:
        """Return the seconds since the epoch."""
        ...

    def ticks(self) -> float:
        """Return the seconds of a clock that never jumps, for durations."""
        ...

    def midnight(self, at: float) -> float:
        """Return when the day of a moment began here, in seconds since the epoch."""
        ...

    def told(self, at: float) -> str:
        """Return a moment as a person here would say it: ``21:23``, or ``Thu 26 Nov 10:34``."""
        ...


class Dice(Protocol):
    """A source of randomness."""

    def mint(self, prefix: str, length: int) -> str:
        """Return ``prefix`` and random letters and digits, ``length`` of them."""
        ...

    def fraction(self) -> float:
        """Return a number from 0 up to 1."""
        ...


class Answerer(Protocol):
    """The cloud or a local engine, as a candidate for one request."""

    def answer(self, request: Request, said: str) -> AsyncIterator[Head | bytes]:
        """Yield the head of the answer, then its bytes as they are to be sent on.

        With ``said``, go on after it: it is the beginning of the answer, and the client has it.
        Raise :class:`AnswererError` for a refusal or a breakdown. An answer that is the client's
        own mistake (a 4xx that no stand-in may hide) is yielded like any other.
        """
        ...


AtOnce: TypeAlias = Callable[[bytes], bool]
"""Takes bytes of an answer here and now. ``False``: it cannot just now, and has done nothing."""


class Upstream(Protocol):
    """The cloud's HTTP, to the byte, in both directions. No redirect is ever followed."""

    def send(self, request: Request, at_once: AtOnce | None = None) -> AsyncIterator[Head | bytes]:
        """Yield the head, then the body as it comes. Raise :class:`UpstreamError`.

        While the iterator waits, what comes may be offered to ``at_once`` first; what that takes is
        not yielded. The end of an answer, and what has not come in one piece, always is.

        Closing the iterator early closes the connection: the cloud stops.
        """
        ...


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


class Machine(Protocol):
    """What else the machine that we run on has to do."""

    async def load(self) -> Load:
        """Return what is so now. Never raises: what cannot be found out is no load."""
        ...


class Coder(Protocol):
    """One content coding of one answer: reads along, and can go on where the peer stopped."""

    def decode(self, data: bytes) -> bytes:
        """Return what these bytes add to the plain text. Raise :class:`CodingError`."""
        ...

    def append(self, plain: bytes) -> bytes:
        """Return bytes of ours that go on with the coded stream. Raise :class:`CodingError`."""
        ...

    def finish(self) -> bytes:
        """Return the bytes that end a stream that we have appended to."""
        ...


class Documents(Protocol):
    """A reader of documents."""

    async def text(self, data: bytes) -> str | None:
        """Return the text of a document; ``None`` when it cannot be read. Never raises."""
        ...


class Wire(Protocol):
    """The client's end of one exchange."""

    @property
    def begun(self) -> bool:
        """Whether headers are out, so that an error can only be an event in the stream."""
        ...

    async def start(self, head: Head, first: bytes = b"") -> None:
        """Say whose answer follows, in one write with its ``first`` bytes where there are any."""

    async def send(self, data: bytes) -> None:
        """Send bytes of the answer; wait while the client is slow to take them."""

    @property
    def ready(self) -> bool:
        """Whether the client, which has a part of the answer, is there and takes more at once."""
        ...

    def send_now(self, data: bytes) -> None:
        """Send bytes of the answer without waiting. Only while it is :attr:`ready`."""
        ...

    async def keep_alive(self, data: bytes = b"") -> None:
        """Send a sign of life: ``data``, or what a client ignores.

        The headers go out with it, if they have not yet.
        """

    async def finish(self) -> None:
        """End the answer."""

    async def deliver(self, head: Head, body: bytes) -> None:
        """Send a whole answer: status, headers and body. Only while nothing is out."""

    async def abort(self) -> None:
        """Break the connection: what is out can neither go on nor be ended honestly."""


class Notifier(Protocol):
    """Whatever reaches a person who does not look."""

    async def tell(self, title: str, words: str) -> None:
        """Tell them. Never raises, and does not wait for long."""
        ...


class Schemas(Protocol):
    """Holds values against JSON schemas."""

    def faults(self, schema: JSON, value: JSON) -> tuple[str, ...]:
        """Return what is wrong with a value, in words. Never raises, and fetches nothing."""
        ...


class QuotaStore(Protocol):
    """Where the quota of each account is kept, so that it survives a restart."""

    async def load(self) -> Mapping[str, JSON]:
        """Return what was saved last; empty when nothing was, or it cannot be read."""
        ...

    async def save(self, state: Mapping[str, JSON]) -> None:
        """Keep the state. A full disk is logged, never raised."""
        ...


class Ledger(Protocol):
    """What was used, and what was decided."""

    @property
    def degraded(self) -> str | None:
        """Why nothing is written just now; ``None`` when all is well."""
        ...

    def book(self, entry: Entry) -> None:
        """Take an entry; never wait, never fail. The same entry twice counts once."""
        ...

    def decided(self, request: str, said: Mapping[str, JSON]) -> None:
        """Take why a request was answered by whom it was, by its id; never wait, never fail."""
        ...

    def did(self, request: str, deeds: Sequence[Deed]) -> None:
        """Take what the calls in the answer to a request would change; never wait, never fail.

        It is kept with the entry of the request, which is booked before.
        """
        ...

    def saw(self, account: Account, windows: Iterable[Window], at: float) -> None:
        """Take what the cloud said of an account's windows; never wait, never fail."""
        ...

    async def recent(self, limit: int) -> tuple[Entry, ...]:
        """Return the newest entries, newest first; empty when the ledger cannot be read."""
        ...


class Records(Protocol):
    """What the ledger has to tell. Each call is one short look; :class:`RecordsError` says why not.

    An empty answer is a ledger in which there is nothing yet.
    """

    async def lines(self, since: float, until: float, by: Grouping) -> tuple[Line, ...]:
        """Return what was used from ``since`` to ``until``, whole hours that begin in between.

        One line for each group, side and model. Of sessions only the newest few hundred.
        """
        ...

    async def entries(
        self, limit: int, *, session: str = "", after: int = 0
    ) -> tuple[tuple[int, Entry], ...]:
        """Return the newest entries with their numbers, newest first.

        ``session``: of this conversation and its subagents alone. ``after``: of higher numbers.
        """
        ...

    async def ends(self, sessions: Sequence[str]) -> Mapping[str, Entry]:
        """Return the newest entry of each of some conversations, as far as there is one."""
        ...

    async def switches(self, limit: int) -> tuple[Entry, ...]:
        """Return the newest requests that were answered by another side than the one before."""
        ...

    async def sides(self) -> tuple[Standing, ...]:
        """Return who answers for each account and model, and since when."""
        ...

    async def samples(self, account: Account, since: float) -> Mapping[str, tuple[Sample, ...]]:
        """Return what was seen of each window of an account, in order of time."""
        ...


class History(Protocol):
    """The past, to be replayed. Each call is one short look; :class:`RecordsError` says why not."""

    async def rows(self, since: float, after: int, limit: int) -> tuple[tuple[int, Row], ...]:
        """Return requests with their numbers, in the order in which they were booked.

        ``since``: those that came at this moment or later. ``after``: of higher numbers.
        """
        ...

    async def windows(self, since: float) -> tuple[Seen, ...]:
        """Return what the cloud said of windows since a moment, in order of time."""
        ...


class Fingerprints(Protocol):
    """Turns credentials into accounts, and remembers which of them the cloud has accepted."""

    def account(self, kind: str, credential: Secret) -> Account:
        """Return the keyed fingerprint of a credential. ``kind``: ``x-api-key`` or ``bearer``."""
        ...

    def remembered(self, account: Account) -> bool:
        """Whether the cloud has accepted this credential within the last 30 days."""
        ...

    def accepted(self, account: Account) -> None:
        """Note that the cloud has accepted it."""
        ...

    def rejected(self, account: Account) -> None:
        """Forget it: the cloud said 401 or 403."""
        ...
