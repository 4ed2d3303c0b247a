"""What the API shows: who answered when, conversations, engines. Each view is one look, bounded.

Status and usage have use cases of their own; here is what only a page with room for it shows.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from standby.app.local.admission import Admission
from standby.app.local.engines import Engines
from standby.app.showing.status import entry_json, model_json
from standby.core.models.facts import LocalModel
from standby.core.usage import Entry
from standby.core.usage.sums import Line, Sums, added
from standby.core.wire.json import JSON
from standby.ports import Clock, Records

__all__ = ["RANGES", "Range", "Views"]

_HOUR_S: Final = 3600.0
_DAY_S: Final = 24 * _HOUR_S
_MOST_SHOWN: Final = 200
_MOST_FINE: Final = 5000
_MOST_SWITCHES: Final = 50
_SESSIONS_S: Final = 30 * _DAY_S


@dataclass(frozen=True, slots=True)
class Range:
    """How far a timeline goes back, in what steps."""

    length_s: float
    step_s: float


RANGES: Final[Mapping[str, Range]] = {
    "6h": Range(6 * _HOUR_S, 600.0),
    "24h": Range(_DAY_S, _HOUR_S),
    "7d": Range(7 * _DAY_S, 6 * _HOUR_S),
    "30d": Range(30 * _DAY_S, _DAY_S),
}


class Memory(Protocol):
    """Says how much memory the engines of our own use."""

    async def bytes_of(self, engine: str) -> int | None:
        """Return it; ``None`` for one that is not ours, or does not run."""
        ...


class Views:
    """Looks at the ledger and the engines."""

    def __init__(
        self,
        engines: Engines,
        admission: Admission,
        records: Records,
        clock: Clock,
        fetching: Callable[[], str | None] = lambda: None,
        memory: Memory | None = None,
    ) -> None:
        self._engines = engines
        self._admission = admission
        self._records = records
        self._clock = clock
        self._fetching = fetching
        self._memory = memory

    async def engines(self) -> dict[str, JSON]:
        """Return each engine that offers a model, with what is going on at it."""
        await self._engines.refresh()
        models = self._engines.known()
        queues = {queue.engine: queue for queue in self._admission.queues()}
        engines: list[JSON] = []
        for name, offered in _by_engine(models).items():
            queue = queues.get(name)
            slots = queue.slots if queue else offered[0].slots
            memory = await self._memory.bytes_of(name) if self._memory else None
            engines.append(
                {
                    "engine": name,
                    "base_url": offered[0].base_url,
                    "models": [model_json(model) for model in offered],
                    "slots": slots,
                    "busy": queue.busy if queue else 0,
                    "waiting": queue.waiting if queue else 0,
                    "memory_bytes": memory,
                }
            )
        return {
            "engines": engines,
            "fetching": self._fetching(),
            "problem": None if models else "no local model is there",
        }

    async def requests(self, limit: int, session: str = "", after: int = 0) -> dict[str, JSON]:
        """Return the newest requests, newest first."""
        found = await self._records.entries(limit, session=session, after=after)
        return {"requests": [{"seq": seq, **entry_json(entry)} for seq, entry in found]}

    async def sessions(self, limit: int) -> dict[str, JSON]:
        """Return the conversations of the last thirty days, the one used last first."""
        now = self._clock.now()
        lines = await self._records.lines(now - _SESSIONS_S, now, "session")
        grouped = _grouped(lines)
        newest = sorted(grouped, key=lambda key: max(line.last_at for line in grouped[key]))
        shown = newest[::-1][:limit]
        ends = await self._records.ends(shown)
        told = [_session(key, grouped[key], ends.get(key)) for key in shown]
        return {"sessions": [one for _, one in sorted(told, key=lambda pair: -pair[0])]}

    async def session(self, session: str) -> dict[str, JSON] | None:
        """Return one conversation with its newest requests; ``None`` when it is not known."""
        found = await self._records.entries(_MOST_SHOWN, session=session) if session else ()
        if not found:
            return None
        now = self._clock.now()
        lines = await self._records.lines(now - _SESSIONS_S, now, "session")
        mine = [line for line in lines if line.key == session]
        _, said = _session(session, mine, found[0][1])
        return {
            "session": said,
            "requests": [{"seq": seq, **entry_json(entry)} for seq, entry in found],
        }

    async def timeline(self, name: str) -> dict[str, JSON]:
        """Return who answered in each step of a range, how fast, and when the side changed."""
        span, now = RANGES[name], self._clock.now()
        until = (now // span.step_s + 1) * span.step_s
        since = until - span.length_s
        points = await self._points(since, until, span.step_s)
        switches = await self._records.switches(_MOST_SWITCHES)
        return {
            "range": name,
            "since": since,
            "until": until,
            "step_s": span.step_s,
            "points": [
                {"at": at, **_point(points.get(at, {}))} for at in _steps(since, until, span.step_s)
            ],
            "switches": [
                {"at": one.at, "to": one.by, "model": one.answered, "why": one.why}
                for one in switches
                if one.at >= since
            ],
        }

    async def _points(
        self, since: float, until: float, step_s: float
    ) -> Mapping[float, Mapping[str, Sums]]:
        """Return sums by step and side: out of rows where steps are short, else out of hours."""
        found: dict[float, dict[str, Sums]] = defaultdict(dict)
        if step_s < _HOUR_S:
            rows = await self._records.entries(_MOST_FINE)
            if len(rows) < _MOST_FINE or rows[-1][1].at < since:
                for _, entry in rows:
                    if since <= entry.at < until:
                        _put(found, entry.at // step_s * step_s, entry.by, Sums.of(entry))
                return found
        for line in await self._records.lines(since, until, "hour"):
            _put(found, float(line.key) // step_s * step_s, line.by, line.sums)
        return found


def _put(found: dict[float, dict[str, Sums]], at: float, by: str, sums: Sums) -> None:
    found[at][by] = found[at].get(by, Sums()) + sums


def _steps(since: float, until: float, step_s: float) -> Iterator[float]:
    at = since
    while at < until:
        yield at
        at += step_s


def _point(sides: Mapping[str, Sums]) -> dict[str, JSON]:
    """Return one step of the timeline."""
    whole = added(sides.values())
    cloud, local = sides.get("cloud", Sums()), sides.get("local", Sums())
    return {
        **_shares(sides),
        "input_tokens": whole.tokens.input + whole.tokens.cache_write,
        "cache_read_tokens": whole.tokens.cache_read,
        "output_tokens": whole.tokens.output,
        "cloud_tokens_per_s": cloud.tokens_per_s,
        "local_tokens_per_s": local.tokens_per_s,
        "cloud_first_token_s": cloud.first_token_s(0.5),
        "local_first_token_s": local.first_token_s(0.5),
    }


def _shares(sides: Mapping[str, Sums]) -> dict[str, JSON]:
    """Return how many requests each side answered whole, and how many nobody did."""
    whole = added(sides.values())
    answered = {name: sides[name].ok if name in sides else 0 for name in ("cloud", "local", "both")}
    return {
        "requests": whole.requests,
        **answered,
        "gateway": whole.ok - sum(answered.values()),
        "failed": whole.requests - whole.ok,
    }


def _session(key: str, lines: Sequence[Line], end: Entry | None) -> tuple[float, dict[str, JSON]]:
    sides: dict[str, Sums] = {}
    for line in lines:
        sides[line.by] = sides.get(line.by, Sums()) + line.sums
    whole = added(sides.values())
    last_at = end.at if end else max((line.last_at for line in lines), default=0.0)
    return last_at, {
        "id": key,
        "project": end.project if end else "",
        "last_at": last_at,
        "last_by": end.by if end else "",
        **_shares(sides),
        "switches": whole.switches,
        "saved": whole.saved,
        "input_tokens": whole.tokens.input + whole.tokens.cache_read + whole.tokens.cache_write,
        "output_tokens": whole.tokens.output,
        "models": [*sorted({line.requested for line in lines})],
    }


def _grouped(lines: Iterable[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        found[line.key].append(line)
    return found


def _by_engine(models: Iterable[LocalModel]) -> dict[str, list[LocalModel]]:
    found: dict[str, list[LocalModel]] = defaultdict(list)
    for model in models:
        found[model.engine].append(model)
    return found
