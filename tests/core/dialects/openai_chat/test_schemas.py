"""A schema that would cost the whole request is made harmless, and stays as it was otherwise."""

import pytest
from hypothesis import given

from standby.core.dialects.openai_chat.schemas import (
    DEPTH,
    bounded,
    for_grammar,
    object_schema,
    self_contained,
)
from standby.core.wire.json import dumps
from tests.fakes.conversations import json_values, schemas


def of(schema):
    """What becomes of a property's schema."""
    made = for_grammar({"type": "object", "properties": {"a": schema}, "$defs": {"d": {}}})
    return made["properties"]["a"]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param({"type": "string", "pattern": "\\d+"}, {"type": "string"}, id="pattern"),
        pytest.param({"type": "string", "minLength": 3000}, {"type": "string"}, id="long minimum"),
        pytest.param(
            {"type": "string", "minLength": 3, "maxLength": 5000},
            {"type": "string", "minLength": 3, "maxLength": 5000},
            id="short minimum",
        ),
        pytest.param(True, {}, id="true"),
        pytest.param(False, {}, id="false"),
        pytest.param("bar", {}, id="a string"),
        pytest.param(None, {}, id="null"),
        pytest.param({"$ref": "#/$defs/x"}, {}, id="a ref to nothing"),
        pytest.param({"$ref": "http://x/y"}, {}, id="a ref to elsewhere"),
        pytest.param({"$ref": "#/$defs/d"}, {"$ref": "#/$defs/d"}, id="a good ref"),
        pytest.param({"properties": None}, {}, id="properties null"),
        pytest.param({"type": "dict"}, {"type": "object"}, id="a foreign type"),
        pytest.param({"type": "any"}, {}, id="an unknown type"),
        pytest.param(
            {"type": ["string", "None"]}, {"type": ["string", "null"]}, id="a list of types"
        ),
        pytest.param({"minimum": 1, "exclusiveMaximum": True}, {"minimum": 1}, id="an old bound"),
        pytest.param({"maximum": "9", "minimum": None}, {}, id="bounds that are no numbers"),
        pytest.param({"minimum": -1e25, "maximum": 1e18}, {"maximum": 1e18}, id="a bound too far"),
        pytest.param({"maxLength": "5"}, {}, id="a maximum in words"),
        pytest.param({"maxItems": 2.5, "maxProperties": -1}, {}, id="maxima that none can have"),
        pytest.param(
            {"maxLength": True, "format": 5}, {}, id="a maximum and a format that are none"
        ),
        pytest.param({"minLength": 5, "maxLength": 3}, {}, id="no length between the bounds"),
        pytest.param({"minItems": 3, "maxItems": 3}, {"minItems": 3, "maxItems": 3}, id="just one"),
        pytest.param({"minimum": 9, "exclusiveMaximum": 3.5}, {}, id="no number between them"),
        pytest.param({"enum": []}, {}, id="an empty enum"),
        pytest.param({"enum": ["a", None]}, {"enum": ["a", None]}, id="an enum with null"),
        pytest.param({"const": None}, {"const": None}, id="const null"),
        pytest.param(
            {"type": "array", "items": True}, {"type": "array"}, id="items that may be anything"
        ),
        pytest.param({"anyOf": [{"pattern": "x"}, True]}, {"anyOf": [{}, {}]}, id="within anyOf"),
        pytest.param({"anyOf": []}, {}, id="an empty anyOf"),
        pytest.param(
            {"additionalProperties": False}, {"additionalProperties": False}, id="nothing else"
        ),
        pytest.param(
            {"properties": {"pattern": {"type": "string"}}},
            {"properties": {"pattern": {"type": "string"}}},
            id="a property that is called pattern",
        ),
        pytest.param(
            {"type": "string", "format": "date", "description": "d"},
            {"type": "string", "format": "date", "description": "d"},
            id="what is fine",
        ),
    ],
)
def test_what_a_grammar_cannot_take(schema, expected):
    assert expected == of(schema)


@pytest.mark.parametrize(
    ("defined", "kept"),
    [
        ({"x": {"$ref": "#/$defs/x"}}, {}),
        ({"x": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/x"}]}}, {}),
        ({"x": {"$ref": "#/$defs/y"}, "y": {"allOf": [{"$ref": "#/$defs/x"}]}}, {}),
        ({"x": {"$ref": "#/$defs/y"}, "y": {"type": "null"}}, {"$ref": "#/$defs/x"}),
        ({"x": {"properties": {"a": {"$ref": "#/$defs/x"}}}}, {"$ref": "#/$defs/x"}),
        ({"x": {"type": "array", "items": {"$ref": "#/$defs/x"}}}, {"$ref": "#/$defs/x"}),
    ],
    ids=["itself", "itself or null", "in a circle", "in a row", "a tree", "lists in lists"],
)
def test_a_reference_counts_if_it_says_something_before_it_comes_back(defined, kept):
    made = for_grammar(
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": defined}
    )

    assert kept == made["properties"]["a"]


@pytest.mark.parametrize("schema", [None, True, "bar", [], 5])
def test_what_is_no_schema_allows_any_object(schema):
    assert {"type": "object", "properties": {}} == object_schema(schema)
    assert "object" == for_grammar(schema)["type"]


def test_a_schema_for_nesting_refers_to_nothing():
    schema = {
        "type": "object",
        "$defs": {"d": {"type": "string"}},
        "properties": {"a": {"$ref": "#/$defs/d"}},
    }

    assert {"type": "object", "properties": {"a": {}}} == self_contained(schema)


@given(schemas | json_values)
def test_no_schema_is_too_odd_and_twice_is_once(schema):
    once = for_grammar(schema)

    assert once == for_grammar(once)
    assert self_contained(schema) == for_grammar(self_contained(schema))
    assert "object" == once["type"]


def test_what_nests_too_deep_is_cut():
    deep = {}
    for _ in range(900):
        deep = {"properties": {"a": deep}}

    dumps(for_grammar(deep))
    dumps(bounded(deep, DEPTH))
