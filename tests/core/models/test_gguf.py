"""Headers of model files: what is read of sound ones, and that hostile ones cost nothing."""

import hashlib
import struct

import pytest
from gguf import GGML_QUANT_SIZES, LlamaFileType
from hypothesis import given
from hypothesis import strategies as st

from standby.core.models import gguf as module
from standby.core.models.ggml import BLOCKS, QUANTISATIONS
from standby.core.models.gguf import Fault, Header, Words, read_header
from tests.fakes.gguf_files import (
    ARRAY,
    BOOL,
    I32,
    SOUND,
    TENSORS,
    TEXT,
    U32,
    U64,
    changed,
    gguf,
    text,
)
from tests.models.tiny_gguf import tiny_model

HUGE = 2**64 - 1


class File:
    """Bytes that count how much of them was read; ``size`` may claim more than is there."""

    def __init__(self, data, size=None):
        self.data, self.size, self.read = data, size or len(data), 0

    def read_at(self, offset, count):
        found = self.data[offset : offset + count]
        self.read += len(found)
        assert count < 5_000_000, "a header made us ask for that much"
        return found


def read(data, size=None):
    file = File(data, size)
    return read_header(file.read_at, file.size)


def test_a_sound_header_says_what_a_choice_needs():
    found = read(gguf())

    assert found == Header(
        size_bytes=len(gguf()),
        tensors=2,
        architecture="qwen",
        name="Small",
        licence="apache-2.0",
        quantisation="Q4_K_M",
        context_tokens=262144,
        layers=64,
        kv_values_per_token=16 * 4 * 512,  # 64 KiB for a token, at two bytes each
        template=True,
        template_sha256=hashlib.sha256(b"{{ messages }}").hexdigest(),
        words=Words(("", ""), 3, gguf().index(text("a") + text("bc")), 27),
    )


def test_the_real_library_writes_what_is_read_here():
    path = tiny_model()
    found = read(path.read_bytes())

    assert isinstance(found, Header)
    assert ("llama", "CC0-1.0", "F16", 262144, 1, 64) == (
        found.architecture,
        found.licence,
        found.quantisation,
        found.context_tokens,
        found.layers,
        found.kv_values_per_token,
    )
    assert found.template


def test_only_the_header_of_a_large_file_is_read():
    header = gguf(data=0)
    file = File(header, len(header) + 20_000_000_000)

    assert isinstance(read_header(file.read_at, file.size), Header)
    assert file.read <= len(header)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (changed(qwen_attention_head_count_kv=(ARRAY, (I32, [0, 0, 0, 2] * 16))), 16 * 2 * 512),
        (changed(qwen_full_attention_interval=None), 64 * 4 * 512),
        (
            changed(qwen_full_attention_interval=None, qwen_attention_head_count_kv=None),
            64 * 24 * 512,
        ),
        (changed(qwen_attention_value_length=None), 16 * 4 * 512),
        (changed(qwen_attention_key_length=None, qwen_attention_value_length=None), None),
        (changed(qwen_block_count=None), None),
        (changed(qwen_attention_head_count_kv=(BOOL, True)), None),
        (changed(qwen_attention_head_count_kv=(TEXT, "4")), 64 // 4 * 24 * 4 * 512),
        (changed(general_architecture=(TEXT, "other")), None),
    ],
    ids=[
        *("a list for each layer", "all layers attend", "no grouped heads", "values as keys"),
        *("no lengths", "no layers", "odd heads", "heads as text", "another architecture"),
    ],
)
def test_the_cache_of_a_token_is_read_in_every_way_it_is_written(keys, expected):
    found = read(gguf(keys))

    assert isinstance(found, Header)
    assert expected == found.kv_values_per_token


def test_a_template_is_told_by_its_hash_and_never_kept():
    one, other = read(gguf()), read(gguf(changed(tokenizer_chat_template=(TEXT, "{{ evil() }}"))))
    none = read(gguf(changed(tokenizer_chat_template=None)))

    assert one.template_sha256 != other.template_sha256
    assert (False, "") == (none.template, none.template_sha256)
    assert "evil" not in repr(other)


HOSTILE = {
    "an executable": (gguf(magic=b"MZ\x90\x00"), "is not a GGUF file"),
    "nothing": (b"", "is not a GGUF file"),
    "half a magic": (b"GG", "is not a GGUF file"),
    "only the magic": (b"GGUF", "ends in the middle"),
    "version 1": (gguf(version=1), "version 1"),
    "the other byte order": (gguf(version=0x03000000), "other byte order"),
    "many keys": (gguf(key_count=HUGE), "which no model has"),
    "many tensors": (gguf(tensor_count=HUGE), "which no model has"),
    "more keys than there are": (gguf(key_count=4000), "is"),
    "a long key": (gguf((), (), key_count=1, extra=struct.pack("<Q", HUGE)), "a key of"),
    "a long text": (
        gguf((), (), key_count=1, extra=text("x") + struct.pack("<IQ", TEXT, HUGE)),
        "ends in the middle",
    ),
    "a long name": (
        gguf((), (), key_count=1, extra=text("general.name") + struct.pack("<IQ", TEXT, 2**40)),
        "a text of",
    ),
    "a list of lists": (
        gguf((*SOUND, ("deep", ARRAY, (ARRAY, [(ARRAY, [])])))),
        "list of lists",
    ),
    "a long list of numbers": (
        gguf((), (), key_count=1, extra=text("x") + struct.pack("<IIQ", ARRAY, U64, 2**61)),
        "ends in the middle",
    ),
    "a long list of texts": (
        gguf((), (), key_count=1, extra=text("x") + struct.pack("<IIQ", ARRAY, TEXT, HUGE)),
        "a list of",
    ),
    "a list with a long text": (
        gguf((), (), key_count=1, extra=text("x") + struct.pack("<IIQQ", ARRAY, TEXT, 1, 2**60)),
        "ends in the middle",
    ),
    "a list of an odd type": (
        gguf((), (), key_count=1, extra=text("x") + struct.pack("<IIQ", ARRAY, 77, 1)),
        "unknown type 77",
    ),
    "an odd type": (gguf((), (), key_count=1, extra=text("x") + b"\x63\0\0\0"), "unknown type 99"),
    "a key twice": (gguf((*SOUND, SOUND[0])), "twice"),
    "a tensor twice": (gguf(tensors=(TENSORS[0], TENSORS[0])), "twice"),
    "alignment of 0": (gguf((*SOUND, ("general.alignment", U32, 0))), "alignment"),
    "alignment of 24": (gguf((*SOUND, ("general.alignment", U32, 24))), "power of two"),
    "alignment as text": (gguf((*SOUND, ("general.alignment", TEXT, "32"))), "alignment"),
    "a tensor's long name": (gguf(tensors=(("x" * 64, (1,), 0, 0),)), "a tensor's name"),
    "five dimensions": (gguf(tensors=(("x", (1,) * 5, 0, 0),)), "5 dimensions"),
    "a tensor beyond the end": (gguf(data=655), "1 bytes short"),
    "an offset beyond the end": (gguf(tensors=(("x", (1,), 0, 2**62),)), "bytes short"),
    "an odd offset": (gguf(tensors=(("x", (1,), 0, 33),)), "odd place"),
    "a product that overflows": (gguf(tensors=(("x", (2**33,) * 4, 0, 0),)), "bytes short"),
    "a new type beyond the end": (gguf(tensors=(("x", (656 * 8 + 8,), 200, 0),)), "bytes short"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_header_is_refused_in_words(name):
    data, why = HOSTILE[name]
    found = read(data)

    assert isinstance(found, Fault)
    assert why in found.words


def test_a_type_that_is_newer_than_the_table_is_no_fault_by_itself():
    assert isinstance(read(gguf(tensors=(("x", (64,), 200, 0),))), Header)


def test_lists_of_texts_have_a_limit_over_all_keys():
    one = text("a") + struct.pack("<IIQ", ARRAY, TEXT, 3_000_000)
    other = text("b") + struct.pack("<IIQ", ARRAY, TEXT, 3_000_000)
    data = gguf((), (), key_count=2, extra=one + bytes(24_000_000) + other + bytes(24_000_000))

    assert isinstance(read(data), Fault)


def test_lists_of_numbers_that_are_kept_have_a_limit_over_all_keys():
    keys = [(f"{n}.attention.head_count_kv", ARRAY, (U32, [1] * 10_000)) for n in range(10)]
    reader = module._Reader(module._Bytes(File(gguf(keys)).read_at, len(gguf(keys))))

    reader.header()

    assert 10_000 == sum(len(kept) for kept in reader.known.values())


@given(st.data())
def test_no_change_of_a_byte_or_a_cut_is_more_than_a_fault(data):
    whole = bytearray(gguf())
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(whole) - 657))
        whole[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))

    assert isinstance(read(bytes(whole[:cut])), Header | Fault)
    assert isinstance(read(bytes(whole)), Header | Fault)


@given(st.integers(0, len(gguf()) - 1))
def test_a_file_that_was_cut_anywhere_is_refused(cut):
    assert isinstance(read(gguf()[:cut]), Fault)


@given(st.binary(max_size=300))
def test_garbage_is_refused(data):
    found = read(b"GGUF\x03\0\0\0" + data)

    # 16 zero bytes and whatever follows are a header without keys and tensors.
    assert isinstance(found, Fault) or data[:16] == bytes(16) or found.tensors


def test_a_file_that_shrinks_while_it_is_read_is_refused():
    assert isinstance(read(gguf()[:100], size=len(gguf())), Fault)


def test_the_sizes_of_types_are_those_of_the_real_library():
    real = {int(kind): sizes for kind, sizes in GGML_QUANT_SIZES.items()}

    assert BLOCKS == {kind: sizes for kind, sizes in real.items() if kind in BLOCKS}
    assert set(real) <= set(BLOCKS)


def test_the_names_of_quantisations_are_those_of_the_real_library():
    names = {int(kind): kind.name.removeprefix("MOSTLY_") for kind in LlamaFileType}

    assert {
        kind: name.removeprefix("ALL_") for kind, name in names.items() if kind < 1024
    } == QUANTISATIONS


def test_what_the_file_cannot_do_is_the_callers_business():
    def broken(_offset, _count):
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        read_header(broken, 100)
