"""The bench as a person calls it, with the real engine and the scripted model."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys

import psutil
import pytest

from standby.adapters.engines.embedded import engine_version
from standby.adapters.host.hardware import read_hardware
from standby.adapters.host.paths import paths
from standby.app.comparing import Outcome
from standby.cli.bench.showing import rows
from standby.core.models.measured import Measured
from standby.core.models.speed import Timings
from standby.core.models.trials import Trial, Tried
from standby.core.models.tuned import Proposal
from standby.core.models.tuning import Tuning
from standby.wiring.records import machine_of, records_of
from tests.models.tiny_gguf import Script, tiny_model

FAST = ("bench", "local", "--tokens", "300")


@pytest.fixture
def tiny(environment):
    environment["STANDBY_LOCAL_EMBEDDED"] = "true"
    environment["STANDBY_LOCAL_ENGINE"] = "embedded"
    environment["STANDBY_LOCAL_MODEL_PATH"] = str(tiny_model())
    return environment


def test_the_figures_are_printed_and_kept(process, tiny, tmp_path):
    said = process(*FAST)

    assert 0 == said.code, said.err
    for word in ("xllamacpp", "threads", "load ", "memory", "tokens cold: first word after"):
        assert word in said.out
    assert "from the cache" in said.out
    assert "standby: cold prompt" in said.err
    kept = json.loads((tmp_path / "home" / "state" / "bench.json").read_text())["measured"]
    assert [True] == [one["model"].startswith("embedded/tiny") for one in kept]
    assert 250 < kept[0]["cold"]["read"] <= 400
    assert kept[0]["cold"]["cached"] < 20
    assert kept[0]["warm"]["cached"] > 200


def test_other_settings_are_tried_one_at_a_time_while_there_is_time(process, tiny):
    for patience in ("12s", "60s"):  # a machine with other work may come to nothing in the first
        said = process("bench", "local", "--tokens", "64", "--compare", "--for", patience, "--json")
        value = json.loads(said.out)
        if value["tried"]:
            break

    names = [one["trial"] for one in value["tried"]]
    assert {
        *("drafts by ngram-simple", "drafts by ngram-mod", "no flash attention"),
        *("KV cache of 8 bits", "batches of 256", "batches of 1024"),
    } <= {*names, *value["no_time_for"]}
    assert "drafts by ngram-simple" == names[0]
    assert [] == [one for one in value["tried"] if one["ended"] not in {"", "the time was over"}]
    assert value["memory_bytes"] > 10_000_000
    assert value["done"]
    assert "proposal" in value


def test_a_small_model_with_the_same_tokens_is_tried_as_one_that_guesses(process, tiny, tmp_path):
    large, small = tmp_path / "large.gguf", tmp_path / "guesses.gguf"
    for copy in (large, small):
        shutil.copyfile(tiny_model(), copy)
    os.truncate(large, 6 * small.stat().st_size)
    tiny["STANDBY_LOCAL_MODEL_PATH"] = str(large)

    said = process("bench", "local", "--tokens", "64", "--compare", "--for", "20s", "--json")
    value = json.loads(said.out)

    first = value["tried"][0]
    assert ("drafts by guesses", "") == (first["trial"], first["ended"])
    assert first["settings"].endswith("drafts by guesses")
    assert first["write_tokens_per_s"] > 0


def test_what_was_tried_is_shown_beside_what_is_run():
    now = measured(first_token_s=10.0)
    tuning = Tuning(threads=2, flash_attention=False, measured="no flash attention")
    other = Trial("no flash attention", tuning)
    broken = Tried(Trial("KV", Tuning(2)), None, "4.6 times slower: given up at 25%")
    one = Proposal("embedded/tiny", "1", "a machine", tuning, 0.0, 300, 22.5, 17.5)
    tried = (Tried(other, measured(first_token_s=5.0).figures), broken)
    shown = [(label, text) for label, text, _ in rows(Outcome(now, tried, ("threads",), one))]

    first, second, left, proposal = shown[-4:]
    assert "tried" == first[0]
    assert first[1].startswith("no flash attention: ")
    assert first[1].endswith("(-22%)")
    assert ("", "KV: 4.6 times slower: given up at 25%") == second
    assert ("", "no time for: threads") == left
    assert ("proposal", one.words) == proposal


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ({"done": True}, "stay with the settings as they are: none of the others"),
        ({"done": True, "doubt": "by chance"}, "stay with the settings as they are: by chance"),
        ({}, "none yet"),
        ({"done": True, "tried": (), "left": ("x",)}, "none: there was no time to try anything"),
    ],
)
def test_that_nothing_is_proposed_is_said_with_the_reason(outcome, said):
    now = measured(first_token_s=10.0)
    tried = (Tried(Trial("x", Tuning(2)), now.figures),)
    *_, (label, words, _) = rows(Outcome(now, **{"tried": tried, **outcome}))

    assert "proposal" == label
    assert words.startswith(said)


def measured(first_token_s):
    timings = Timings(read=300, read_s=first_token_s, written=24, written_s=1.0, cached=0)
    return Measured(
        *("embedded/tiny", "1", "a machine", "", 0.0, 0.2, None),
        *(timings, first_token_s, timings, 0.1),
    )


def test_a_model_that_is_not_there_is_told(process, tiny):
    said = process("bench", "local", "gone")

    assert 1 == said.code
    assert "there is no model 'gone' on this machine; there is: embedded/tiny" in said.err


def test_without_any_model_it_says_so(process):
    said = process("bench", "local")

    assert 1 == said.code
    assert "there is no model on this machine; there is: none" in said.err


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another thing there")
def test_ctrl_c_ends_it_and_leaves_no_process_and_no_figures(tiny, tmp_path):
    tiny["STANDBY_LOCAL_MODEL_PATH"] = str(tiny_model(Script(endless=True)))
    command = [sys.executable, "-m", "standby", "bench", "local", "--tokens", "60000"]
    with subprocess.Popen(command, env=tiny, cwd=tmp_path, stderr=subprocess.PIPE) as bench:
        assert bench.stderr is not None
        while b"cold prompt" not in bench.stderr.readline():
            pass
        family = psutil.Process(bench.pid).children(recursive=True)
        bench.send_signal(signal.SIGINT)
        said = bench.stderr.read()

    assert family
    assert 130 == bench.returncode
    assert b"Traceback" not in said
    assert [] == psutil.wait_procs(family, timeout=30)[1]
    assert not (tmp_path / "home" / "state" / "bench.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another thing there")
def test_ctrl_c_within_a_comparison_keeps_what_was_measured_until_then(tiny, tmp_path):
    command = [sys.executable, "-m", "standby", *FAST, "--compare"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=tiny, cwd=tmp_path, **pipes) as bench:
        while not bench.stderr.readline().startswith(b"standby: trying drafts by ngram-mod"):
            pass
        bench.send_signal(signal.SIGINT)
        out, err = bench.communicate(timeout=30)

    assert 130 == bench.returncode
    assert b"stopped by you; this is what was measured so far" in err
    assert b"tokens cold: first word after" in out
    assert b"drafts by ngram-simple: " in out
    assert b"none yet" in out
    assert 1 == len(json.loads((tmp_path / "home/state/bench.json").read_text())["measured"])


def propose(tmp_path, tuning):
    """Keep a proposal for the tiny model, as a comparison would have."""
    where = paths({"STANDBY_HOME": str(tmp_path / "home")})
    where.make()
    machine = machine_of(read_hardware(where.models))
    name = f"embedded/{tiny_model().stem}"
    one = Proposal(name, engine_version(), machine, tuning, 1.0, 300, 9.0, 6.0)
    asyncio.run(records_of(where).propose(one))
    return one


def test_what_was_proposed_is_adopted_used_and_given_up_again(process, tiny, tmp_path):
    one = propose(tmp_path, Tuning(1, micro_batch=64, batch=256, measured="batches of 64"))
    adopted = process("bench", "local", "--adopt")
    used = process(*FAST, "--json")
    shown = process("models", "--json")
    given_up = process("bench", "local", "--forget")
    again = process("models", "--json")

    assert 0 == adopted.code, adopted.err
    assert f"adopted for {one.model}: {one.words}" in adopted.err
    assert "1 threads" in json.loads(used.out)["settings"]
    assert "batch 256/64" in json.loads(used.out)["settings"]
    assert "batches of 64" == json.loads(shown.out)["engines"][0]["tuned"]
    assert "given up" in given_up.err
    assert "" == json.loads(again.out)["engines"][0]["tuned"]
    assert "nothing was adopted" in process("bench", "local", "--forget").err


def test_without_a_proposal_there_is_nothing_to_adopt(process, tiny):
    said = process("bench", "local", "--adopt")

    assert 1 == said.code
    assert "nothing is proposed for embedded/tiny" in said.err
    assert "--compare" in said.err


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--forget", "--compare"), "--forget goes with neither"),
        (("--compare", "--for", "5"), "'5' is not a length of time, such as 90s, 5m, 1h or 2d"),
    ],
)
def test_what_makes_no_sense_together_is_said(process, tiny, more, why):
    said = process("bench", "local", *more)

    assert 2 == said.code
    assert why in said.err
