import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.context.triggers import read_overflow, too_long
from standby.core.wire.json import dumps

LLAMA = {
    "code": 400,
    "message": "request (20014 tokens) exceeds the available context size (4096 tokens)",
    "type": "exceed_context_size_error",
    "n_prompt_tokens": 20014,
    "n_ctx": 4096,
}
OPENAI = (
    "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 "
    "tokens. Please reduce the length of the messages."
)
VLLM = (
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens "
    "(4000 in the messages, 1000 in the completion)."
)
LMSTUDIO = (
    "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded "
    "with context length of only 4096 tokens, which is not enough."
)


def test_the_words_are_the_clouds_own():
    assert "prompt is too long: 20014 tokens > 4096 maximum" == too_long(20014, 4096)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"error": LLAMA}, (20014, 4096), id="llama.cpp"),
        pytest.param(
            {"error": {"code": "context_length_exceeded", "message": OPENAI}},
            (5000, 4096),
            id="OpenAI",
        ),
        pytest.param({"object": "error", "message": VLLM}, (5000, 4096), id="vLLM"),
        pytest.param({"error": LMSTUDIO}, (5000, 4096), id="LM Studio"),
        pytest.param({"error": {"message": "image input is not supported"}}, None, id="another"),
    ],
)
def test_the_servers_words_for_it_are_understood(body, expected):
    assert expected == read_overflow(dumps(body))


@given(st.binary())
def test_garbage_is_no_overflow(body):
    assert None is read_overflow(body)
