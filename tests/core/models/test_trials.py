"""What a comparison tries, when it gives a trial up, and what counts as better."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.models.fit import Kv
from standby.core.models.measured import Figures
from standby.core.models.speed import Progress, Speed, Timings
from standby.core.models.trials import (
    TOGETHER,
    Size,
    Trial,
    Tried,
    affordable,
    better,
    hopeless,
    steady,
    together,
    trials,
)
from standby.core.models.tuning import Drafts, Tuning

CHOSEN = Figures(Timings(0, 8_000, 80.0, 60, 6.0), 80.0)  # a turn: 80 s and 30 s
CURVE = [Progress(0, 8_000), Progress(2_000, 8_000, 0, 10.0), Progress(8_000, 8_000, 0, 80.0)]

tunings = st.builds(
    Tuning,
    st.integers(1, 64),
    flash_attention=st.sampled_from([None, True, False]),
    kv=st.sampled_from(Kv),
    micro_batch=st.sampled_from([64, 128, 512, 2048]),
    drafts=st.sampled_from(Drafts),
    drafter=st.sampled_from(["", "small"]),
)


def took(first_s, write_s=6.0):
    return Figures(Timings(0, 8_000, first_s, 60, write_s), first_s)


names = st.lists(st.sampled_from(["small", "other"]), unique=True)


@given(tunings, st.integers(1, 64), names)
def test_each_trial_is_another_setting_and_a_small_cache_never_goes_without_flash(
    chosen, cores, drafters
):
    tried = list(trials(chosen, cores, drafters))

    assert len(tried) >= 3
    assert len(tried) == len({one.name for one in tried})
    for one in tried:
        assert one.name == one.tuning.measured
        assert replace(one.tuning, measured="") != chosen
        assert one.tuning.threads >= 1
        assert one.tuning.micro_batch <= one.tuning.batch
        assert (
            one.tuning.kv is Kv.F16
            or one.tuning.flash_attention is not False
            or (chosen.kv is Kv.Q8_0 and chosen.flash_attention is False)
        )


def test_the_better_ones_are_those_that_save_more_than_noise_and_the_best_comes_first():
    slow, close, fast, faster = (
        Tried(Trial(name, Tuning(1)), took(seconds))
        for name, seconds in (("slow", 90.0), ("close", 78.0), ("fast", 50.0), ("faster", 40.0))
    )
    broken = Tried(Trial("broken", Tuning(1)), None, "it does not work")

    assert [] == better(CHOSEN, [slow, close, broken])
    assert [faster, fast] == better(CHOSEN, [slow, fast, close, faster, broken])


@pytest.mark.parametrize(
    ("processed", "seconds", "slower"),
    [
        (2_000, 20.0, 2.0),  # 160 s of reading, and the whole turn takes 110
        (2_000, 14.0, 0.0),  # 112 s of reading: within the noise of it
        (2_000, 10.0, 0.0),
        (900, 60.0, 0.0),  # too early
        (5_000, 72.0, 1.6),  # between two points of the curve
        (9_000, 999.0, 0.0),  # where the chosen settings never came
    ],
)
def test_a_trial_is_given_up_when_its_prompt_alone_takes_longer_than_a_whole_turn(
    processed, seconds, slower
):
    found = hopeless(CHOSEN, CURVE, Progress(processed, 8_000, 0, seconds))

    assert pytest.approx(slower, rel=0.01) == found


@given(
    st.lists(st.tuples(st.integers(0, 8_000), st.floats(0, 1e4)), max_size=6),
    st.integers(0, 8_000),
    st.floats(0, 100.0),
)
def test_what_reads_no_slower_is_never_given_up(points, processed, seconds):
    curve = [Progress(read, 8_000, 0, took_s) for read, took_s in sorted(points)]
    usual = [one for one in curve if one.processed == processed]
    now = Progress(processed, 8_000, 0, min([seconds, *(one.seconds for one in usual)]))

    slower = hopeless(CHOSEN, curve, now)
    assert slower == 0.0 or slower > 1.0


@given(
    st.integers(256, 20_000),
    st.integers(64, 100_000),
    st.floats(0.01, 1_000),
    st.floats(0, 600),
    st.floats(0.1, 100) | st.just(0.0),
)
def test_a_prompt_is_as_long_as_there_is_time_for(seen, wanted, seen_s, seconds, rate):
    speed = Speed().read(0, seen, seen_s)
    size = affordable(speed, rate, Size(wanted, 64), 0.5, seconds)
    tokens, written = size.tokens, size.written

    assert min(512, wanted) <= tokens <= wanted
    assert 16 <= written <= 64
    rest = seconds - 0.5 - 2.0
    writes = 2 * written / rate if rate else 0.0
    assert written == 16 or rate == 0 or writes <= rest / 3 + 1e-9
    if tokens > min(512, wanted):
        assert speed.expected_s(0, tokens) <= rest - writes
    if tokens < wanted:
        assert speed.expected_s(0, tokens + 1) > rest - writes


def test_nobody_shortens_a_prompt_whose_speed_is_not_known():
    assert Size(14_000, 64) == affordable(Speed(), 0.0, Size(14_000, 64), 1.0, 60.0)


def test_what_was_better_is_tried_together_and_the_better_one_counts_where_two_are_the_same():
    chosen = Tuning(4)
    more, fewer = (Trial(f"{n} threads", replace(chosen, threads=n)) for n in (8, 2))
    drafts = Trial("drafts", replace(chosen, drafts=Drafts.SIMPLE, measured="drafts"))
    small = Trial("KV", replace(chosen, kv=Kv.Q8_0, flash_attention=True))
    model = Trial("model", replace(chosen, drafter="small", measured="model"))

    whole = together(chosen, [drafts, more, fewer, small])
    assert whole == Trial(
        TOGETHER,
        Tuning(8, kv=Kv.Q8_0, flash_attention=True, drafts=Drafts.SIMPLE, measured=TOGETHER),
    )
    assert Tuning(8, drafter="small", measured=TOGETHER) == (
        together(chosen, [model, drafts, more]).tuning
    )
    assert together(chosen, []) is None
    assert together(chosen, [drafts]) is None
    assert together(chosen, [more, fewer]) is None


def test_what_was_better_once_must_be_better_twice():
    assert (110.0, 70.0) == steady((CHOSEN, took(90.0)), (took(60.0), took(40.0)))
    assert steady((CHOSEN, took(62.0)), (took(60.0), took(61.0))) is None


def test_small_models_that_may_guess_are_tried_first_and_never_beside_other_guesses():
    tried = list(trials(replace(Tuning(4), drafts=Drafts.MOD), 4, ["tiny", "small"]))

    assert ["drafts by tiny", "drafts by small"] == [one.name for one in tried[:2]]
    assert ["tiny", "small"] == [one.tuning.guessing for one in tried[:2]]
    words = [one for one in trials(replace(Tuning(4), drafter="tiny"), 4) if "ngram" in one.name]
    assert {""} == {one.tuning.drafter for one in words}
