"""What was adopted is what engines of this machine start with, until it fails or is given up."""

import asyncio
import logging

import pytest

from standby.adapters.host.paths import paths
from standby.core.models.fit import GB, Hardware, Kv
from standby.core.models.tuned import Proposal
from standby.core.models.tuning import Tuning
from standby.wiring.records import machine_of, records_of
from standby.wiring.tuned import Adopted, OneTuning, adopted

DESK = Hardware(16 * GB, 9 * GB, 8)
FOUND = Tuning(3, kv=Kv.Q8_0, flash_attention=True, cache_mib=1, measured="KV cache of 8 bits")
COMPUTED = Tuning(7, 0, cache_mib=512)


@pytest.fixture
def where(tmp_path):
    where = paths({"STANDBY_HOME": str(tmp_path)})
    where.make()
    one = Proposal("embedded/x", "engine 1", machine_of(DESK), FOUND, 1.0, 8_000, 9.0, 8.0)
    asyncio.run(records_of(where).adopt(one))
    return where


def test_what_was_adopted_holds_for_this_model_version_and_machine(where):
    tuner = Adopted(where, lambda: DESK)

    used = tuner.tuned("embedded/x", lambda: "engine 1", COMPUTED)
    assert (3, Kv.Q8_0, 512, 0) == (*(used.threads, used.kv, used.cache_mib, used.layers_on_card),)
    assert COMPUTED == tuner.tuned("embedded/x", lambda: "engine 2", COMPUTED)
    assert COMPUTED == tuner.tuned("embedded/y", lambda: "engine 1", COMPUTED)
    elsewhere = Adopted(where, lambda: Hardware(8 * GB, GB, 2))
    assert COMPUTED == elsewhere.tuned("embedded/x", lambda: "engine 1", COMPUTED)
    assert ["embedded/x"] == [one.model for one in adopted(where)]


def test_what_is_given_up_counts_from_the_next_start_on(where):
    tuner = Adopted(where, lambda: DESK)
    asyncio.run(records_of(where).forget("embedded/x"))

    assert COMPUTED == tuner.tuned("embedded/x", lambda: "engine 1", COMPUTED)


def test_what_does_not_start_is_not_tried_again_and_the_log_says_so(where, caplog):
    tuner = Adopted(where, lambda: DESK)
    with caplog.at_level(logging.WARNING):
        assert tuner.failed("embedded/x")

    assert "bench local --forget" in caplog.text
    assert COMPUTED == tuner.tuned("embedded/x", lambda: "engine 1", COMPUTED)


def test_where_nothing_was_adopted_nobody_asks_for_a_version(tmp_path):
    def asked():
        raise AssertionError("asked")

    tuner = Adopted(paths({"STANDBY_HOME": str(tmp_path)}), asked)
    assert COMPUTED == tuner.tuned("embedded/x", asked, COMPUTED)


def test_a_trial_is_run_as_it_is_and_has_nothing_to_fall_back_to():
    computed, trial = OneTuning(None), OneTuning(FOUND)

    assert COMPUTED == computed.tuned("m", lambda: "", COMPUTED)
    assert [COMPUTED] == computed.used
    assert 3 == trial.tuned("m", lambda: "", COMPUTED).threads
    assert not trial.failed("m")
