import sys
from functools import partial

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


@pytest.mark.skipif(sys.platform == "win32", reason="a disk is made full with a limit of Unix")
@pytest.mark.parametrize("command", [["restart"], ["token", "rotate"]], ids=" ".join)
def test_a_full_disk_leaves_the_one_that_runs_alone(process, environment, command):
    where = paths(environment)
    process("up")
    before, token = processes.running(where.state), where.token_file.read_bytes()

    said = process(*command, first=partial(full_disk, after_bytes=len(token)))

    assert said.code == 1
    assert "another gateway could not start" in said.err
    assert before == processes.running(where.state)
    assert token == where.token_file.read_bytes()
    assert [] == [*where.state.glob(".*")], "nothing is left lying there"


def full_disk(after_bytes):
    """Let no file of this process become larger."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (after_bytes, after_bytes))
