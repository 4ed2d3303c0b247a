import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.context.fit import FEWEST_TOKENS, output_budget


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
