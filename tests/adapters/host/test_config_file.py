"""A settings file is read, or everything that is wrong with it is said, with file and line."""

# ruff: noqa: E501  # messages stand here as a person reads them

import os
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from standby.adapters.host.config_file import ConfigError, read_config
from standby.core.settings import Settings, known


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config.toml"


def refused(path, environment=None):
    with pytest.raises(ConfigError) as caught:
        read_config(path, environment or {})
    return str(caught.value).replace(f"{path.parent}{os.sep}", "")


def test_no_file_is_the_defaults(path):
    read = read_config(path, {})

    assert Settings() == read.settings
    assert not read.found
    assert {"default"} == {*read.origins.values()}
    assert {one.dotted for one in known()} == {*read.origins}


def test_a_file_that_was_asked_for_must_be_there(path):
    with pytest.raises(ConfigError, match="there is no such file"):
        read_config(path, {}, required=True)


def test_every_setting_says_where_it_comes_from(path):
    path.write_text(
        '[gateway]\nport = 1\nhost = "::1"\n[[local.servers]]\nname="a"\nkind="vllm"\nurl="http://localhost:1"\n'
    )

    read = read_config(path, {"STANDBY_GATEWAY_PORT": "2", "STANDBY_CLOUD_IDLE_S": "3"})

    assert 2 == read.settings.gateway.port
    assert "::1" == read.settings.gateway.host
    assert {
        "gateway.port": "STANDBY_GATEWAY_PORT",
        "gateway.host": f"{path}:3",
        "cloud.idle_s": "STANDBY_CLOUD_IDLE_S",
        "local.servers": f"{path}:4",
    } == {name: origin for name, origin in read.origins.items() if origin != "default"}


def test_everything_wrong_is_said_at_once(path):
    path.write_text(
        """\
# what I want
[gateway]
prot = 8484
host = "0.0.0.0"

[cloud]
url = "http://api.anthropic.com"
overage = "exausted"
burst_wait_s = 61

[[local.servers]]
name = "box"
kind = "vlm"
url = "http://192.168.1.20:8000"
key_env = "sk-ant-oops"
"""
    )

    assert refused(path, {"STANDBY_LOG_LEVEL": "loud", "STANDBY_LOG_LEVLE": "info"}) == snapshot(
        """\
environment: STANDBY_LOG_LEVLE: no such setting; did you mean 'STANDBY_LOG_LEVEL'?
config.toml:3: gateway.prot: no such setting; did you mean 'port'?
config.toml:4: gateway.host: '0.0.0.0' is not allowed here; allowed: 127.0.0.1, ::1, localhost
config.toml:7: cloud.url: http:// would send a credential in clear to 'api.anthropic.com'; allowed: https://, or http:// on loopback (127.0.0.1, [::1], localhost)
config.toml:8: cloud.overage: 'exausted' is not allowed here; allowed: use, exhausted; did you mean 'exhausted'?
config.toml:9: cloud.burst_wait_s: 61 is out of range; allowed: seconds from 0 to 60
config.toml:13: local.servers[0].kind: 'vlm' is not allowed here; allowed: lmstudio, ollama, llamacpp, vllm, sglang, mlx, openai_compatible; did you mean 'vllm'?
config.toml:14: local.servers[0].url: '192.168.1.20' is another machine; allowed: http:// or https:// on loopback (127.0.0.1, [::1], localhost)
config.toml:15: local.servers[0].key_env: this is not the name of an environment variable; allowed: the name of an environment variable that holds the server's own key
environment: STANDBY_LOG_LEVEL: log.level: 'loud' is not allowed here; allowed: debug, info, warning, error\
"""
    )


def test_what_is_missing_is_reported_where_its_table_stands(path):
    path.write_text('\n\n[[local.servers]]\nname = "a"\nkind = "vllm"\n')

    assert refused(path).startswith("config.toml:3: local.servers[0].url: this must be given; ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[gateway\n",
            snapshot(
                "config.toml:1:9: this is not TOML: Expected ']' at the end of a table declaration"
            ),
        ),
        ("[gateway]\nport = \n", snapshot("config.toml:2:8: this is not TOML: Invalid value")),
        (
            "[log]\nlevel = 'info",
            snapshot('config.toml:2: this is not TOML: Expected "\'" (at end of document)'),
        ),
        (
            "[log]\nlevel='a'\nlevel='b'\n",
            snapshot("config.toml:3:10: this is not TOML: Cannot overwrite a value"),
        ),
    ],
)
def test_what_is_not_toml_is_said_by_line_and_column(path, text, words):
    path.write_text(text)

    assert words == refused(path)


@pytest.mark.parametrize(
    "data",
    [
        b"[log]\nlevel = '\xff'",
        b"x = " + b"9" * 5000,
        b"x = " + b"[" * 5000,
        b"#" * (1024 * 1024 + 1),
        b"gateway = 1",
        b"[[gateway]]",
        b"\x00",
    ],
)
def test_no_file_is_a_reason_to_crash(path, data):
    path.write_bytes(data)

    assert refused(path).startswith("config.toml")


def test_a_file_with_a_mark_and_line_ends_of_windows_is_read(path):
    path.write_bytes(b"\xef\xbb\xbf[gateway]\r\nport = 1\r\n")

    read = read_config(path, {})

    assert 1 == read.settings.gateway.port
    assert f"{path}:2" == read.origins["gateway.port"]


def test_the_home_folder_is_written_out(path, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    path.write_text('[local]\nmodel_path = "~/models/a.gguf"\n')

    assert tmp_path / "models" / "a.gguf" == Path(read_config(path, {}).settings.local.model_path)


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_a_file_that_everybody_may_write_is_refused(path):
    path.write_text("")
    path.chmod(0o666)

    assert "everybody may write it" in refused(path)


def test_a_folder_is_no_file(tmp_path):
    assert refused(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="pipes in the file system are of POSIX")
def test_a_pipe_is_no_file_and_nobody_waits_for_it(path):
    os.mkfifo(path)

    assert "this is not a file" in refused(path)


def test_the_folder_we_are_in_changes_nothing(path, tmp_path, monkeypatch):
    project = tmp_path / "project"
    (project / ".standby").mkdir(parents=True)
    for name in ("config.toml", "standby.toml", ".env", ".standby/config.toml"):
        (project / name).write_text("[gateway]\nport = 1\nSTANDBY_GATEWAY_PORT=1\n")
    monkeypatch.chdir(project)

    assert Settings() == read_config(path, {}).settings
