"""The description of the API holds together, and is what is in the repository."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from standby.server.api.openapi import PARAMETERS, PATHS, document
from standby.server.api.schemas import SCHEMAS

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
DOCUMENT = document("1.0")


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_one_and_says_what_it_is_about(name):
    Draft202012Validator.check_schema(SCHEMAS[name])

    assert SCHEMAS[name]["description"]
    assert set(SCHEMAS[name]["required"]) == set(SCHEMAS[name]["properties"])


def test_every_reference_leads_somewhere():
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)))

    assert named <= set(SCHEMAS)
    assert {schema for schema, _ in PATHS.values()} <= named


def test_every_path_has_its_answers_and_parameters():
    for name in PATHS:
        get = DOCUMENT["paths"][f"/{name}"]["get"]
        asked = {one["name"] for one in get["parameters"] if one["in"] == "query"}
        assert set(PARAMETERS.get(name, {})) == asked
        assert {"200", "401"} <= set(get["responses"])
        assert ("{id}" in name) == any(one["in"] == "path" for one in get["parameters"])
    operations = [
        one["operationId"] for path in DOCUMENT["paths"].values() for one in path.values()
    ]
    assert len(operations) == len(set(operations))


def test_what_is_shipped_is_what_is_served():
    shipped = json.loads((REFERENCE / "openapi.json").read_text(encoding="utf-8"))

    assert shipped == document(shipped["info"]["version"])
