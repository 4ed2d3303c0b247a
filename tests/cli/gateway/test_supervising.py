import threading

import pytest

from standby.adapters.host.paths import paths
from standby.adapters.host.processes import Running
from standby.cli.gateway.starting import note_stopped
from standby.cli.gateway.supervising import Supervisor
from tests.fakes.gateway import FakeGateway

DEAD = Running(2**22 + 1, 0.0, 1, "0.1.0", "http://127.0.0.1:1")


@pytest.fixture
def where(tmp_path):
    found = paths({"STANDBY_HOME": str(tmp_path)})
    found.make()
    return found


@pytest.fixture
def broken(environment):
    """An environment in which no gateway starts."""
    return environment | {"STANDBY_CLOUD_OVERAGE": "maybe"}


def test_while_it_runs_there_is_nothing_to_say(where, broken):
    with FakeGateway(where) as fake:
        supervisor = Supervisor(where, broken, fake.announce())
        supervisor.look()

    assert [] == supervisor.notes


def test_one_that_was_stopped_is_left_alone_and_noted_once(where, broken):
    note_stopped(where, DEAD.pid)
    supervisor = Supervisor(where, broken, DEAD)

    supervisor.look()
    supervisor.look()

    assert ["the gateway was stopped meanwhile; `standby up` starts it"] == supervisor.notes


def test_one_that_was_stopped_and_started_again_needs_no_note(where, broken):
    note_stopped(where, DEAD.pid)
    supervisor = Supervisor(where, broken, DEAD)
    supervisor.look()

    with FakeGateway(where) as fake:
        fake.announce()
        supervisor.look()

    assert [] == supervisor.notes


@pytest.mark.timeout(60)
def test_one_that_cannot_be_started_again_is_tried_a_few_times_only(where, broken):
    supervisor = Supervisor(where, broken, DEAD)

    for _ in range(8):
        supervisor.look()

    assert 1 == len(supervisor.notes)
    assert "died and could not be started again" in supervisor.notes[0]
    assert 5 == where.log_file.read_text().count("'maybe' is not allowed here")


def test_it_looks_by_itself_until_the_block_ends(where, broken):
    note_stopped(where, DEAD.pid)
    before = {*threading.enumerate()}
    pause = threading.Event()

    with Supervisor(where, broken, DEAD, every_s=0.01) as supervisor:
        while not supervisor.notes:
            pause.wait(0.01)

    assert before >= {*threading.enumerate()}
