"""A glance says what the whole says, or nothing."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from standby.core.wire.glance import Glance, glance
from standby.core.wire.json import dumps, loads
from tests.fakes.json_text import VALUES, WORDS, texts

LONG = "x" * 5_000
# Strings that look like the borders which a glance cuts at.
TRAPS = st.sampled_from(
    [
        "[",
        "]",
        '],"model":"evil","stream":true',
        ',"model":"evil","stream":false,"x":[',
        '","model":"evil',
        '],",":1,',
        ":1,",
        ":",
        ',"',
        "\\",
        '\\",',
        LONG,
    ]
)


@st.composite
def bodies(draw):
    """A JSON object with ``model`` and ``stream`` among odd members, as a text."""
    names = WORDS | TRAPS
    values = VALUES | TRAPS | st.lists(TRAPS, max_size=3)
    members = draw(st.dictionaries(names, values, max_size=6))
    members |= {"model": draw(WORDS | TRAPS | VALUES), "stream": draw(st.booleans() | VALUES)}
    order = draw(st.permutations(sorted(members)))
    value = {name: members[name] for name in order}
    return draw(st.just(dumps(value)) | texts(value))


@given(bodies())
@example(b'{"messages":[],"n":"],",":1":2,"model":"m","stream":true}')
@example(b'{"model":"a","n":"],\\"model\\":\\"evil\\",\\"stream\\":true}","stream":[]}')
@example(b'{"stream":true,"x":"a,[","model":"m","y":{}}')
def test_a_glance_says_what_the_whole_says_or_nothing(body):
    seen = glance(body)
    whole = loads(body)

    if seen is not None:
        assert whole["model"] == seen.model
        assert whole["stream"] is seen.stream


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"model":"m","messages":[{}],"stream":true}', Glance("m", stream=True)),
        (b'{"model":"m","messages":[{}],"stream":false}', Glance("m", stream=False)),
        (b' {\n "messages": [1], "model" :\t"m" , "stream":true } \n', Glance("m", stream=True)),
        (b'{"model":"m","stream":true,"messages":["]"]}', Glance("m", stream=True)),
        (b'{"stream":true,"messages":[],"n":1,"model":"\\u006d"}', Glance("m", stream=True)),
        (b'{"model":"a","messages":[],"model":"m","stream":true}', Glance("m", stream=True)),
    ],
)
def test_what_stands_at_either_end_is_seen(body, expected):
    assert expected == glance(body)


@pytest.mark.parametrize("size", [10, 100_000])
def test_the_middle_is_not_read(size):
    body = b'{"model":"m","messages":[' + b"}no json at all{" * size + b'],"stream":true}'

    assert Glance("m", stream=True) == glance(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"model"',
        b'{"model":"m","stream":true}',
        b'{"model":"m","messages":[]}',
        b'{"model":"","messages":[],"stream":true}',
        b'{"model":1,"messages":[],"stream":true}',
        b'{"model":"m","messages":[],"stream":"true"}',
        b'{"model":"m","messages":[],"stream":true',
        b'{"model":"m","messages":[],"stream":true}x',
        b'{"a":[],"model":"m","stream":true,"b":[]}',
        b'{"model":"m","x":"%b","messages":[],"stream":true}' % (b"x" * 5000),
        b'{"model":"m","messages":[],"x":"%b","stream":true}' % (b"x" * 5000),
        b'\xef\xbb\xbf{"model":"m","messages":[],"stream":true}',
    ],
)
def test_where_only_the_whole_can_tell_nothing_is_said(body):
    assert glance(body) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_looked_at(body):
    glance(body)
