"""The door for machines that watch: one page in the text format of Prometheus.

It is written by Prometheus' own library, an extra; without it the page says how to get it.
"""

import asyncio
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, Protocol

from standby.app.showing.measures import BOUNDS_S, Snapshot
from standby.core.request import Headers
from standby.core.wire import errors
from standby.core.wire.headers import Head
from standby.core.wire.json import JSON
from standby.ports import Wire
from standby.server.paths import METRICS

if TYPE_CHECKING:
    from prometheus_client import Metric

__all__ = ["MetricsDoor", "page"]

SIDES: Final = ("cloud", "local", "nobody")
_MISSING: Final = (
    "metrics need the Prometheus client library: install standby with the extra, as in"
    " `pip install 'standby[metrics]'`, and restart the gateway"
)
_KIND: Final = "text/plain; version=0.0.4; charset=utf-8"


class Answering(Protocol):
    """Says who answers now."""

    async def status(self) -> dict[str, JSON]:
        """Return what the gateway says of itself."""
        ...


class Measuring(Protocol):
    """Counts."""

    def snapshot(self) -> Snapshot:
        """Return this moment."""
        ...


class MetricsDoor:
    """Answers scrapers."""

    def __init__(self, reports: Answering, measures: Measuring) -> None:
        self._reports = reports
        self._measures = measures

    @staticmethod
    def serves(path: str) -> bool:
        """Whether a path is one of this door's."""
        return path == METRICS

    async def serve(self, method: str, target: str, headers: Headers, wire: Wire) -> None:
        """Answer a request over a wire."""
        del target, headers  # whatever a scraper prefers, it understands this
        if method not in {"GET", "HEAD"}:
            await wire.deliver(*errors.answer(405, "metrics are read with GET"))
            return
        answering = (await self._reports.status()).get("answering")
        try:
            # Reading /proc and importing the library would hold up streams.
            text = await asyncio.to_thread(page, self._measures.snapshot(), str(answering))
        except ImportError:
            await wire.deliver(*errors.answer(501, _MISSING))
            return
        await wire.deliver(
            Head(200, (("Content-Type", _KIND), ("Cache-Control", "no-store"))), text
        )


class _Moment:
    """A collector of what is there already."""

    def __init__(self, families: Iterable["Metric"]) -> None:
        self._families = [*families]

    def collect(self) -> Iterator["Metric"]:
        """Yield each family."""
        yield from self._families


def page(snapshot: Snapshot, answering: str) -> bytes:
    """Return one moment as Prometheus reads it. Raise :class:`ImportError` without its library."""
    from prometheus_client import (  # noqa: PLC0415 - an extra
        CollectorRegistry,
        ProcessCollector,
        generate_latest,
    )

    registry = CollectorRegistry()
    registry.register(_Moment(_families(snapshot, answering)))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


def _families(now: Snapshot, answering: str) -> Iterator["Metric"]:
    from prometheus_client.core import (  # noqa: PLC0415 - an extra
        CounterMetricFamily,
        GaugeMetricFamily,
    )

    about = GaugeMetricFamily("standby_info", "The version that runs.", labels=["version"])
    about.add_metric([now.about.version], 1)
    yield about
    yield GaugeMetricFamily(
        "standby_start_time_seconds", "When the gateway began.", value=now.about.started_at
    )
    side = GaugeMetricFamily(
        "standby_answering", "Who would answer the next request: 1 for one side.", labels=["side"]
    )
    for name in SIDES:
        side.add_metric([name], name == answering)
    yield side
    requests = CounterMetricFamily(
        "standby_requests",
        "Requests that have ended, by who answered, how, and with which model.",
        labels=["side", "outcome", "model"],
    )
    for by, count in now.requests:
        requests.add_metric([*by], count)
    yield requests
    tokens = CounterMetricFamily(
        "standby_tokens",
        "Tokens, as the API's usage counts them.",
        labels=["side", "model", "kind"],
    )
    for by, count in now.tokens:
        tokens.add_metric([*by], count)
    yield tokens
    yield from _durations(now)
    yield from _windows(now)
    yield from _engines(now)
    yield GaugeMetricFamily(
        "standby_ledger_writes",
        "1 while the ledger is kept; 0 when it is off, or cannot be written.",
        value=now.ledger_writes,
    )


def _durations(now: Snapshot) -> Iterator["Metric"]:
    from prometheus_client.core import HistogramMetricFamily  # noqa: PLC0415 - an extra

    bounds = [*map(str, BOUNDS_S), "+Inf"]
    for name, words, rows in (
        ("standby_first_token_seconds", "From request to the first content.", now.first_token),
        ("standby_request_seconds", "From request to the last byte.", now.duration),
    ):
        family = HistogramMetricFamily(name, words, labels=["side"])
        for side, counts, sum_s in rows:
            family.add_metric([side], [*zip(bounds, counts, strict=True)], sum_s)
        yield family


def _windows(now: Snapshot) -> Iterator["Metric"]:
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - an extra

    labels = ["account", "window"]
    used = GaugeMetricFamily(
        "standby_window_used_ratio", "The share of a window that is used.", labels=labels
    )
    resets = GaugeMetricFamily(
        "standby_window_reset_timestamp_seconds", "When a window resets.", labels=labels
    )
    for account, window in now.windows:
        if window.utilisation is not None:
            used.add_metric([account, window.name], window.utilisation)
        if window.resets_at is not None:
            resets.add_metric([account, window.name], window.resets_at)
    yield used
    yield resets


def _engines(now: Snapshot) -> Iterator["Metric"]:
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - an extra

    labels = ["engine", "model"]
    loaded = GaugeMetricFamily(
        "standby_model_loaded", "1 for a local model that is in memory.", labels=labels
    )
    window = GaugeMetricFamily(
        "standby_model_context_tokens", "The window of a local model.", labels=labels
    )
    for model in now.models:
        loaded.add_metric([model.engine, model.id], model.loaded)
        if model.context_tokens is not None:
            window.add_metric([model.engine, model.id], model.context_tokens)
    yield loaded
    yield window
    slots = GaugeMetricFamily(
        "standby_engine_slots", "How many requests an engine works on at once.", labels=["engine"]
    )
    busy = GaugeMetricFamily("standby_engine_busy", "How many it works on.", labels=["engine"])
    waiting = GaugeMetricFamily("standby_engine_waiting", "How many wait.", labels=["engine"])
    for queue in now.queues:
        slots.add_metric([queue.engine], queue.slots)
        busy.add_metric([queue.engine], queue.busy)
        waiting.add_metric([queue.engine], queue.waiting)
    yield from (slots, busy, waiting)
