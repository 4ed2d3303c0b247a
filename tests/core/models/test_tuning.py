"""How the embedded engine is run follows from the machine."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.models.fit import GB, Card, Hardware, Kv, Shape, need
from standby.core.models.tuning import (
    CACHE_MIB,
    MIB,
    Drafts,
    Tuning,
    read_tuning,
    retuned,
    shortage,
    tune,
    tuning_json,
)
from standby.core.wire.json import dumps, loads

SMALL = Shape(98_000_000, 23_040, active_billions=0.1)
LARGE = Shape(17 * GB, 32_768, active_billions=27.0)
LAPTOP = Hardware(16 * GB, 9 * GB, 8)
DESK = Hardware(64 * GB, 50 * GB, 16, (Card("RTX 4090", 25 * GB, 25 * GB),))

shapes = st.builds(
    Shape,
    st.integers(0, 100 * GB),
    st.integers(0, 1_000_000),
    active_billions=st.floats(0.1, 100),
)
machines = st.builds(
    Hardware,
    st.integers(1 * GB, 512 * GB),
    st.integers(0, 512 * GB),
    st.integers(1, 256),
    st.sampled_from([(), DESK.cards]),
    st.booleans(),
)


def test_a_processor_gets_wide_numbers_and_a_thread_for_each_core_but_one():
    tuning = tune(SMALL, LAPTOP, 8192)

    assert (7, 0, None, Kv.F16) == (
        tuning.threads,
        tuning.layers_on_card,
        tuning.flash_attention,
        tuning.kv,
    )
    assert [1, 2, 4, 4, 5] == [
        tune(SMALL, replace(LAPTOP, cores=cores), 8192).threads for cores in (1, 2, 4, 5, 6)
    ]


def test_a_card_takes_what_fits_and_a_small_cache_only_where_the_wide_one_does_not_fit():
    assert (None, Kv.F16) == (tune(SMALL, DESK, 8192).layers_on_card, tune(SMALL, DESK, 8192).kv)
    tight = replace(DESK, cards=(Card("x", 24 * GB, 22 * GB),))
    chosen = tune(LARGE, tight, 65_536)
    assert (Kv.Q8_0, True) == (chosen.kv, chosen.flash_attention)
    mac = Hardware(30 * GB, 20 * GB, 10, unified=True)
    assert Kv.Q8_0 == tune(LARGE, mac, 65_536).kv
    assert Kv.F16 == tune(LARGE, replace(mac, ram_bytes=64 * GB), 65_536).kv
    assert Kv.F16 == tune(LARGE, LAPTOP, 65_536).kv


@pytest.mark.parametrize(
    ("ram", "cache", "checkpoints"),
    [(4, 448, 4), (8, 896, 4), (16, 1856, 8), (32, 3776, 16), (128, 8192, 32)],
)
def test_prompts_that_rest_take_an_eighth_of_the_memory_at_most(ram, cache, checkpoints):
    tuning = tune(SMALL, replace(LAPTOP, ram_bytes=ram * GB), 8192)

    assert (cache, checkpoints) == (tuning.cache_mib, tuning.checkpoints)


@given(shapes, machines, st.integers(1024, 1_000_000))
def test_whatever_the_machine_caches_stay_within_it_and_a_thread_is_left(shape, machine, window):
    tuning = tune(shape, machine, window)

    assert 1 <= tuning.threads <= machine.cores
    assert 0 <= tuning.cache_mib <= CACHE_MIB
    assert tuning.cache_mib * MIB <= machine.ram_bytes / 8
    rest = machine.ram_bytes - need(shape, window, tuning.kv)
    assert tuning.cache_mib * MIB <= max(rest, 0)
    assert tuning.kv is Kv.F16 or tuning.flash_attention


def test_a_model_that_does_not_fit_what_is_free_now_is_told_with_the_sizes():
    assert "" == shortage(SMALL, 1 * GB, 4096)
    said = shortage(LARGE, 9 * GB, 4096)

    assert "takes 17.3 GB of memory, and 9.0 GB are free now; close other programs" in said


def test_the_settings_are_told_in_a_line():
    assert (
        "2 threads, no card, flash attention where it can, KV f16, batch 2048/512, prompt cache"
        " 1024 MiB, 8 checkpoints"
    ) == Tuning(2, 0).words
    assert "layers on the card as they fit" in Tuning(2).words
    assert "20 layers on the card" in Tuning(2, 20).words


tunings = st.builds(
    Tuning,
    st.integers(1, 256),
    flash_attention=st.sampled_from([None, True, False]),
    kv=st.sampled_from(Kv),
    batch=st.just(2048),
    micro_batch=st.sampled_from([64, 2048]),
    cache_mib=st.integers(0, 9),
    checkpoints=st.integers(0, 9),
    drafts=st.sampled_from(Drafts),
    drafter=st.sampled_from(["", "small"]),
    measured=st.text(max_size=5),
)


@given(tunings, tunings)
def test_settings_that_were_measured_leave_memory_as_it_was_computed(computed, found):
    used = retuned(computed, found)

    assert (computed.cache_mib, computed.checkpoints, computed.layers_on_card) == (
        *(used.cache_mib, used.checkpoints, used.layers_on_card),
    )
    assert tuning_json(found) == tuning_json(used)
    kept = read_tuning(loads(dumps(tuning_json(found))))
    assert kept is not None
    assert used == retuned(computed, kept)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threads", 0),
        ("threads", 10**9),
        ("threads", True),
        ("kv", "Q1"),
        ("drafts", "dice"),
        ("drafter", 7),
        ("micro_batch", 9999),
        ("micro_batch", 0),
        ("batch", 10**9),
        ("flash_attention", "on"),
        ("measured", None),
    ],
)
def test_settings_that_make_no_sense_are_not_used(name, value):
    assert read_tuning({**tuning_json(Tuning(2)), name: value}) is None
    assert read_tuning(None) is None


def test_a_way_to_guess_is_told_with_the_settings():
    assert Tuning(2, drafts=Drafts.SIMPLE).words.endswith("8 checkpoints, drafts by ngram-simple")
    assert Tuning(2, drafter="small").words.endswith("8 checkpoints, drafts by small")


def test_settings_from_before_small_models_guessed_are_still_used():
    old = {name: said for name, said in tuning_json(Tuning(2)).items() if name != "drafter"}

    assert Tuning(2) == read_tuning(old)
