"""Traces and metrics to an OpenTelemetry collector, by the GenAI semantic conventions.

Nothing is sent unless the settings name a collector. What is sent is what `_span_of` and `_told`
list: names of models, counts, times and how it ended. No prompt, no answer, no session, no
project, no account, no credential, and nothing that the environment would add about this machine.

The library is an extra. It sends in threads of its own, and waits for nobody: what a collector does
not take is lost.
"""

import logging
from collections.abc import Mapping
from typing import Final

import requests  # noqa: TID251 - the exporter's client: its limits are set here
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Histogram
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from standby.core.usage import Entry

__all__ = ["Otlp"]

Attributes = Mapping[str, str | int | float]

_SEND_S: Final = 5.0
_METRICS_EVERY_MS: Final = 15_000
_CLOSE_MS: Final = 2000
_MOST_SIGNS: Final = 80
_NS: Final = 1_000_000_000
# The boundaries that the conventions advise.
_SECONDS: Final = (
    *(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64),
    *(1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
)
_TOKENS: Final = tuple(float(4**power) for power in range(14))
# The conventions' names of who serves a model; a local engine is called by its own.
_PROVIDERS: Final[Mapping[str, str]] = {"cloud": "anthropic", "both": "anthropic"}


class Otlp:
    """Tells a collector of each request that has ended."""

    def __init__(self, endpoint: str, version: str) -> None:
        # Not `Resource.create`: that reads the environment, and may look for the machine's names.
        resource = Resource({"service.name": "standby", "service.version": version})
        self._spans = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._spans.add_span_processor(
            BatchSpanProcessor(
                OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=_SEND_S, session=_session())
            )
        )
        exporter = OTLPMetricExporter(f"{endpoint}/v1/metrics", timeout=_SEND_S, session=_session())
        reader = PeriodicExportingMetricReader(exporter, _METRICS_EVERY_MS, _CLOSE_MS)
        self._meters = MeterProvider([reader], resource, shutdown_on_exit=False)
        self._tracer = self._spans.get_tracer("standby", version)
        meter = self._meters.get_meter("standby", version)

        def histogram(name: str, unit: str, words: str, bounds: tuple[float, ...]) -> Histogram:
            return meter.create_histogram(
                f"gen_ai.client.{name}", unit, words, explicit_bucket_boundaries_advisory=bounds
            )

        self._duration = histogram(
            "operation.duration", "s", "From request to the last byte.", _SECONDS
        )
        self._first = histogram(
            "operation.time_to_first_chunk", "s", "From request to the first content.", _SECONDS
        )
        self._usage = histogram("token.usage", "{token}", "Tokens used.", _TOKENS)

    def heard(self, entry: Entry) -> None:
        """Take a request that has ended; never wait, never fail."""
        shared = _shared(entry)
        self._span_of(entry, shared)
        failed = _failure(entry)
        self._duration.record(entry.duration_s, {**shared, **failed})
        if entry.first_token_s is not None:
            self._first.record(entry.first_token_s, {**shared, **failed})
        for kind, count in (("input", _read(entry)), ("output", entry.tokens.output)):
            if count:
                self._usage.record(count, {**shared, "gen_ai.token.type": kind})

    def close(self) -> None:
        """Send what is left, for a moment, and stop. Blocks."""
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # a collector may be gone
        self._spans.force_flush(_CLOSE_MS)
        self._spans.shutdown()
        self._meters.shutdown(_CLOSE_MS)

    def _span_of(self, entry: Entry, shared: Attributes) -> None:
        tokens = entry.tokens
        attributes: dict[str, str | int | float] = {
            **shared,
            **_failure(entry),
            "gen_ai.usage.input_tokens": _read(entry),
            "gen_ai.usage.output_tokens": tokens.output,
            "gen_ai.usage.cache_read.input_tokens": tokens.cache_read,
            "gen_ai.usage.cache_creation.input_tokens": tokens.cache_write,
            "standby.outcome": entry.outcome,
        }
        if entry.status:
            attributes["http.response.status_code"] = entry.status
        began = int(entry.at * _NS)
        name = f"chat {shared['gen_ai.request.model']}"
        span = self._tracer.start_span(
            name, kind=SpanKind.CLIENT, attributes=attributes, start_time=began
        )
        if entry.first_token_s is not None:
            at = began + int(entry.first_token_s * _NS)
            span.add_event("gen_ai.first_token", timestamp=at)
        if entry.outcome not in {"ok", "cancelled"}:
            span.set_status(Status(StatusCode.ERROR))
        span.end(began + int(entry.duration_s * _NS))


def _session() -> requests.Session:
    """Return a client that goes where the settings say; redirects the exporter itself refuses."""
    session = requests.Session()
    session.trust_env = False  # neither a proxy nor a `.netrc`
    return session


def _shared(entry: Entry) -> dict[str, str]:
    engine = entry.answered.partition("/")[0] if "/" in entry.answered else "local"
    provider = _PROVIDERS.get(entry.by, engine if entry.by == "local" else "standby")
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": entry.requested[:_MOST_SIGNS],
        "gen_ai.response.model": entry.answered[:_MOST_SIGNS],
        "standby.side": entry.by,
    }


def _failure(entry: Entry) -> dict[str, str]:
    return {} if entry.outcome == "ok" else {"error.type": entry.outcome}


def _read(entry: Entry) -> int:
    """Return all tokens of the prompt: the conventions count the cached ones in."""
    return entry.tokens.input + entry.tokens.cache_read + entry.tokens.cache_write
