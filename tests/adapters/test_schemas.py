"""Values are held against schemas, however odd those are, without a way out and without end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.schemas import JsonSchemas
from tests.fakes.conversations import json_values

READ = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "file_path": {"type": "string"},
        "limit": {"type": "integer", "exclusiveMinimum": 0},
        "mode": {"enum": ["a", "b"]},
    },
    "required": ["file_path"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"file_path": "/a"}, ()),
        ({"file_path": "/a", "limit": 3}, ()),
        ({}, ("'file_path' is a required property",)),
        ({"file_path": 3}, ("file_path: 3 is not of type 'string'",)),
        ({"file_path": "/a", "limit": 0}, ("limit: 0 is less than or equal to the minimum of 0",)),
        ({"file_path": "/a", "mode": "c"}, ("mode: 'c' is not one of ['a', 'b']",)),
        ([], ("[] is not of type 'object'",)),
    ],
)
def test_faults_are_told_with_their_place(value, expected):
    assert expected == JsonSchemas().faults(READ, value)


def test_a_further_argument_is_a_fault():
    assert 1 == len(JsonSchemas().faults(READ, {"file_path": "/a", "path": "/b"}))


def test_the_draft_that_a_schema_names_counts():
    old = {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 3}

    assert () == JsonSchemas().faults({**old, "exclusiveMinimum": False}, 3)
    assert 1 == len(JsonSchemas().faults({**old, "exclusiveMinimum": True}, 3))


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(None, id="none"),
        pytest.param("bar", id="a string"),
        pytest.param(True, id="a boolean"),
        pytest.param({"type": "dict"}, id="a foreign type"),
        pytest.param({"properties": None}, id="null for properties"),
        pytest.param({"properties": {"a": "bar"}}, id="a string for a part"),
        pytest.param({"$schema": 3}, id="a number for the draft"),
        pytest.param({"$schema": "gopher://x"}, id="an unknown draft"),
        pytest.param({"$ref": "#/$defs/none"}, id="a reference to nothing"),
        pytest.param({"$ref": "http://127.0.0.1:9/x.json"}, id="a reference out of the document"),
        pytest.param({"$ref": "#"}, id="a reference to itself"),
        pytest.param({"pattern": "(a+)+$"}, id="a pattern without end"),
        pytest.param({"pattern": r"\p{L}(?<x>"}, id="a pattern of another language"),
        pytest.param({"patternProperties": {"(": {}}}, id="names by a broken pattern"),
    ],
)
@pytest.mark.parametrize("value", [{"a": {}}, "a" * 40 + "!", 3])
def test_what_is_odd_is_not_held_against_the_model(schema, value):
    assert () == JsonSchemas().faults(schema, value)


def test_a_schema_that_doubles_and_doubles_is_left_alone():
    steps = {f"s{n}": {"allOf": [{"$ref": f"#/$defs/s{n + 1}"}] * 2} for n in range(40)}
    schema = {"$defs": {**steps, "s40": {}}, "$ref": "#/$defs/s0"}

    assert () == JsonSchemas().faults(schema, 3)


def test_a_long_value_is_not_repeated_in_the_words():
    schema = {"properties": {"a": {"type": "integer"}}}

    (words,) = JsonSchemas().faults(schema, {"a": "x" * 10_000})

    assert words.endswith("is not of type 'integer'")
    assert 300 > len(words)


@given(json_values, json_values)
def test_no_schema_and_no_value_makes_it_raise(schema, value):
    assert isinstance(JsonSchemas().faults(schema, value), tuple)
    assert isinstance(JsonSchemas().faults({"properties": {"a": schema}}, {"a": value}), tuple)


@given(st.recursive(st.just({}), lambda inner: st.fixed_dictionaries({"a": inner}), max_leaves=3))
def test_a_deep_value_ends(value):
    for _ in range(900):
        value = {"a": value}
    schema = {"properties": {"a": {"$ref": "#"}}, "type": "object"}

    assert () == JsonSchemas().faults(schema, value)
