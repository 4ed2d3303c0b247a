import pytest

from standby.core.dialects.openai_chat.usage import read, write
from standby.core.usage import Tokens


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 2}, Tokens(9, 2)),
        ({"prompt_tokens": 9, "completion_tokens": None}, Tokens(9, 0)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 2,
                "prompt_tokens_details": {"cached_tokens": 5},
            },
            Tokens(4, 2, cache_read=5),
        ),
        (
            {"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 5}},
            Tokens(0, 0, cache_read=3),
        ),
        ({"prompt_tokens": 3, "prompt_tokens_details": None}, Tokens(3)),
        ({"prompt_tokens": -1, "completion_tokens": -1}, Tokens()),
        ({"total_tokens": 3}, None),
        (None, None),
    ],
)
def test_cached_tokens_are_counted_beside_the_others(usage, expected):
    assert expected == read(usage)


def test_the_messages_api_names_all_four():
    assert {
        "input_tokens": 1,
        "output_tokens": 2,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": 4,
    } == write(Tokens(1, 2, 3, 4))
