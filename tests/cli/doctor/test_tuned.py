import asyncio
import json

import pytest

from standby.core.models.tuned import Proposal
from standby.core.models.tuning import Tuning
from standby.wiring.records import records_of
from tests.fakes.gateway import MODEL, running_gateway, status


def found(standby, where, check, **changes):
    """Return what the doctor finds of a stand-in that is described so."""
    with running_gateway(where, says=status(local={"would_take_over": MODEL | changes})):
        said = standby("doctor", "--offline", "--json")
    return [one for one in json.loads(said.out) if one["check"] == check]


def adopt(where, model):
    where.make()
    tuning = Tuning(1, measured="batches of 64")
    one = Proposal(model, "xllamacpp 1", "a desk", tuning, 1.0, 300, 9.0, 6.0)
    asyncio.run(records_of(where).adopt(one))


def test_settings_that_were_measured_and_are_in_force_are_well(standby, where):
    (one,) = found(standby, where, "tuned", tuned="batches of 64")

    assert "ok" == one["grade"]
    assert "batches of 64" in one["words"]


def test_what_was_adopted_for_another_build_or_machine_is_a_warning(standby, where):
    adopt(where, MODEL["key"])
    (one,) = found(standby, where, "tuned")

    assert "warn" == one["grade"]
    assert "batches of 64 was adopted for" in one["words"]
    assert "xllamacpp 1 on a desk" in one["words"]
    assert "--compare --adopt" in one["advice"]


@pytest.mark.parametrize("model", ["", "embedded/other"])
def test_where_nothing_was_adopted_for_this_model_nothing_is_said(standby, where, model):
    if model:
        adopt(where, model)

    assert [] == found(standby, where, "tuned")


def test_what_is_not_as_it_should_be_is_a_warning(standby, where):
    found_so = found(standby, where, "local model", remark="its window is smaller than it says")

    assert ["its window is smaller than it says"] == [
        one["words"].partition(": ")[2] for one in found_so if one["grade"] == "warn"
    ]
