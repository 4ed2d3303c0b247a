"""The list of modes is whole, and each can be chosen."""

import pytest

from standby.testing.engine import ENGINE_FAULTS
from standby.testing.faults import FAULTS
from standby.testing.hostile import HOSTILE
from standby.testing.judge import Saw
from standby.testing.limits import FORMS
from standby.testing.modes import MODES, SHORT, chosen

WRONG = {Saw.SILENT, Saw.HUNG, Saw.DAMAGED, Saw.FOREIGN, Saw.UNMADE}


def test_every_way_of_failing_is_a_mode():
    clouds = {mode.fault for mode in MODES if mode.side == "cloud"}
    engines = {mode.fault for mode in MODES if mode.side == "engine"}

    assert {*FORMS, *FAULTS, *HOSTILE} - clouds == {"truncated", "no_message_stop"}
    assert set(ENGINE_FAULTS) <= engines
    assert "refused" in clouds & engines


def test_no_two_modes_have_one_name():
    assert len(MODES) == len({mode.name for mode in MODES})


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_nothing_dishonest_is_ever_right(mode):
    assert mode.right
    assert not WRONG & (mode.right | mode.again)


def test_inside_thinking_and_calls_nothing_is_continued():
    for mode in MODES:
        if mode.fault.endswith(("in_thinking", "in_tool", "after_tool")):
            assert Saw.JOINED not in mode.right


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["cloud/five_hour/*"], {"cloud/five_hour/plain", "cloud/five_hour/stream"}),
        (["redirect_307/plain"], {"cloud/redirect_307/plain", "engine/redirect_307/plain"}),
        (["no such"], set()),
        ([], {mode.name for mode in MODES}),
    ],
)
def test_modes_are_chosen_by_a_pattern_or_a_part_of_their_names(patterns, names):
    assert names == {mode.name for mode in chosen(patterns)}


def test_the_short_form_names_modes_that_there_are():
    assert all(chosen([pattern]) for pattern in SHORT)
