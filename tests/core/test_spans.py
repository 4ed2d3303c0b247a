"""What the cursor finds in the bytes is what a parser finds in the text."""

from contextlib import suppress
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.wire.json import NotJSONError, dumps, loads
from standby.core.wire.spans import Cursor, contents
from tests.fakes.json_text import VALUES, texts


def rebuilt(cursor, data, deep):
    """Read a value through the cursor; what is not gone into is parsed from its span."""
    if deep and cursor.opens() == "{":
        return {name: rebuilt(cursor, data, deep) for name in cursor.members()}
    if deep and cursor.opens() == "[":
        return [rebuilt(cursor, data, deep) for _ in cursor.elements()]
    span = cursor.skip()
    return loads(data[span.start : span.end])


@given(st.data(), VALUES, st.booleans())
def test_a_value_read_through_spans_is_the_value_that_was_written(data, value, deep):
    text = data.draw(texts(value))

    assert value == loads(text)
    assert value == rebuilt(Cursor(text), text, deep)


@given(st.data(), st.lists(VALUES, max_size=4))
def test_what_is_left_alone_is_stepped_over(data, values):
    text = data.draw(texts(values))
    cursor = Cursor(text)

    assert len(values) == len(list(cursor.elements()))
    assert b"" == text[cursor.at :].strip()


@given(st.data(), st.lists(st.lists(VALUES, max_size=3), max_size=3), VALUES)
def test_every_block_of_every_message_is_found(data, listed, other):
    body = {"system": other, "messages": [{"x": other, "content": c, "y": 1} for c in listed]}
    text = data.draw(texts(body))

    assert listed == [[loads(text[b.start : b.end]) for b in c.blocks] for c in contents(text)]


def test_the_last_of_two_equal_names_counts():
    text = b'{"messages":[{"content":[1]}],"mess\\u0061ges":[{"content":[1],"content":[2]}]}'

    assert [[b"2"]] == [[text[b.start : b.end] for b in c.blocks] for c in contents(text)]


@pytest.mark.parametrize("text", [b'{"messages":{}}', b"{}", b'{"messages":null}'])
def test_a_body_without_a_list_of_messages_has_no_contents(text):
    assert () == contents(text)


@pytest.mark.parametrize("text", [b'{"messages":["a",{"content":"b"},{}]}'])
def test_content_that_is_no_list_has_no_blocks(text):
    assert [(), (), ()] == [found.blocks for found in contents(text)]


@given(st.binary(max_size=60) | st.builds(lambda v, n: dumps(v)[:n], VALUES, st.integers(0, 60)))
def test_what_is_not_json_ends_with_the_one_error_or_means_nothing(text):
    with suppress(NotJSONError):
        contents(text)


@pytest.mark.parametrize(
    "text", [b"", b"[1", b"{", b'{"a"}', b'{"messages":[1 2]}', b'{"messages":[,]}']
)
def test_a_broken_text_is_refused(text):
    with pytest.raises(NotJSONError):
        contents(text)


def test_a_string_that_never_ends_is_read_once():
    began = thread_time()
    with pytest.raises(NotJSONError):
        contents(b'{"messages":[{"content":[{"text":"' + b'\\"' * 500_000)

    assert thread_time() - began < 2
