"""Settings come whole and sound, or with everything that is wrong."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.settings import Server, Settings
from standby.core.settings.faults import Fault, Faults
from standby.core.settings.parse import SECTIONS, known, parse, with_environment

scalars = st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.dates())
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
names = st.one_of(
    st.sampled_from([one.path[1] for one in known()]),
    st.text(max_size=12),
)
servers = st.lists(
    st.dictionaries(
        st.sampled_from([entry.name for entry in fields(Server)]) | st.text(max_size=5),
        st.sampled_from(["lmstudio", "http://127.0.0.1:1", "a", ""]) | values,
    ),
    max_size=3,
)
sections = st.dictionaries(names, values, max_size=5)
mappings = st.dictionaries(
    st.sampled_from([*SECTIONS]) | st.text(max_size=8),
    st.one_of(sections, values, st.fixed_dictionaries({"servers": servers})),
    max_size=6,
)


@given(mappings)
def test_any_mapping_becomes_settings_or_faults_that_say_where(mapping):
    match parse(mapping):
        case Settings():
            assert mapping.keys() <= SECTIONS.keys()
        case Faults(faults):
            assert faults
            for fault in faults:
                assert fault.path
                assert fault.path[0] in {*mapping, "local"}
                assert fault.wrong


@given(mappings)
def test_what_was_read_is_of_the_types_that_are_declared(mapping):
    types = {"str": str, "int": int, "float": float, "bool": bool}
    match parse(mapping):
        case Settings() as settings:
            for name in SECTIONS:
                section = getattr(settings, name)
                for entry in fields(section):
                    wanted = types.get(str(getattr(entry.type, "__name__", entry.type)), tuple)
                    assert type(getattr(section, entry.name)) is wanted
        case Faults(faults):
            assert faults


def test_nothing_at_all_is_the_defaults():
    assert Settings() == parse({})


def test_defaults_are_values_that_are_allowed():
    mapping: dict[str, dict[str, object]] = {}
    for one in known():
        default = list(one.default) if isinstance(one.default, tuple) else one.default
        mapping.setdefault(str(one.path[0]), {})[str(one.path[1])] = default

    assert Settings() == parse(mapping)


def test_all_faults_are_told_at_once():
    told = parse(
        {
            "gatway": {},
            "gateway": {"port": 70000, "prot": 1},
            "log": {"level": "inof"},
            "local": {"servers": [{"name": "box", "kind": "vllm"}]},
            "cloud": 3,
        }
    )

    assert isinstance(told, Faults)
    assert [
        "gatway: no such setting; did you mean 'gateway'?",
        "gateway.prot: no such setting; did you mean 'port'?",
        "gateway.port: 70000 is out of range; allowed: a whole number from 0 to 65535",
        "cloud: this is not a table",
        "local.servers[0].url: this must be given; "
        "allowed: http:// or https:// on loopback (127.0.0.1, [::1], localhost)",
        "log.level: 'inof' is not allowed here; allowed: debug, info, warning, error; "
        "did you mean 'info'?",
    ] == [fault.sentence for fault in told.all]


def test_a_server_has_its_settings():
    box = {"name": "box", "kind": "vllm", "url": "http://LOCALHOST:8000/", "key_env": "BOX_KEY"}

    settings = parse({"local": {"engine": "box", "servers": [box]}})

    assert isinstance(settings, Settings)
    assert (Server("box", "vllm", "http://localhost:8000", "BOX_KEY"),) == settings.local.servers
    assert "box" == settings.local.engine


@pytest.mark.parametrize("name", ["auto", "cloud", "local", "embedded", "on_path", "ollama"])
def test_a_server_is_not_called_what_means_something_else(name):
    server = {"name": name, "kind": "vllm", "url": "http://localhost:8000"}

    assert Faults(
        (
            Fault(
                ("local", "servers", 0, "name"),
                f"{name!r} means something else; choose another name",
            ),
        )
    ) == parse({"local": {"servers": [server]}})


def test_two_servers_have_two_names():
    server = {"name": "box", "kind": "vllm", "url": "http://localhost:8000"}

    assert Faults(
        (Fault(("local", "servers", 1, "name"), "'box' is the name of another server, too"),)
    ) == parse({"local": {"servers": [server, server]}})


def test_an_engine_that_does_not_exist_is_refused():
    told = parse({"local": {"engine": "olama"}})

    assert isinstance(told, Faults)
    assert "ollama" == told.all[0].nearest


def test_what_follows_from_a_fault_is_not_told_besides():
    box = {"name": "The Box", "kind": "vllm", "url": "http://localhost:8000"}

    told = parse({"local": {"engine": "box", "servers": [box]}})

    assert isinstance(told, Faults)
    assert ["local.servers[0].name"] == [fault.dotted for fault in told.all]


def test_one_table_where_a_list_is_meant_is_explained():
    assert Faults(
        (Fault(("local", "servers"), "write it as [[local.servers]], once for each"),)
    ) == parse({"local": {"servers": {"name": "box"}}})


def test_the_environment_outweighs_the_file():
    mapping, used, faults = with_environment(
        {"gateway": {"port": 1, "host": "::1"}},
        {"STANDBY_GATEWAY_PORT": "9000", "STANDBY_CLOUD_IDLE_S": "2", "PATH": "/bin"},
    )

    assert {"gateway": {"port": 9000, "host": "::1"}, "cloud": {"idle_s": 2.0}} == mapping
    assert {
        ("gateway", "port"): "STANDBY_GATEWAY_PORT",
        ("cloud", "idle_s"): "STANDBY_CLOUD_IDLE_S",
    } == used
    assert () == faults


def test_an_empty_variable_is_none():
    assert ({}, {}, ()) == with_environment({}, {"STANDBY_GATEWAY_PORT": ""})


def test_a_variable_that_is_misspelt_is_a_fault():
    mapping, used, faults = with_environment(
        {}, {"STANDBY_GATEWAY_PROT": "1", "STANDBY_LOCAL_SERVERS": "x", "STANDBY_HOME": "/x"}
    )

    assert ({}, {}) == (mapping, used)
    assert [
        "STANDBY_GATEWAY_PROT: no such setting; did you mean 'STANDBY_GATEWAY_PORT'?",
        "STANDBY_LOCAL_SERVERS: a list of tables is set in the file only",
    ] == [fault.sentence for fault in faults]


@given(st.dictionaries(st.sampled_from([one.variable for one in known()]), st.text(), max_size=5))
def test_any_environment_becomes_settings_or_faults(environment):
    mapping, _used, faults = with_environment({"log": 3}, environment)

    assert isinstance(parse(mapping), Faults)
    assert all(fault.wrong for fault in faults)


def test_the_mapping_given_stays_as_it_was():
    given = {"gateway": {"port": 1}}

    with_environment(given, {"STANDBY_GATEWAY_PORT": "2"})

    assert {"gateway": {"port": 1}} == given
