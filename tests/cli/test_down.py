import pytest

from standby.adapters.host import processes
from standby.adapters.host.paths import paths

pytestmark = pytest.mark.timeout(60)


def test_it_stops_the_one_that_runs(process, environment):
    process("up")
    said = process("down")

    assert (0, "") == (said.code, said.out)
    assert "has ended" in said.err
    assert processes.running(paths(environment).state) is None
    assert process("status").code == 3


def test_none_running_is_fine(process):
    said = process("down")

    assert (0, "standby: no gateway was running\n") == (said.code, said.err)
