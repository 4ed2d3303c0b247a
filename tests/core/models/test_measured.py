"""What a bench measured, and how it is kept."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.models.measured import Measured, prompt, read_measured
from standby.core.models.speed import Timings
from standby.core.wire.json import dumps, loads

COLD = Timings(0, 14_000, 140.0, 60, 6.0)
WARM = Timings(13_990, 14, 0.3, 60, 6.0)
ONE = Measured(
    *("embedded/coder", "xllamacpp 1", "a desk", "2 threads", 1.5, 2.0, 700_000_000),
    *(COLD, 141.0, WARM, 0.5),
)


def test_rates_are_those_of_the_cold_prompt_and_a_turn_is_prompt_and_answer():
    figures = ONE.figures
    assert (100.0, 10.0) == (figures.read_rate, figures.write_rate)
    assert pytest.approx(141.0 + 30.0) == figures.turn_s
    silent = replace(ONE, cold=Timings(0, 10, 0.0)).figures
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


@given(st.integers(0, 500), st.text("ab1", min_size=1))
def test_a_prompt_begins_with_its_mark_and_has_so_many_words(words, mark):
    text = prompt(words, mark)

    assert text.startswith(mark)
    assert words == len(text.removeprefix(mark).split())
