"""What models write for JSON is read as it was meant, or not at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.dialects.arguments.mend import Quotes, mend, value_at, whole
from tests.fakes.conversations import json_values


@given(json_values, st.booleans(), st.sampled_from([None, 1]))
def test_proper_json_is_what_it_says(value, ascii_only, indent):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)

    assert value == whole(text).value


strings = st.text(st.characters(codec="utf-8"), max_size=12)
flat = st.dictionaries(
    st.text("abcXYZ_", min_size=1, max_size=6),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | strings,
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=4,
    ),
    max_size=4,
)


@given(flat)
def test_the_tolerant_reader_reads_proper_json_too(value):
    found = mend(json.dumps(value))

    assert (value, True) == (found.value, found.closed)


@given(flat)
def test_a_comma_too_many_or_a_bracket_too_few_change_nothing(value):
    text = json.dumps(value)
    body = text[:-1]

    assert value == whole(body + (",}" if value else "}")).value
    found = whole(body)
    if found is not None:  # a string that ends with a bracket may be anything
        assert (value, False) == (found.value, found.closed)


@given(st.text(max_size=60), st.text(max_size=5))
def test_no_text_makes_it_raise_or_read_on_behind_its_end(text, more):
    found = mend(text + more)

    assert found is None or found.end <= len(text + more)
    assert whole(text) is None or whole(text).end >= 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1,}', {"a": 1}),
        ('{"a": [1, 2,],}', {"a": [1, 2]}),
        ('{"a": 1 "b": 2}', {"a": 1, "b": 2}),
        ('{"a": "x"\n"b": 2}', {"a": "x", "b": 2}),
        ("{'a': 'it''s'}", {"a": "it''s"}),
        ("{'a': \"it's\"}", {"a": "it's"}),
        ("{'a': 'it\\'s'}", {"a": "it's"}),
        ('{a: 1, b-c: "x"}', {"a": 1, "b-c": "x"}),
        ('{"a": "1\n2\t3"}', {"a": "1\n2\t3"}),
        ('{"a": "say "hi" now"}', {"a": 'say "hi" now'}),
        ('{"a": "print("x", "y")", "b": 1}', {"a": 'print("x", "y")', "b": 1}),
        ('{"a": "{"b": "c"}"}', {"a": '{"b": "c"}'}),
        (r'{"a": "\d+\.\w"}', {"a": r"\d+\.\w"}),
        (r'{"a": "C:\Users\me"}', {"a": r"C:\Users\me"}),
        (r'{"a": "\u00e9\ud83d\ude00\ud83d",}', {"a": "é😀�"}),
        ('{"a": True, "b": None, "c": FALSE}', {"a": True, "b": None, "c": False}),
        ('{"a": +1, "b": .5, "c": 1_000, "d": -2e3}', {"a": 1, "b": 0.5, "c": 1000, "d": -2000.0}),
        ('{// one\n"a": 1, # two\n"b": /* 3 */ 2}', {"a": 1, "b": 2}),
        ('{"url": "http://x//y", }', {"url": "http://x//y"}),
        ('{"a": {"b": [1', {"a": {"b": [1]}}),
        ('{"a": 1, "b": ', {"a": 1}),
        ('{"a": 1, "b"', {"a": 1}),
        ('{"a": "tex', {"a": "tex"}),
        ('{"a": "tex\\', {"a": "tex"}),
        ('{"a": [1, 2}', {"a": [1, 2]}),
        ('{"a": 1}}}', {"a": 1}),
        ('```json\n{"a": 1,}\n```', {"a": 1}),
        ('{"a": (1, 2)}', {"a": [1, 2]}),
        ("{}", {}),
        ('{"a": 99999999999999999999,}', {"a": 1e20}),
    ],
)
def test_what_is_put_up_with(text, expected):
    assert expected == whole(text).value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ls -la",
        '{"a": ls}',
        '{"a": <path>}',
        '{"a": ...}',
        '{"a": 1} and more',
        '{"a": 1} {"b": 2}',
        '{"a" 1}',
        '{1: 2, "a": }x',
        "[1, 2",
        '{"a": "b}',
        "{" * 500,
    ],
)
def test_what_has_no_one_meaning_is_not_read(text):
    found = whole(text)

    assert found is None or (not found.closed and found.value == [1, 2])


def test_other_quotes_can_be_told():
    quotes = Quotes({"<<": ">>"}, raw=frozenset({"<<"}))

    assert {"a": 'x "y" \\n'} == mend('{a: <<x "y" \\n>>}', 0, quotes).value


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "' + "x" * 200_000,
        '{"a": "' + '"' * 20_000,
        '{"a": "' + " " * 100_000 + "}",
        "{" + '"a": 1, ' * 50_000,
        "{'" * 20_000,
        "/*" * 50_000,
        '{"a": ' + "[" * 50_000,
        '"\\' * 50_000,
    ],
)
def test_hostile_text_takes_no_time(text):
    for reader in (whole, mend, lambda it: value_at(it, 0)):
        reader(text)
