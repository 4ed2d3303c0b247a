"""The door to JSON, against the standard library."""

import contextlib
import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from standby.core.wire.json import NotJSONError, dumps, loads
from tests.fakes.json_text import VALUES, texts

HALVES = [r"\ud83d", r"\uDE00", r"\udbff", r"\udc00"]
OTHERS = [r"\ud83d\ude00", r"\\", r"\\\\", r"\"", r"\n", r"\u0041", r"\ufffd"]
UNITS = st.sampled_from([*HALVES, *OTHERS, "ü", "😀", "u", "ud83d", "a"])


def as_read(value):
    """What JavaScript's halves come to: U+FFFD each; whole pairs stay."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [as_read(each) for each in value]
        case dict():
            return {as_read(name): as_read(each) for name, each in value.items()}
        case _:
            return value


@given(st.data())
def test_what_json_can_say_is_read_as_the_standard_library_reads_it(data):
    text = data.draw(VALUES.flatmap(texts))

    assert json.loads(text) == loads(text)


@given(VALUES)
def test_what_is_written_is_read_again(value):
    assert value == loads(dumps(value))


@given(st.lists(UNITS, max_size=8).map("".join))
@example(r"\\ud83d")
@example(r"\\\ud83d")
@example(r"\ud83d\\ude00")
@example(r"\ud83d\ud83d\ude00")
def test_half_a_surrogate_pair_is_read_as_a_replacement_and_nothing_else_is_touched(units):
    text = f'{{"{units}": ["{units}", 1.5, true]}}'

    assert as_read(json.loads(text)) == loads(text) == loads(text.encode())


@given(st.lists(UNITS, max_size=8).map("".join))
def test_what_was_mended_can_be_written(units):
    dumps(loads(f'"{units}"'))


REFUSED = [
    *(
        "",
        " ",
        "NaN",
        "Infinity",
        "-Infinity",
        "[NaN]",
        "{",
        "[1,]",
        '{"a":1,}',
        "'a'",
        "01",
        "tru",
    ),
    *('"\\x"', '"\\u12"', '"\n"', "1 2", "// no\n1", '"\\ud83d', '"\\ud83'),
]


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_what_is_not_json_is_refused(text):
    with pytest.raises(NotJSONError):
        loads(text)


@pytest.mark.parametrize(
    "data",
    [b"\xef\xbb\xbf{}", "\ufeff{}", b'"\xff"', b'"\xed\xa0\xbd"', "[" * 2000 + "]" * 2000, b"\x00"],
    ids=range(6),
)
def test_a_mark_in_front_broken_text_and_deep_nesting_are_refused(data):
    with pytest.raises(NotJSONError):
        loads(data)


def test_depth_is_refused_without_harm_however_deep():
    with pytest.raises(NotJSONError):
        loads(b"[" * 100_000)


@given(st.binary() | st.text())
def test_garbage_is_json_or_refused_with_the_one_error(data):
    with contextlib.suppress(NotJSONError):
        loads(data)


def test_an_integer_beyond_64_bits_is_read_as_a_float():
    assert 2.0**70 == loads(str(2**70))
    assert 2**64 - 1 == loads(str(2**64 - 1))
    assert math.isclose(1e300, loads("1e300"))
