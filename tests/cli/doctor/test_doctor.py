import json
import socket
import sys

import pytest

from tests.fakes.gateway import MODEL, running_gateway, status


@pytest.fixture
def examined(standby, monkeypatch, tmp_path):
    """Call the doctor; return its exit code and its findings by check."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        said = standby("doctor", "--offline", "--json", *arguments)
        findings = {}
        for one in json.loads(said.out):
            findings.setdefault(one["check"], []).append(one)
        return said.code, findings

    return call


def grades(findings):
    return {check: max(one["grade"] for one in some) for check, some in findings.items()}


def local(**changes):
    return status(local={"would_take_over": MODEL | changes, "models": []})


def test_with_everything_in_order_it_is_zero(examined, where, tmp_path, monkeypatch):
    client = tmp_path / "claude"
    client.write_text("#!/bin/sh\necho '9.9.9 (Claude Code)'\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with running_gateway(where):
        code, findings = examined()

    assert code == 0
    assert {"ok"} == {one["grade"] for some in findings.values() for one in some}, findings
    assert "9.9.9" in findings["claude code"][0]["words"]


def test_every_finding_that_is_not_well_says_what_to_do(examined):
    _, findings = examined()
    ill = [one for some in findings.values() for one in some if one["grade"] != "ok"]

    assert ill
    assert all(one["advice"] for one in ill)


def test_faulty_settings_are_found_and_the_other_checks_still_made(examined, where):
    where.config.mkdir(parents=True)
    where.config_file.write_text("[clowd]\n")
    code, findings = examined()

    assert code == 1
    assert "did you mean 'cloud'?" in findings["settings"][0]["words"]
    assert "environment" in findings


def test_no_gateway_is_a_warning_only(examined):
    code, findings = examined()

    assert (0, "warn") == (code, grades(findings)["gateway"])


def test_another_program_on_the_port_is_found(examined, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("STANDBY_GATEWAY_PORT", str(port))
        code, findings = examined()

    assert code == 1
    assert f"listens on 127.0.0.1:{port}" in findings["port"][0]["words"]


def test_an_impostor_is_found(examined, where):
    with running_gateway(where, knows_token=False):
        code, findings = examined()

    assert (1, "fail") == (code, grades(findings)["gateway"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"context_tokens": 32768}, "window of 32768 tokens"),
        ({"rehearsal": True}, "cannot write code"),
        ({"tools": False}, "knows no tools"),
    ],
)
def test_a_stand_in_that_is_of_little_use_is_a_warning(examined, where, change, words):
    with running_gateway(where, says=local(**change)):
        code, findings = examined()

    assert code == 0
    assert words in findings["local model"][-1]["words"]
    assert "warn" == grades(findings)["local model"]


def test_no_stand_in_is_a_failure(examined, where):
    with running_gateway(where, says=status(local={"problem": "no local model is there"})):
        code, findings = examined()

    assert (1, "no local model is there") == (code, findings["local model"][0]["words"])


def test_a_ledger_that_is_damaged_is_a_warning(examined, where):
    where.make()
    where.ledger_file.write_bytes(b"no ledger at all" * 4096)
    where.ledger_file.chmod(0o600)
    code, findings = examined()

    assert (0, "warn") == (code, grades(findings)["ledger"])
    assert "the ledger is damaged" in findings["ledger"][0]["words"]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are those of POSIX")
def test_a_file_that_others_can_read_is_found(examined, where):
    where.make()
    (where.state / "ledger.sqlite3").touch(0o644)
    (where.state / "ledger.sqlite3").chmod(0o644)
    _, findings = examined()

    assert "ledger.sqlite3" in findings["folders"][0]["words"]


@pytest.mark.skipif(sys.platform == "win32", reason="symlinks need a right there")
def test_a_folder_that_is_a_symlink_is_a_failure(examined, where, tmp_path):
    where.state.parent.mkdir(parents=True)
    where.state.symlink_to(tmp_path)
    code, findings = examined()

    assert (1, "fail") == (code, grades(findings)["folders"])


def test_settings_of_the_client_that_win_are_found(examined, tmp_path):
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude" / "settings.json").write_text(
        '{"env": {"ANTHROPIC_BASE_URL": "https://x.example", "CLAUDE_CODE_USE_VERTEX": "1"}}'
    )
    _, findings = examined()
    words = " ".join(one["words"] for one in findings["claude settings"])

    assert "ANTHROPIC_BASE_URL" in words
    assert "CLAUDE_CODE_USE_VERTEX" in words


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ANTHROPIC_BASE_URL": "https://x.example"}, "the gateway asks http://127.0.0.1:9"),
        ({"CLAUDE_CODE_USE_BEDROCK": "1"}, "another provider"),
        ({"HTTP_PROXY": "http://p.example"}, "NO_PROXY does not name this machine"),
        ({"_CLAUDE_CODE_ASSUME_FIRST_PARTY_BASE_URL": "1"}, "reads all of it again"),
    ],
)
def test_variables_that_conflict_are_found(examined, monkeypatch, variables, words):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    _, findings = examined()

    assert words in findings["environment"][0]["words"]


def test_a_proxy_that_spares_this_machine_is_in_order(examined, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://p.example")
    monkeypatch.setenv("NO_PROXY", "localhost, 127.0.0.1")

    assert "ok" == grades(examined()[1])["environment"]


def test_for_people_it_is_a_list_with_advice(standby):
    said = standby("doctor", "--offline")

    assert said.out.startswith("ok   settings")
    assert "→ Start one with `standby up`" in said.out


def test_a_model_file_that_is_named_and_is_not_there_is_found(examined, monkeypatch, tmp_path):
    file = tmp_path / "coder.gguf"
    monkeypatch.setenv("STANDBY_LOCAL_MODEL_PATH", str(file))
    code, findings = examined()

    assert (1, "fail") == (code, grades(findings)["model file"])
    assert str(file) in findings["model file"][0]["words"]

    file.touch()
    assert "model file" not in examined()[1]


def test_a_tier_whose_model_is_not_there_is_a_warning(examined, where):
    tiers = [{"tier": "opus", "model": "coder:30b", "there": False}]
    with running_gateway(where, says=status(policy={"mode": "auto", "tiers": tiers})):
        _, findings = examined()

    assert "warn" == grades(findings)["tiers"]
    assert "`[tiers] opus` names 'coder:30b'" in findings["tiers"][0]["words"]
