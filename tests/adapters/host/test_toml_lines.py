"""Every key is found on its line, whatever stands around it."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.host.toml_lines import key_lines, line_of

TEXT = '''\
# gateway.port = 1
top = "[not] = a table"

[gateway]  # port = 2
port = 8484
"host" = '[x]'

[cloud]
url = """
[local]
port = 3
"""
idle_s = [ # a list
  1, [2,
  3] ]
"first byte".'dotted' = 5

[[local.servers]]
name = "a"
[[local.servers]]

name = "b"
[local.servers.more]
deep = {a = 1, b = "}"}
'''


def test_keys_are_on_their_lines():
    tomllib.loads(TEXT)

    assert {
        ("top",): 2,
        ("gateway",): 4,
        ("gateway", "port"): 5,
        ("gateway", "host"): 6,
        ("cloud",): 8,
        ("cloud", "url"): 9,
        ("cloud", "idle_s"): 13,
        ("cloud", "first byte", "dotted"): 16,
        ("local", "servers"): 18,
        ("local", "servers", 0): 18,
        ("local", "servers", 0, "name"): 19,
        ("local", "servers", 1): 20,
        ("local", "servers", 1, "name"): 22,
        ("local", "servers", 1, "more"): 23,
        ("local", "servers", 1, "more", "deep"): 24,
    } == key_lines(TEXT)


def test_what_is_missing_is_sought_in_its_table():
    lines = key_lines(TEXT)

    assert 20 == line_of(("local", "servers", 1, "url"), lines)
    assert 24 == line_of(("local", "servers", 1, "more", "deep", "b"), lines)
    assert 0 == line_of(("log", "level"), lines)


def literal(value):
    match value:
        case str() if "\n" not in value:
            return '"' + value.replace('"', '\\"') + '"'
        case str():
            return "'''" + value + "'''"
        case list():
            return "[\n" + ",\n".join(literal(one) for one in value) + "]"
        case _:
            return str(value)


texts = st.text(alphabet='ab[]=#{},.\n"', max_size=12)
values = st.recursive(
    st.integers() | texts, lambda inner: st.lists(inner, max_size=3), max_leaves=5
)
keys = st.text(alphabet="abc-_1", min_size=1, max_size=6)


@given(
    st.dictionaries(
        keys.map(lambda key: "t" + key), st.dictionaries(keys, values, max_size=4), max_size=4
    )
)
def test_any_table_of_any_values_is_found(tables):
    text, expected = "", {}
    for table, entries in tables.items():
        expected[(table,)] = text.count("\n") + 1
        text += f"[{table}]\n"
        for key, value in entries.items():
            expected[(table, key)] = text.count("\n") + 1
            text += f"{key} = {literal(value)} # = [\n"
    tomllib.loads(text)

    assert expected == key_lines(text)
