import sys
from types import ModuleType

import pytest

from standby.app.drill.options import DrillOptions


@pytest.fixture
def drills(monkeypatch):
    """Stand in for the composition root; return the drills that were asked for."""
    asked = []
    wiring = ModuleType("standby.wiring")
    wiring.code = 0

    async def drill(options, out):
        asked.append(options)
        out("phase 1: ok")
        return wiring.code

    wiring.drill = drill
    wiring.asked = asked
    monkeypatch.setitem(sys.modules, "standby.wiring", wiring)
    return wiring


def test_without_options_the_best_client_of_this_machine_is_used(standby, drills):
    said = standby("drill")

    assert (0, "phase 1: ok\n") == (said.code, said.out)
    assert [DrillOptions()] == drills.asked


def test_the_options_are_handed_on(standby, drills):
    standby("drill", "--client", "claude", "--json", "--keep")

    assert [DrillOptions("claude", as_json=True, keep=True)] == drills.asked


def test_a_phase_that_failed_is_the_exit_code(standby, drills):
    drills.code = 1

    assert standby("drill", "--then-serve").code == 1


def test_without_a_terminal_it_ends_after_the_drill(standby, drills):
    assert (0, "phase 1: ok\n") == ((said := standby("drill", "--then-serve")).code, said.out)


def test_an_unknown_client_is_a_mistake_in_the_call(standby, drills):
    assert standby("drill", "--client", "curl").code == 2
    assert [] == drills.asked
