"""What servers really print is recognised; what they print when all is well is not."""

import importlib
import pkgutil

import pytest

from standby.adapters import engines
from standby.adapters.engines.signs import CARD_WORDS, LLAMA_SIGNS
from standby.adapters.engines.spec import advised
from standby.core.models.troubles import Trouble, recognise

SPECS = [
    module.ENGINE
    for info in pkgutil.iter_modules(engines.__path__)
    if hasattr(module := importlib.import_module(f"{engines.__name__}.{info.name}"), "ENGINE")
]

# Out of llama.cpp's source and of reports by its users.
SAID = {
    Trouble.MEMORY: (
        "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 35533.34 MiB on device 0:"
        " cudaMalloc failed: out of memory",
        "CUDA error: out of memory\n  current device: 0, in function alloc",
        "ggml_vulkan: Device memory allocation of size 1610612736 failed.",
        "ggml_vulkan: vk::Device::allocateMemory: ErrorOutOfDeviceMemory",
        "Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)",
        "llama_model_load: error loading model: unable to allocate ROCm0 buffer",
        "llama_init_from_model: failed to initialize the context: failed to allocate buffer for kv"
        " cache",
        "llama_new_context_with_model: failed to allocate compute buffers",
        "terminate called after throwing an instance of 'std::bad_alloc'",
    ),
    Trouble.TOO_OLD: (
        "error loading model: unknown model architecture: 'qwen3next'",
        "error: unknown argument: --kv-unified",
        "error: invalid argument: serve",
        "load_vocab: unknown pre-tokenizer type: 'kimi'",
        "gguf_init: tensor 'x' has invalid ggml type 39 (NONE)",
    ),
    Trouble.PORT: ("srv start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 80",),
    Trouble.PROCESSOR: ("it ended with code -4: ggml_cpu", "it ended with code 132"),
    Trouble.KILLED: ("it ended with code -9", "it ended with code 137: slot 0 is processing"),
}
WELL = (
    "srv alloc: failed to allocate memory for prompt cache state: 12 MiB",  # it goes on without
    "llama_params_fit: successfully fit params to free device memory",
    "srv update: - cache state: 1 prompts, 12.3 MiB (limits: 8192.0 MiB, 65536 tokens)",
    "it ended with code 1: error loading model: tensor data is not within the file bounds",
)


@pytest.mark.parametrize(
    ("trouble", "said"), [(trouble, said) for trouble, all_of in SAID.items() for said in all_of]
)
def test_what_is_wrong_is_recognised_and_advice_is_given(trouble, said):
    sign = recognise(LLAMA_SIGNS, said)

    assert sign is not None
    assert trouble is sign.trouble


@pytest.mark.parametrize("said", WELL)
def test_nothing_is_recognised_in_what_is_well_or_something_else(said):
    assert recognise(LLAMA_SIGNS, said) is None


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_sign_of_every_engine_can_be_heard_and_says_what_to_do(spec):
    for sign in spec.signs:
        assert sign.advice
        for words in sign.words:
            assert words == words.lower()
            assert words


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec.signs], ids=lambda spec: spec.name)
@pytest.mark.parametrize("words", CARD_WORDS)
def test_every_engine_that_shows_anything_shows_that_a_cards_memory_ended(spec, words):
    assert recognise(spec.signs, words).trouble is Trouble.MEMORY


def test_advice_is_given_once_and_only_where_something_is_recognised():
    spec = next(spec for spec in SPECS if spec.name == "llamacpp")
    once = advised(spec, "it said 500", "CUDA error: out of memory")

    assert once.startswith("it said 500; the model does not fit")
    assert once == advised(spec, once, "CUDA error: out of memory")
    assert "it said 500" == advised(spec, "it said 500")
