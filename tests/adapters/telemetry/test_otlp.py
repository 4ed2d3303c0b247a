"""What a collector of OpenTelemetry is told, over a real socket."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from standby.adapters.telemetry.otlp import Otlp
from standby.core.request import Account
from standby.core.usage import Entry, Tokens

AT = 1_795_000_000.0
ALLOWED = {
    "error.type",
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "gen_ai.token.type",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "http.response.status_code",
    "standby.outcome",
    "standby.side",
}


def entry(by="cloud", answered="claude-opus-5-5", outcome="ok", first=0.5):
    return Entry(
        *("rq-canary", AT, "session-canary", Account("account-canary")),
        *("claude-opus-5-5", answered, by, "why-canary", outcome, 200),
        Tokens(10, 20, 300, 4000),
        first,
        2.5,
        ("note-canary",),
    )


class Collector:
    """Keeps what it gets; may answer with a redirect."""

    def __init__(self, redirects_to=""):
        self.got = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.got.append((self.path, dict(self.headers.items()), body))
                self.send_response(307 if redirects_to else 200)
                if redirects_to:
                    self.send_header("Location", redirects_to)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815 - what a redirect that is followed may become

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def of(self, path, kind):
        messages = [kind.FromString(body) for name, _, body in self.got if name == path]
        assert messages, f"nothing came to {path}"
        return messages


def told(*entries):
    with Collector() as collector:
        sender = Otlp(collector.url, "1.0")
        for one in entries:
            sender.heard(one)
        sender.close()
    return collector


def attributes(of):
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in of.attributes}


def spans(collector):
    return [
        span
        for message in collector.of("/v1/traces", ExportTraceServiceRequest)
        for resource in message.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def metrics(collector):
    return {
        metric.name: metric.histogram.data_points
        for message in collector.of("/v1/metrics", ExportMetricsServiceRequest)
        for resource in message.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def test_a_request_is_a_span_by_the_conventions():
    [span] = spans(told(entry()))

    assert "chat claude-opus-5-5" == span.name
    assert (int(AT * 1e9), int((AT + 2.5) * 1e9)) == (
        span.start_time_unix_nano,
        span.end_time_unix_nano,
    )
    assert {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-opus-5-5",
        "gen_ai.response.model": "claude-opus-5-5",
        "gen_ai.usage.input_tokens": 4310,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 300,
        "gen_ai.usage.cache_creation.input_tokens": 4000,
        "http.response.status_code": 200,
        "standby.outcome": "ok",
        "standby.side": "cloud",
    } == attributes(span)
    assert ["gen_ai.first_token"] == [event.name for event in span.events]


def test_a_local_answer_names_its_engine_and_a_failure_its_kind():
    [local, broken] = spans(
        told(entry("local", "ollama/qwen3", first=None), entry(outcome="broken"))
    )

    assert "ollama" == attributes(local)["gen_ai.provider.name"]
    assert "broken" == attributes(broken)["error.type"]
    assert (0, 2) == (local.status.code, broken.status.code)


def test_durations_and_tokens_are_histograms():
    got = metrics(told(entry(), entry(first=None)))

    assert 2 == sum(point.count for point in got["gen_ai.client.operation.duration"])
    assert 1 == sum(point.count for point in got["gen_ai.client.operation.time_to_first_chunk"])
    by_kind = {
        attributes(point)["gen_ai.token.type"]: point.sum
        for point in got["gen_ai.client.token.usage"]
    }
    assert {"input": 8620, "output": 40} == by_kind


def test_only_what_is_on_the_list_leaves_and_nothing_of_this_machine(monkeypatch):
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "host.name=host-canary")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "name-canary")
    collector = told(entry(), entry("local", "ollama/qwen3", outcome="broken"))
    points = [point for data in metrics(collector).values() for point in data]
    resource = collector.of("/v1/traces", ExportTraceServiceRequest)[0].resource_spans[0].resource

    assert {name for one in (*spans(collector), *points) for name in attributes(one)} <= ALLOWED
    assert {"service.name": "standby", "service.version": "1.0"} == attributes(resource)
    assert b"canary" not in b"".join(body for _, _, body in collector.got)


def test_a_redirect_is_not_followed_and_no_proxy_is_used(monkeypatch):
    with Collector() as trap:
        monkeypatch.setenv("HTTP_PROXY", trap.url)
        monkeypatch.setenv("http_proxy", trap.url)
        with Collector(redirects_to=trap.url) as collector:
            sender = Otlp(collector.url, "1.0")
            sender.heard(entry())
            sender.close()

    assert collector.got
    assert [] == trap.got


@pytest.mark.timeout(20)
def test_a_collector_that_is_not_there_keeps_nobody_waiting():
    sender = Otlp("http://127.0.0.1:9", "1.0")
    sender.heard(entry())
    sender.close()
