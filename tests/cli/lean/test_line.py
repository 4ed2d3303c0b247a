"""The one line."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.host.clock import SystemClock
from standby.cli.lean.line import told, without_gateway, words

NOW = time.mktime((2026, 11, 21, 20, 0, 0, 0, 0, -1))
HOUR = 3600.0
CLIENT = {
    "model": {"id": "claude-opus-5-5", "display_name": "Opus 5.5"},
    "rate_limits": {"five_hour": {"used_percentage": 62, "resets_at": NOW + HOUR}},
}
WINDOWS = [
    {"name": "5h", "used": 0.62, "resets_at": NOW + HOUR},
    {"name": "7d", "used": 0.9, "resets_at": None},
]
STAND_IN = {
    "key": "ollama/qwen3-coder:30b",
    "loaded": True,
    "rehearsal": False,
    "writes_per_s": 38.4,
}
CLOUD = {
    "answering": "cloud",
    "model": "",
    "mode": "auto",
    "why": "",
    "until": None,
    "windows": WINDOWS,
    "stand_in": STAND_IN,
}
LOCAL = {
    **CLOUD,
    "answering": "local",
    "model": "ollama/qwen3-coder:30b",
    "why": "the 5-hour limit is reached",
    "until": NOW + 1.5 * HOUR,
    "windows": [{"name": "5h", "used": 1.02, "resets_at": NOW + HOUR}],
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def plain(said, client=CLIENT):
    return words(said, client, NOW, coloured=False)


def test_while_the_quota_lasts():
    assert (
        "● cloud · Opus 5.5 · 5h 38% left until 21:00 · 7d 10% left"
        " · next ollama/qwen3-coder:30b (loaded)"
    ) == plain(CLOUD)


def test_at_the_limit_it_says_who_answers_and_when_the_cloud_is_back():
    assert (
        "● local ollama/qwen3-coder:30b · 38 tokens/s · the 5-hour limit is reached"
        " · cloud back 21:30 (in 1 h 30 min) · 5h 0% left until 21:00"
    ) == plain(LOCAL)


def test_what_is_foreseen_stands_beside_what_is_left():
    out = {"5h": {"runs_out_at": NOW + 600, "lasts": False}}
    lasts = {"5h": {"runs_out_at": None, "lasts": True}}

    assert "5h 38% left until 21:00, out about 20:10 · " in plain({**CLOUD, "foreseen": out})
    assert "5h 38% left, lasts until 21:00 · " in plain({**CLOUD, "foreseen": lasts})
    assert "out about" not in plain({**LOCAL, "foreseen": out})


def test_how_much_of_this_conversation_is_read_ahead_is_shown():
    assert plain({**CLOUD, "warm": 0.93}).endswith("(93% warm)")
    assert plain({**CLOUD, "warm": 0.0}).endswith("(loaded)")


def test_another_model_than_the_first_is_not_given_its_speed():
    said = plain({**LOCAL, "model": "ollama/other"})

    assert said.startswith("● local ollama/other · the 5-hour limit")


@pytest.mark.parametrize("mode", ["spare", "cloud"])
def test_a_mode_that_somebody_chose_is_shown(mode):
    assert plain({**CLOUD, "mode": mode}).startswith(f"● cloud · {mode} · Opus 5.5")


def test_when_nobody_can_answer_it_says_so():
    said = plain({**LOCAL, "answering": "nobody", "stand_in": None})

    assert said.startswith("● nobody can answer · the 5-hour limit is reached · cloud back 21:30")


@pytest.mark.parametrize(
    ("stand_in", "end"),
    [
        (None, "no local model"),
        ({**STAND_IN, "loaded": False}, "(cold)"),
        ({**STAND_IN, "rehearsal": True}, "(loaded, for rehearsals only)"),
    ],
)
def test_the_stand_in_is_judged_before_it_is_needed(stand_in, end):
    assert plain({**CLOUD, "stand_in": stand_in}).endswith(end)


def test_without_the_gateway_the_clients_own_figures_are_shown():
    said = without_gateway("standby is not running", CLIENT, NOW, coloured=False)

    assert "● standby is not running · Opus 5.5 · 5h 38% left until 21:00" == said


@pytest.mark.parametrize(
    ("said", "colour"), [(CLOUD, 32), (LOCAL, 33), ({**LOCAL, "answering": "nobody"}, 31)]
)
def test_colour_only_repeats_what_the_words_say(said, colour):
    coloured = words(said, CLIENT, NOW, coloured=True)

    assert coloured.startswith(f"\x1b[{colour}m●")
    assert plain(said) == re.sub(r"\x1b\[\d+m", "", coloured)


@pytest.mark.parametrize(
    ("left_s", "expected"),
    [(45, "45 s"), (59 * 60, "59 min"), (3661, "1 h 1 min"), (90_000, "1 d 1 h"), (-5, "0 s")],
)
def test_the_wait_is_told_as_a_person_would(left_s, expected):
    assert f"(in {expected})" in plain({**LOCAL, "until": NOW + left_s})


@given(st.floats(-20, 20))
def test_a_moment_is_told_as_everywhere_else(days):
    now = time.time()
    at = now + days * 86_400

    assert SystemClock().told(at) == told(at, now)


@given(json_values, json_values)
def test_whatever_comes_there_is_one_line_that_moves_no_cursor(said, client):
    for line in (plain(said, client), without_gateway("why", client, NOW, coloured=False)):
        assert line.isprintable()
        assert line


@given(st.dictionaries(st.sampled_from(sorted(CLOUD)), json_values))
def test_what_is_odd_in_one_field_hides_nothing_else(changes):
    assert plain({**CLOUD, **changes}).isprintable()
