"""Which model may guess for another: smaller by far, and the same tokens."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.models import drafting
from standby.core.models.drafting import may_draft, room_bytes, speak_alike
from standby.core.models.fit import GB, Card, Hardware
from standby.core.models.gguf import Header, Words, read_header
from tests.fakes.gguf_files import ARRAY, SOUND, TEXT, gguf

SPLIT = ("gpt2", "qwen2")
LARGE = Header(800, 1, architecture="qwen", words=Words(SPLIT, 1_000, 0, 9_000))
SMALL = replace(LARGE, size_bytes=100)


def read_at(data):
    return lambda offset, count: data[offset : offset + count]


def model(tokens):
    """Return a file with these tokens, read."""
    keys = [key for key in SOUND if key[0] != "tokenizer.ggml.tokens"]
    data = gguf((*keys, ("tokenizer.ggml.tokens", ARRAY, (TEXT, tokens))))
    return read_header(read_at(data), len(data)), read_at(data)


def test_a_model_of_an_eighth_with_the_same_tokenizer_may():
    assert may_draft(LARGE, SMALL)
    filled = Words(SPLIT, 1_128, 0, 9_999)
    assert may_draft(LARGE, replace(SMALL, words=filled))


@pytest.mark.parametrize(
    "changes",
    [
        {"size_bytes": 161},
        {"words": None},
        {"words": Words(("gpt2", "llama-bpe"), 1_000, 0, 9_000)},
        {"words": Words(SPLIT, 1_129, 0, 9_000)},
        {"kind": "mmproj"},
        {"parts": 2},
    ],
    ids=str,
)
def test_one_that_is_not_much_smaller_or_cuts_otherwise_or_is_not_whole_may_not(changes):
    assert not may_draft(LARGE, replace(SMALL, **changes))


@given(st.lists(st.text(max_size=5), min_size=1, max_size=30), st.lists(st.text(max_size=5)))
def test_tokens_that_fill_a_vocabulary_up_make_no_difference(tokens, filling):
    one, other = model(tokens), model([*tokens, *filling])

    assert speak_alike(*one, *other)
    assert speak_alike(*other, *one)


@given(st.lists(st.text(max_size=5), min_size=1, max_size=30), st.data())
def test_one_other_token_makes_it_another_language(tokens, data):
    place = data.draw(st.integers(0, len(tokens) - 1))
    changed = [*tokens[:place], tokens[place] + "x", *tokens[place + 1 :], "filling"]

    assert not speak_alike(*model(tokens), *model(changed))


def test_long_vocabularies_are_compared_to_their_end(monkeypatch):
    monkeypatch.setattr(drafting, "_READ_BYTES", 64)
    tokens = [f"token {number}" for number in range(100)]

    assert speak_alike(*model(tokens), *model(tokens))
    assert not speak_alike(*model(tokens), *model([*tokens[:-1], "token X"]))


def test_where_a_file_was_cut_off_meanwhile_nobody_may_guess():
    header, whole = model(["a", "b"])

    assert not speak_alike(header, lambda _at, _count: b"", header, whole)
    assert not speak_alike(header, whole, replace(header, words=None), whole)


def test_a_pair_may_take_what_is_free_where_most_is_free():
    plain = Hardware(16 * GB, 9 * GB, 8)
    cards = (Card("one", 12 * GB, 11 * GB), Card("two", 12 * GB, 11 * GB))

    assert 9 * GB == room_bytes(plain)
    assert 9 * GB < room_bytes(replace(plain, cards=cards)) < 22 * GB
    assert 9 * GB < room_bytes(replace(plain, unified=True)) < 16 * GB
