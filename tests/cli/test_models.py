"""The command, from what it says of the machine to a model that was switched and removed."""

import json
import shutil
import urllib.request

import pytest

from standby.adapters.host import hardware, secrets
from standby.adapters.host.models.files import ModelFiles
from standby.core.models.fit import Card, Hardware
from tests.fakes import gateway as fake_gateway
from tests.fakes.gguf_files import TEXT, changed, gguf
from tests.fakes.hub import COMMIT, REPO, Faults, hub_beside
from tests.models.tiny_gguf import SAY, tiny_model

pytestmark = pytest.mark.timeout(60)

GB = 1_000_000_000
DATA = gguf()
OTHER = gguf(changed(general_name=(TEXT, "Newer")))
NAME = "Small-Q4_K_M.gguf"
SOURCE = f"{REPO}/{NAME}"


@pytest.fixture
def machine(monkeypatch):
    """A machine with a graphics card of 24 GB."""
    found = Hardware(64 * GB, 50 * GB, 16, (Card("RTX 4090", 25 * GB, 25 * GB),), False, 0, 99 * GB)
    monkeypatch.setattr(hardware, "read_hardware", lambda _folder: found)
    return found


@pytest.fixture
def files(where):
    return ModelFiles(where.models)


@pytest.fixture
def hub(where, monkeypatch):
    with hub_beside({NAME: DATA}) as fake:
        monkeypatch.setenv("HF_ENDPOINT", fake.url)
        yield fake


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "Coder.gguf"
    path.write_bytes(DATA)
    return path


def test_it_says_what_is_here_what_fits_and_what_is_recommended_with_the_reason(standby, machine):
    said = standby("models")

    assert 0 == said.code
    assert "RTX 4090 with 25.0 GB" in said.out
    assert "no engine of this machine has a model" in said.out
    assert (
        "qwen3.8-27b: 16.5 GB Q4_K_M, apache-2.0, tools good; usable: it takes 22.3 GB" in said.out
    )
    assert "Qwen3.8 27B" in said.out
    assert "`standby models pull qwen3.8-27b` costs 16.5 GB of disk, and about 22 min" in said.out
    assert "llama-server on PATH, LM Studio or Ollama use the card" in said.out


def test_the_same_as_json(standby, machine, own):
    standby("models", "add", str(own))
    said = json.loads(standby("models", "--json").out)

    assert "qwen3.8-27b" == said["recommended"]
    assert 25 * GB == said["hardware"]["cards"][0]["total_bytes"]
    assert ["coder"] == [one["name"] for one in said["kept"]]
    assert ["embedded/coder"] == [one["key"] for one in said["engines"]] or [] == said["engines"]
    best = next(one for one in said["catalogue"]["models"] if one["name"] == "qwen3.8-27b")
    assert ("card", "usable", True) == (best["fit"]["place"], best["fit"]["speed"], best["fits"])


def test_a_machine_without_use_for_any_is_told(standby, monkeypatch):
    small = Hardware(8 * GB, 4 * GB, 4)
    monkeypatch.setattr(hardware, "read_hardware", lambda _folder: small)

    assert "nothing in the catalogue would work well here" in standby("models").out


def test_the_running_gateway_is_asked_what_the_engines_have(standby, machine, where):
    with fake_gateway.running_gateway(where):
        assert "ollama/qwen3-coder:30b, window 131,072 tokens" in standby("models").out


def test_a_model_is_fetched_with_its_terms_shown(standby, hub, files):
    said = standby("models", "pull", SOURCE, "--yes")

    assert 0 == said.code, said.err
    assert "licence   apache-2.0" in said.err
    assert f"from {SOURCE}@{COMMIT}" in said.err
    assert "the hub's own word, recorded from now on" in said.err
    assert "checked, and kept" in said.err
    assert DATA == files.served().read_bytes()
    assert "already" in standby("models", "pull", SOURCE, "--yes").err


def test_nothing_is_fetched_without_a_yes(standby, hub, files):
    said = standby("models", "pull", SOURCE)

    assert 1 == said.code
    assert "`--yes` agrees" in said.err
    assert "licence" in said.err
    assert [] == hub.gets
    assert () == files.installed()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("qwen3.6-27", "Did you mean 'qwen3.6-27b'?"),
        ("../../etc/passwd", "neither in the catalogue nor"),
        ("https://evil.example/x.gguf", "neither in the catalogue nor"),
        ("maker/repo/weights.pkl", "neither in the catalogue nor"),
    ],
)
def test_a_name_that_is_none_is_refused_with_those_there_are(standby, hub, name, why):
    said = standby("models", "pull", name, "--yes")

    assert 1 == said.code
    assert why in said.err
    assert "qwen3.6-35b-a3b" in said.err
    assert [] == hub.seen


def test_a_name_to_keep_it_under_leads_nowhere_else(standby, hub):
    assert 2 == standby("models", "pull", SOURCE, "--as", "../evil", "--yes").code
    assert 0 == standby("models", "pull", SOURCE, "--as", "mine", "--yes").code


def test_a_hub_out_of_reach_is_told_with_the_way_by_hand(standby, where, monkeypatch):
    with hub_beside({}) as fake:
        gone = fake.url
    monkeypatch.setenv("HF_ENDPOINT", gone)
    said = standby("models", "pull", "gpt-oss-20b", "--yes")

    assert 1 == said.code
    assert "cannot be reached" in said.err
    assert "standby models add FILE" in said.err


def test_what_came_wrong_is_told_and_not_kept(standby, hub, files):
    hub.faults = Faults(wrong=DATA[:-1] + b"x")
    said = standby("models", "pull", SOURCE, "--yes")

    assert 1 == said.code
    assert "thrown away" in said.err
    assert () == files.installed()


BIG = gguf(data=4_000_000)


@pytest.fixture
def large(where, monkeypatch):
    """A hub with a file of several megabytes, which comes in parts."""
    with hub_beside({NAME: BIG}) as fake:
        monkeypatch.setenv("HF_ENDPOINT", fake.url)
        yield fake


@pytest.mark.parametrize(
    "faults",
    [
        Faults(cut_after=[2_500_000]),
        Faults(cut_after=[2_500_000], refuse_range=True),
        Faults(cut_after=[2_500_000], ranges=False),
        Faults(pace_s=0.05),
    ],
    ids=["broken off", "416 to the rest", "the whole in place of the rest", "slow"],
)
def test_whatever_the_hub_does_on_the_way_the_command_brings_the_whole(
    standby, large, files, faults
):
    large.faults = faults
    said = standby("models", "pull", SOURCE, "--yes")

    assert 0 == said.code, said.err
    assert BIG == files.served().read_bytes()


@pytest.mark.parametrize(
    ("faults", "why"),
    [
        (Faults(get_statuses=[404] * 9), "it answered 404"),
        (Faults(wrong=BIG[:-1] + b"x"), "thrown away; run the command again"),
        (Faults(location="https://evil.example/x"), "leads to https://evil.example,"),
    ],
    ids=["404", "another hash", "another host"],
)
def test_what_the_hub_does_wrong_for_good_is_told_and_nothing_looks_like_a_model(
    standby, large, files, faults, why
):
    large.faults = faults
    said = standby("models", "pull", SOURCE, "--yes")

    assert 1 == said.code
    assert why in said.err
    assert files.served() is None
    large.faults = Faults()
    assert 0 == standby("models", "pull", SOURCE, "--yes").code


def test_a_disk_without_room_is_told_before_anything_is_fetched(standby, large, files, monkeypatch):
    small = shutil.disk_usage("/")._replace(free=2_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: small)
    said = standby("models", "pull", SOURCE, "--yes")

    assert 1 == said.code
    assert "of disk, and 2 MB are free" in said.err
    assert [] == large.gets


def test_an_update_can_be_taken_back(standby, hub, files):
    standby("models", "pull", SOURCE, "--yes")
    hub.files[NAME], hub.commit = OTHER, "d" * 40
    assert 0 == standby("models", "update", "--yes").code
    assert OTHER == files.served().read_bytes()
    assert "newest" in standby("models", "update", "--yes").err

    back = standby("models", "rollback", "small-q4_k_m")

    assert f"@{COMMIT} again" in back.err
    assert DATA == files.served().read_bytes()


def test_a_persons_file_is_taken_in_and_can_be_chosen_and_removed(standby, own, files):
    assert 0 == standby("models", "add", str(own)).code
    assert "coder takes over from now on" in standby("models", "use", "coder").err
    assert "coder" == files.chosen()
    assert "← chosen" in standby("models").out
    assert "up to standby again" in standby("models", "use", "auto").err
    assert 1 == standby("models", "rm", "coder").code  # nobody to ask
    assert "coder is gone" in standby("models", "rm", "coder", "--yes").err
    assert own.exists()


def test_a_file_that_is_no_model_is_refused(standby, tmp_path):
    path = tmp_path / "notes.gguf"
    path.write_text("notes")
    said = standby("models", "add", str(path))

    assert 1 == said.code
    assert "notes.gguf is not a GGUF file" in said.err


def test_only_what_is_there_can_be_chosen(standby, own, where):
    standby("models", "add", str(own))
    said = standby("models", "use", "gone")

    assert 1 == said.code
    assert "There is: coder" in said.err
    with fake_gateway.running_gateway(where):
        assert 0 == standby("models", "use", "ollama/qwen3-coder:30b").code


def test_a_setting_that_outweighs_the_choice_is_told(standby, own, monkeypatch):
    standby("models", "add", str(own))
    monkeypatch.setenv("STANDBY_LOCAL_MODEL", "another")

    assert "`local.model` ('another') outweighs" in standby("models", "use", "coder").err


def test_a_file_that_changed_is_found_with_an_exit_code(standby, own, files):
    standby("models", "add", str(own))
    assert (0, "coder: in order\n") == (
        standby("models", "verify").code,
        standby("models", "verify").out,
    )

    shutil.copyfile(files.served(), own.with_name("x"))
    files.served().write_bytes(OTHER)
    said = standby("models", "verify", "coder")
    assert (1, True) == (said.code, "has changed" in said.out)
    assert 1 == standby("models", "verify", "gone").code


def test_names_of_others_cannot_move_the_cursor(standby, machine, where):
    evil = {**fake_gateway.MODEL, "key": "ollama/\x1b[2Jevil"}
    local = {"would_take_over": evil, "models": [evil], "fetching": None, "problem": None}
    with fake_gateway.running_gateway(where, says=fake_gateway.status(local=local)):
        assert "\x1b" not in standby("models").out


def test_what_was_taken_in_is_what_the_real_engine_then_serves(process, where):
    settings = {"STANDBY_LOCAL_EMBEDDED": "true"}
    path = tiny_model()
    assert 0 == process("models", "add", str(path), "--name", "coder", **settings).code
    listed = json.loads(process("models", "--json", **settings).out)
    assert ["embedded/coder"] == [one["key"] for one in listed["engines"]]

    assert 0 == process("up", **settings).code
    status = json.loads(process("status", "--json", **settings).out)
    assert ("embedded/coder", 65_536) == (
        status["local"]["would_take_over"]["key"],
        status["local"]["would_take_over"]["context_tokens"],
    )

    body = {
        "model": "local",
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    request = urllib.request.Request(  # noqa: S310 - our own gateway, on loopback
        f"{status['url']}/v1/messages",
        json.dumps(body).encode(),
        {
            "content-type": "application/json",
            "x-standby-token": secrets.token(where.token_file).reveal(),
            "anthropic-version": "2023-06-01",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        assert SAY in answer.read().decode()


@pytest.mark.parametrize("command", ["verify", "update"])
def test_where_no_model_is_kept_that_is_said(standby, command):
    said = standby("models", command)

    assert 0 == said.code
    assert "there is no model here yet" in said.err
