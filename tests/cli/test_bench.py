"""The bench as a person calls it, with the real engine and the scripted model."""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from standby.cli.bench.showing import rows
from standby.core.models.measured import Measured, Trial
from standby.core.models.speed import Timings
from standby.core.models.tuning import Tuning
from standby.wiring.bench import Outcome
from tests.models.tiny_gguf import Script, tiny_model

pytestmark = pytest.mark.timeout(120)

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


def test_other_settings_are_tried_one_at_a_time(process, tiny):
    said = process(*FAST, "--compare", "--json")
    value = json.loads(said.out)

    assert {"no flash attention", "KV cache of 8 bits", "batches of 256", "batches of 1024"} <= {
        one["trial"] for one in value["tried"]
    }
    assert len(value["tried"]) == len({one["settings"] for one in value["tried"]})
    assert value["memory_bytes"] > 10_000_000
    assert "proposal" in value


def test_what_was_tried_is_shown_beside_what_is_run():
    now = measured(first_token_s=10.0)
    other = Trial("no flash attention", Tuning(threads=2, flash_attention=False))
    shown = [
        (label, text)
        for label, text, _ in rows(Outcome(now, ((other, measured(first_token_s=5.0)),), other))
    ]

    tried, proposal = shown[-3], shown[-2]
    assert "tried" == tried[0]
    assert tried[1].startswith("no flash attention: ")
    assert tried[1].endswith("%)")
    assert ("proposal", f"no flash attention: {other.tuning.words}") == proposal


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
    assert [] == psutil.wait_procs(family, timeout=5)[1]
    assert not (tmp_path / "home" / "state" / "bench.json").exists()
