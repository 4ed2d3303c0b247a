import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.context.window import FEWEST_TOKENS, Window, output_budget


@pytest.mark.parametrize(
    ("asked", "prompt", "context", "expected"),
    [
        (128000, 10000, 32768, 22768),
        (1000, 10000, 32768, 1000),
        (128000, 10000, None, 128000),
        (None, 10, None, 4096),
        (1, 10, 4096, 1),
        (128000, 5000, 4096, FEWEST_TOKENS),
        (-3, 10, 4096, 1),
    ],
)
def test_what_an_answer_may_have(asked, prompt, context, expected):
    assert expected == output_budget(asked, prompt, context)


@given(st.none() | st.integers(), st.integers(0), st.none() | st.integers(1))
def test_an_answer_may_always_have_something_and_never_more_than_asked(asked, prompt, context):
    budget = output_budget(asked, prompt, context)

    assert 1 <= budget
    assert asked is None or budget <= max(1, asked)


@pytest.mark.parametrize(
    ("asked", "window", "summary", "expected"),
    [
        (128_000, 65_536, False, 4_096),
        (128_000, 8_192, False, 1_024),
        (100, 65_536, False, 100),
        (None, 65_536, False, 4_096),
        (128_000, 65_536, True, 8_192),
        (128_000, 100, False, FEWEST_TOKENS),
        (0, 65_536, False, FEWEST_TOKENS),
    ],
)
def test_what_is_kept_for_the_answer(asked, window, summary, expected):
    assert expected == Window(window).reserve(asked, summary=summary)
