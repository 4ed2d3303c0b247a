"""A JSON object as text, changed in one member."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.host.json_members import members, with_member, without_member

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
objects = st.dictionaries(st.text(max_size=6).filter(lambda name: name != "ours"), json_values)
indents = st.sampled_from([None, 0, 2, "\t"])


@given(objects, indents, json_values, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_was_put_in_can_be_taken_out_to_the_letter(value, indent, ours, line_end, escaped):
    text = json.dumps(value, indent=indent, ensure_ascii=escaped).replace("\n", line_end) + line_end
    with_ours = with_member(text, "ours", ours)

    assert value | {"ours": ours} == json.loads(with_ours)
    if value:
        assert text == without_member(with_ours, "ours")
    else:  # the blanks within an empty object are nobody's
        assert {} == json.loads(without_member(with_ours, "ours"))


@given(st.lists(st.sampled_from("abcd"), unique=True, min_size=1), indents, st.data())
def test_any_member_can_be_taken_out(names, indent, data):
    value = {name: [name] for name in names}
    gone = data.draw(st.sampled_from(names))
    left = without_member(json.dumps(value, indent=indent), gone)

    assert {name: of for name, of in value.items() if name != gone} == json.loads(left)
    assert [name for name in names if name != gone] == [one.name for one in members(left)]


def test_a_new_member_looks_like_its_neighbours():
    text = '{\n    "a": 1,\n    "b": {"c": 2}\n}\n'

    assert '{\n    "a": 1,\n    "b": {"c": 2},\n    "d": true\n}\n' == with_member(text, "d", True)


def test_into_an_empty_object_it_gets_a_line_of_its_own():
    assert '{\n  "d": 1\n}\n' == with_member("{}\n", "d", 1)


def test_a_member_that_is_not_there_changes_nothing():
    assert '{ "a" : 1 }' == without_member('{ "a" : 1 }', "b")


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "3", "{", '{"a"}', '{"a": }', '{"a": 1,}', '{"a": 1 "b": 2}', "{1: 2}"),
        *('{"a": 1} x', '// words\n{"a": 1}', '\ufeff{"a": 1}'),
    ],
)
def test_what_is_no_object_is_not_guessed_at(text):
    with pytest.raises(ValueError, match=r".+"):
        members(text)
