"""The page that Prometheus reads."""

import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from standby.core.wire.json import loads
from standby.server.metrics import MetricsDoor
from tests.app.showing.test_measures import entry, measures
from tests.app.showing.test_status import ME, SPENT
from tests.fakes.line import DOWN, OPUS, Tape, Way

pytestmark = pytest.mark.anyio


class Reports:
    async def status(self):
        return {"answering": "local"}


@pytest.fixture
def counted():
    way = Way(DOWN)
    way.accounts.heard(ME, OPUS, SPENT)
    counted = measures(way)
    counted.heard(entry())
    counted.heard(entry("local", 'desk/odd"\n\\name', outcome="broken", first=None))
    return counted


async def got(counted, method="GET"):
    tape = Tape()
    await MetricsDoor(Reports(), counted).serve(method, "/metrics", (), tape)
    return tape


async def samples(counted):
    text = (await got(counted)).sent.decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parsed(text)
        for sample in family.samples
    }


async def test_prometheus_reads_what_was_counted(counted):
    values = await samples(counted)

    def value(name, **labels):
        return values[name, tuple(sorted(labels.items()))]

    assert 1 == value("standby_requests_total", side="cloud", outcome="ok", model=OPUS)
    odd = 'desk/odd"\n\\name'
    assert 1 == value("standby_requests_total", side="local", outcome="broken", model=odd)
    assert 3 == value("standby_tokens_total", side="cloud", model=OPUS, kind="cache_read")
    assert 1 == value("standby_first_token_seconds_bucket", side="cloud", le="0.5")
    assert 0 == value("standby_first_token_seconds_bucket", side="cloud", le="0.25")
    assert 2.0 == value("standby_request_seconds_sum", side="local")
    assert 1.0 == value("standby_window_used_ratio", account=ME[:8], window="5h")
    assert (0, 1) == (
        value("standby_answering", side="cloud"),
        value("standby_answering", side="local"),
    )
    assert 0 == value("standby_ledger_writes")
    assert 1 == value("standby_info", version="1.0")


async def test_the_process_is_watched_too(counted):
    if sys.platform != "linux":
        pytest.skip("the library reads /proc")

    assert (await samples(counted))["process_resident_memory_bytes", ()] > 0


async def test_it_names_itself_as_prometheus_text_that_nobody_keeps(counted):
    tape = await got(counted)

    assert 200 == tape.head.status
    assert tape.head.header("content-type").startswith("text/plain; version=0.0.4")
    assert "no-store" == tape.head.header("cache-control")


async def test_nothing_private_is_in_it(counted):
    text = (await got(counted)).sent.decode()

    assert "secret-session" not in text
    assert ME not in text
    assert "/home/" not in text


async def test_it_is_read_with_get_only(counted):
    tape = await got(counted, "POST")

    assert 405 == tape.head.status


async def test_without_the_library_it_says_what_to_install(counted, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("prometheus_client")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)

    tape = await got(counted)

    assert 501 == tape.head.status
    assert "pip install 'standby[metrics]'" in loads(tape.sent)["error"]["message"]


async def test_it_knows_its_own_path():
    assert MetricsDoor.serves("/metrics")
    assert not MetricsDoor.serves("/standby/metrics")
