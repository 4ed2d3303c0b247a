"""GGUF files of a few hundred bytes, sound ones and hostile ones, written by hand."""

import struct

U32, I32, F32, BOOL, TEXT, ARRAY, U64 = 4, 5, 6, 7, 8, 9, 10
FORMS = {U32: "<I", I32: "<i", F32: "<f", BOOL: "<?", U64: "<Q"}

SOUND = (
    ("general.architecture", TEXT, "qwen"),
    ("general.name", TEXT, "Small"),
    ("general.license", TEXT, "apache-2.0"),
    ("general.file_type", U32, 15),
    ("qwen.context_length", U32, 262144),
    ("qwen.block_count", U32, 64),
    ("qwen.attention.head_count", U32, 24),
    ("qwen.attention.head_count_kv", U32, 4),
    ("qwen.attention.key_length", U32, 256),
    ("qwen.attention.value_length", U32, 256),
    ("qwen.full_attention_interval", U32, 4),
    ("tokenizer.ggml.tokens", ARRAY, (TEXT, ["a", "bc", ""])),
    ("tokenizer.ggml.scores", ARRAY, (F32, [0.0, 1.0])),
    ("tokenizer.chat_template", TEXT, "{{ messages }}"),
)
TENSORS = (("token_embd.weight", (64, 2), 0, 0), ("output.weight", (256,), 12, 512))


def text(words):
    data = words if isinstance(words, bytes) else words.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind, said):
    if kind == TEXT:
        return text(said)
    if kind == ARRAY:
        inner, each = said
        return struct.pack("<IQ", inner, len(each)) + b"".join(value(inner, one) for one in each)
    return struct.pack(FORMS[kind], said)


def key(name, kind, said):
    return text(name) + struct.pack("<I", kind) + value(kind, said)


def tensor(name, dimensions, kind, offset):
    form = f"<I{len(dimensions)}QIQ"
    return text(name) + struct.pack(form, len(dimensions), *dimensions, kind, offset)


def gguf(
    keys=SOUND,
    tensors=TENSORS,
    *,
    magic=b"GGUF",
    version=3,
    key_count=None,
    tensor_count=None,
    extra=b"",
    alignment=32,
    data=656,
):
    """Return a file; ``extra`` are raw bytes behind the keys, ``data`` the bytes of weights."""
    counts = (
        len(tensors) if tensor_count is None else tensor_count,
        len(keys) if key_count is None else key_count,
    )
    header = magic + struct.pack("<IQQ", version, *counts)
    header += b"".join(key(*one) for one in keys) + extra
    header += b"".join(tensor(*one) for one in tensors)
    return header + bytes(-len(header) % alignment) + bytes(data)


def changed(**changes):
    """Return the sound keys with some changed; ``None`` takes one away."""
    names = {name.replace(".", "_"): name for name, _, _ in SOUND}
    wanted = {names[name]: said for name, said in changes.items()}
    return tuple(
        (name, *wanted.get(name, (kind, said)))
        for name, kind, said in SOUND
        if wanted.get(name, True) is not None
    )
