"""Values become what a schema wants where their meaning is plain, and stay what they are else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.schemas import JsonSchemas
from standby.core.dialects.arguments.fit import fitted
from tests.fakes.conversations import json_values

TEXT, WHOLE, NUMBER, YES = ({"type": kind} for kind in ("string", "integer", "number", "boolean"))
LIST = {"type": "array", "items": WHOLE}


def of(**properties):
    return {"type": "object", "properties": properties, "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (WHOLE, "5", 5),
        (WHOLE, " -5 ", -5),
        (WHOLE, "5.0", 5),
        (WHOLE, 5.0, 5),
        (WHOLE, "5.5", "5.5"),
        (WHOLE, "five", "five"),
        (WHOLE, True, True),
        (NUMBER, "0.5", 0.5),
        (NUMBER, "1e3", 1000.0),
        (NUMBER, 3, 3),
        (YES, "true", True),
        (YES, "False", False),
        (YES, "yes", "yes"),
        (YES, 1, 1),
        (TEXT, 404, "404"),
        (TEXT, False, "false"),
        (TEXT, "5", "5"),
        (TEXT, {"a": 1}, {"a": 1}),
        (LIST, "[1, '2',]", [1, 2]),
        (LIST, 3, [3]),
        (LIST, ["1", 2], [1, 2]),
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
        ({"type": "object"}, '"{\\"a\\": 1}"', {"a": 1}),
        ({"type": ["integer", "null"]}, "null", None),
        ({"type": ["string", "integer"]}, "5", "5"),
        ({"anyOf": [WHOLE, {"type": "null"}]}, "5", 5),
        ({"anyOf": [WHOLE, TEXT]}, "5", "5"),
        ({"enum": ["Low", "High"]}, "low", "Low"),
        ({"enum": ["a-b", "a_b"]}, "A B", "A B"),
        ({"enum": [1, 2]}, "2", 2),
        ({"const": 3}, "3", 3),
        ({}, "5", "5"),
        (None, {"a": "5"}, {"a": "5"}),
        (of(a=WHOLE), {"A": "5"}, {"a": 5}),
        (of(file_path=TEXT), {"filePath": "x"}, {"file_path": "x"}),
        (of(file_path=TEXT), {"path": "x"}, {"path": "x"}),
        (of(ab=TEXT, a_b=TEXT), {"AB": "x"}, {"AB": "x"}),
        (of(a=WHOLE, b=TEXT), {"a": None, "b": "x"}, {"b": "x"}),
        (of(a=WHOLE), {"a": ""}, {}),
        ({**of(a=WHOLE), "required": ["a"]}, {"a": None}, {"a": None}),
        (of(a={"type": ["integer", "null"]}), {"a": None}, {"a": None}),
        ({"$defs": {"n": WHOLE}, **of(a={"$ref": "#/$defs/n"})}, {"a": "5"}, {"a": 5}),
        ({"allOf": [of(a=WHOLE)]}, {"a": "5"}, {"a": 5}),
        ({"$ref": "#"}, "5", "5"),
        ({"$ref": "http://x/y"}, "5", "5"),
    ],
)
def test_each_kind(schema, value, expected):
    made = fitted(value, schema)

    assert (type(expected), expected) == (type(made), made)


@given(json_values, json_values)
def test_no_schema_makes_it_raise(value, schema):
    fitted(value, schema)
    fitted({"a": value}, {"properties": {"a": schema}})
    fitted(value, {"anyOf": schema, "enum": schema, "items": schema})


schemas = st.recursive(
    st.sampled_from([TEXT, WHOLE, NUMBER, YES, {"type": "null"}, {}]),
    lambda inner: (
        st.builds(lambda items: {"type": "array", "items": items}, inner)
        | st.builds(lambda a, b: of(a=a, b=b), inner, inner)
        | st.builds(lambda a, b: {"anyOf": [a, b]}, inner, inner)
    ),
    max_leaves=4,
)


@given(json_values, schemas)
def test_what_is_right_stays_and_fitting_twice_is_fitting_once(value, schema):
    check = JsonSchemas().faults
    made = fitted(value, schema)

    assert made == fitted(made, schema)
    if not check(schema, value):
        assert not check(schema, made)
