"""What a bench measured, what it tries besides, and what it proposes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.models.fit import Kv
from standby.core.models.measured import (
    Measured,
    Trial,
    better,
    prompt,
    read_measured,
    trials,
)
from standby.core.models.speed import Timings
from standby.core.models.tuning import Tuning
from standby.core.wire.json import dumps, loads

COLD = Timings(0, 14_000, 140.0, 60, 6.0)
WARM = Timings(13_990, 14, 0.3, 60, 6.0)
ONE = Measured(
    *("embedded/coder", "xllamacpp 1", "a desk", "2 threads", 1.5, 2.0, 700_000_000),
    *(COLD, 141.0, WARM, 0.5),
)


def test_rates_are_those_of_the_cold_prompt_and_a_turn_is_prompt_and_answer():
    assert (100.0, 10.0) == (ONE.read_rate, ONE.write_rate)
    assert pytest.approx(141.0 + 30.0) == ONE.turn_s
    silent = replace(ONE, cold=Timings(0, 10, 0.0))
    assert (0.0, 0.0, 141.0) == (silent.read_rate, silent.write_rate, silent.turn_s)


def test_what_was_kept_is_read_again():
    assert ONE == read_measured(loads(dumps(ONE.as_json())))
    nobody_says = replace(ONE, memory_bytes=None)
    assert nobody_says == read_measured(loads(dumps(nobody_says.as_json())))


@pytest.mark.parametrize("name", sorted(ONE.as_json().keys() - {"read_tokens_per_s"}))
def test_what_is_not_understood_is_no_measurement(name):
    value = ONE.as_json()
    value[name] = ["?"]
    expected = ONE if name == "write_tokens_per_s" else None

    assert expected == read_measured(value)
    assert read_measured(None) is None


tunings = st.builds(
    Tuning,
    st.integers(1, 64),
    flash_attention=st.sampled_from([None, True, False]),
    kv=st.sampled_from(Kv),
    micro_batch=st.sampled_from([64, 128, 512, 2048]),
)


@given(tunings, st.integers(1, 64))
def test_each_trial_is_another_setting_and_a_small_cache_never_goes_without_flash(chosen, cores):
    tried = list(trials(chosen, cores))

    assert len(tried) >= 2
    assert len(tried) == len({one.name for one in tried})
    for one in tried:
        assert one.tuning != chosen
        assert one.tuning.threads >= 1
        assert one.tuning.micro_batch <= one.tuning.batch
        assert (
            one.tuning.kv is Kv.F16
            or one.tuning.flash_attention is not False
            or (chosen.kv is Kv.Q8_0 and chosen.flash_attention is False)
        )


def test_the_fastest_turn_is_proposed_if_it_is_faster_by_more_than_noise():
    slow, close, fast = (
        (Trial(name, Tuning(1)), replace(ONE, first_token_s=seconds))
        for name, seconds in (("slow", 200.0), ("close", 138.0), ("fast", 100.0))
    )

    assert better(ONE, []) is None
    assert better(ONE, [slow, close]) is None
    assert fast[0] == better(ONE, [slow, fast, close])


@given(st.integers(0, 500), st.text("ab1", min_size=1))
def test_a_prompt_begins_with_its_mark_and_has_so_many_words(words, mark):
    text = prompt(words, mark)

    assert text.startswith(mark)
    assert words == len(text.removeprefix(mark).split())
