"""One line for a model: what is known of it, and nothing of what is not."""

import pytest

from standby.core.models.facts import LocalModel
from standby.core.models.label import label, window_words

CODER = LocalModel("ollama", "qwen3-coder:30b", "http://127.0.0.1", context_tokens=65_536)


def test_all_that_is_known_stands_in_one_line():
    assert "qwen3-coder:30b on ollama · 64k · 38 tok/s · warm" == label(CODER, 38.2, warm=True)


@pytest.mark.parametrize(
    ("model", "speed", "words"),
    [
        (LocalModel("mlx", "coder", ""), None, "coder on mlx"),
        (LocalModel("mlx", "coder", "", loaded=False), None, "coder on mlx · not loaded"),
        (LocalModel("mlx", "coder", ""), 4.25, "coder on mlx · 4.2 tok/s"),
        (
            LocalModel("x", "tiny", "", 8192, rehearsal=True),
            None,
            "tiny on x · 8k · for rehearsals",
        ),
    ],
)
def test_what_is_not_known_is_left_out(model, speed, words):
    assert words == label(model, speed)


@pytest.mark.parametrize(
    ("tokens", "words"),
    [(512, "512 tokens"), (4096, "4k"), (131_072, "128k"), (200_000, "200k"), (49_999, "50k")],
)
def test_a_window_is_said_as_people_say_it(tokens, words):
    assert words == window_words(tokens)
