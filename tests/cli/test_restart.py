import pytest

from standby.adapters.host import processes
from standby.adapters.host.paths import paths

pytestmark = pytest.mark.timeout(60)


def test_another_process_takes_over_on_the_same_port(process, environment):
    state = paths(environment).state
    before_url = process("up").out
    before = processes.running(state)

    said = process("restart")

    assert (0, before_url) == (said.code, said.out)
    assert before.pid != processes.running(state).pid


def test_without_one_it_starts_one(process):
    said = process("restart")

    assert said.code == 0
    assert said.out.startswith("http://127.0.0.1:")


def test_faulty_settings_leave_the_one_that_runs_alone(process, environment):
    process("up")
    before = processes.running(paths(environment).state)

    said = process("restart", STANDBY_CLOUD_OVERAGE="maybe")

    assert said.code == 1
    assert before == processes.running(paths(environment).state)
