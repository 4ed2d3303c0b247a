"""The schema for editors allows what the gateway takes, and refuses what it refuses."""

import pytest
from jsonschema import Draft7Validator

from standby.core.settings.parse import known, parse
from standby.core.settings.schema import settings_schema
from standby.core.settings.values import Settings

SCHEMA = Draft7Validator(settings_schema())

SOUND = [
    {},
    {"gateway": {"port": 0}},
    {"policy": {"mode": "spare", "projects": [{"path": "/work", "privacy": "ask"}]}},
    {"local": {"servers": [{"name": "big", "kind": "vllm", "url": "http://127.0.0.1:1"}]}},
]
WRONG = [
    {"gatway": {}},
    {"gateway": {"prot": 1}},
    {"gateway": {"port": 70_000}},
    {"gateway": {"port": "8484"}},
    {"policy": {"mode": "fast"}},
    {"policy": {"projects": [{"path": "/work"}]}},
    {"local": {"servers": {}}},
    {"cloud": {"idle_s": 0}},
    {"ledger": {"enabled": "yes"}},
]


def test_it_is_a_schema():
    Draft7Validator.check_schema(settings_schema())


@pytest.mark.parametrize("mapping", SOUND)
def test_it_allows_what_is_sound(mapping):
    assert isinstance(parse(mapping), Settings)
    assert SCHEMA.is_valid(mapping)


@pytest.mark.parametrize("mapping", WRONG)
def test_it_refuses_what_is_wrong(mapping):
    assert not isinstance(parse(mapping), Settings)
    assert not SCHEMA.is_valid(mapping)


def test_it_allows_every_default():
    mapping = {}
    for one in known():
        default = list(one.default) if isinstance(one.default, tuple) else one.default
        mapping.setdefault(one.path[0], {})[one.path[1]] = default

    assert [] == [error.message for error in SCHEMA.iter_errors(mapping)]
