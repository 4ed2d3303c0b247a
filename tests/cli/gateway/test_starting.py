import os

import psutil
import pytest

from standby.adapters.host.paths import paths
from standby.cli.gateway import GatewayError, overridden, start, tail
from standby.cli.gateway.starting import forget_stopped, note_stopped, stopped
from tests.fakes.gateway import running_gateway


@pytest.fixture
def where(tmp_path):
    found = paths({"STANDBY_HOME": str(tmp_path)})
    found.make()
    return found


def test_one_that_is_not_ready_in_time_is_ended_and_told(where, environment):
    with pytest.raises(GatewayError, match=r"was not ready within 0\.001 s; it said:\n  \("):
        start(where, environment, ready_s=0.001)


def test_a_log_that_has_grown_large_is_put_aside_first(where, environment):
    with where.log_file.open("wb") as file:
        file.truncate(9 * 1024 * 1024)

    with pytest.raises(GatewayError):
        start(where, environment, ready_s=0.001)

    assert 9 * 1024 * 1024 == os.stat(where.log / "gateway.log.1").st_size
    assert where.log_file.stat().st_size < 1024


def test_one_that_comes_second_is_ended_and_does_not_lie_in_wait(where, environment):
    with running_gateway(where) as first:
        found = start(where, environment | {"STANDBY_HOME": str(where.state.parent)})

    children = psutil.Process().children()

    assert first.url == found.running.url
    assert [] == [one for one in children if "serve" in one.cmdline()]


def test_one_that_was_stopped_on_purpose_is_told_from_one_that_died(where):
    assert not stopped(where, 42)
    note_stopped(where, 42)

    assert stopped(where, 42)
    assert not stopped(where, 43)
    forget_stopped(where)
    assert not stopped(where, 42)


@pytest.mark.parametrize(
    ("lines", "begin", "end"),
    [(2, 0, ["b", "c"]), (9, 0, ["a", "b", "c"]), (9, 2, ["b", "c"]), (0, 0, [])],
)
def test_the_end_of_a_file_is_its_last_lines(tmp_path, lines, begin, end):
    file = tmp_path / "log"
    file.write_text("a\nb\nc\n")

    assert end == tail(file, lines, begin)
    assert [] == tail(tmp_path / "none", lines, begin)


def test_what_the_command_line_says_wins_over_the_environment():
    environment = {"STANDBY_GATEWAY_PORT": "1", "PATH": "x"}

    assert environment == overridden(environment)
    assert {"STANDBY_GATEWAY_PORT": "0", "PATH": "x", "STANDBY_CLOUD_URL": "u"} == (
        overridden(environment, port=0, cloud_url="u")
    )
