import json
import tomllib
from dataclasses import fields

import pytest

from standby.core.settings import Settings

FILE = """\
[gateway]
port = 9000

[[local.servers]]
name = "box"
kind = "vllm"
url = "http://127.0.0.1:8000"
"""


@pytest.fixture
def written(where, monkeypatch):
    monkeypatch.delenv("STANDBY_GATEWAY_PORT")
    where.config.mkdir(parents=True)
    where.config_file.write_text(FILE)
    return where.config_file


def test_the_path_is_said_even_when_there_is_no_file(standby, where):
    assert f"{where.config_file}\n" == standby("config", "path").out


def test_what_is_shown_is_toml_and_has_every_setting(standby, written):
    shown = tomllib.loads(standby("config", "show").out)

    assert {"host": "127.0.0.1", "port": 9000}.items() <= shown["gateway"].items()
    assert shown["local"]["servers"][0]["name"] == "box"
    assert set(shown) == {section.name for section in fields(Settings)}


def test_where_a_value_comes_from_is_said_beside_it(standby, written):
    lines = standby("config", "show", "--origin").out.splitlines()
    origins = {line.partition(" = ")[0]: line.partition("# ")[2] for line in lines}

    assert f"{written}:2" == origins["port"]
    assert "default" == origins["host"]
    assert "STANDBY_LOCAL_FETCH" == origins["fetch"]


def test_json_has_the_same(standby, written):
    shown = json.loads(standby("config", "show", "--json", "--origin").out)

    assert 9000 == shown["settings"]["gateway"]["port"]
    assert f"{written}:2" == shown["origins"]["gateway.port"]
    assert str(written) == shown["path"]


def test_settings_in_order_are_zero(standby, written):
    said = standby("config", "check")

    assert (0, f"{written}: in order\n") == (said.code, said.out)


def test_every_fault_is_said_with_its_place(standby, written):
    written.write_text('[gateway]\nprot = 1\n[log]\nlevel = "loud"\n')
    said = standby("config", "check")

    assert (1, "") == (said.code, said.out)
    assert f"{written}:2: gateway.prot: no such setting; did you mean 'port'?" in said.err
    assert f"{written}:4: log.level" in said.err
