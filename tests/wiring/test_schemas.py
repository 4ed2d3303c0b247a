import subprocess
import sys

from standby.adapters.schemas import JsonSchemas
from standby.wiring.schemas import SchemasOnDemand

NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}}

LOADED = """
import sys
from standby.wiring import serving
from standby.wiring.schemas import SchemasOnDemand
schemas = SchemasOnDemand()
print("jsonschema" in sys.modules)
schemas.faults({"type": "object"}, {})
print("jsonschema" in sys.modules)
"""


def test_it_says_what_the_checker_says():
    for value in ({"n": 1}, {"n": "one"}, [], None):
        assert JsonSchemas().faults(NUMBER, value) == SchemasOnDemand().faults(NUMBER, value)
    assert SchemasOnDemand().faults(NUMBER, {"n": "one"})


def test_a_gateway_loads_what_checks_schemas_with_the_first_check():
    said = subprocess.run(
        [sys.executable, "-c", LOADED], check=True, capture_output=True, text=True, timeout=60
    )

    assert ["False", "True"] == said.stdout.split()


def test_where_what_checks_them_is_gone_from_the_disk_nothing_is_wrong_and_it_is_said_once(
    monkeypatch, caplog
):
    monkeypatch.setitem(sys.modules, "standby.adapters.schemas", None)
    schemas = SchemasOnDemand()

    assert [(), ()] == [schemas.faults(NUMBER, {"n": "one"}) for _ in range(2)]
    assert 1 == caplog.text.count("calls are not checked, until `standby restart`")
