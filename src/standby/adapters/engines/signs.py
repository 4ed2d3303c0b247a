"""By which words llama.cpp's server shows what is wrong with it, whoever started it.

Taken from its source (b11549) and from reports of users; what other servers say stands in their
own files.
"""

from typing import Final

from standby.core.models.troubles import Sign, Trouble

__all__ = ["CARD_WORDS", "LLAMA_SIGNS"]

CARD_WORDS: Final = (
    "cuda error: out of memory",
    "cudamalloc failed",
    "cuda out of memory",
    "hipmalloc failed",
    "hip out of memory",
    "rocm error: out of memory",
    "hip error: out of memory",
    "erroroutofdevicememory",
    "erroroutofhostmemory",
    "vk_error_out_of_device_memory",
    "device memory allocation of size",
    "kiogpucommandbuffercallbackerroroutofmemory",
    "insufficient memory (0000",
    "sycl::exception: out of memory",
)
"""What the makers' own libraries say when a card's memory ends: CUDA, ROCm, Vulkan, Metal."""

_SMALLER: Final = (
    "the model does not fit into the memory that is free: give it a smaller window"
    " (`[local] context`), fewer layers on the card, or choose a smaller model (`standby models`)"
)

LLAMA_SIGNS: Final = (
    Sign(
        Trouble.PORT,
        ("couldn't bind http server socket", "address already in use"),
        "another program has taken its port",
    ),
    Sign(
        Trouble.TOO_OLD,
        (
            "unknown argument",
            "invalid argument:",
            "unknown model architecture",
            "unknown pre-tokenizer type",
            "has invalid ggml type",
            "unsupported gguf version",
        ),
        "this llama.cpp is too old for the model, or for what it was told",
    ),
    Sign(
        Trouble.MEMORY,
        (
            *CARD_WORDS,
            "unable to allocate",
            "failed to allocate buffer",
            "failed to allocate compute",
            "failed to allocate host buffer",
            "failed to allocate output buffer",
            "failed to allocate cpu",
            "failed to allocate cuda",
            "failed to allocate rocm",
            "failed to allocate vulkan",
            "failed to allocate metal",
            "ggml status: error (failed to allocate memory)",
            "std::bad_alloc",
            "cannot allocate memory",
        ),
        _SMALLER,
    ),
    Sign(
        Trouble.PROCESSOR,
        ("ended with code -4", "ended with code 132", "ended with code 3221225501"),
        "this build of llama.cpp needs a newer processor: take another build",
    ),
    Sign(
        Trouble.KILLED,
        ("ended with code -9", "ended with code 137"),
        "it was killed, which the system does when memory ends",
    ),
)
"""In order: the first that is heard counts."""
