"""On a machine without a model for work a person is told the best that fits, and what it costs."""

import json
import sys

import pytest

from standby.adapters.host import hardware
from standby.cli.gateway import launch, offer, read_status
from standby.cli.status import rows
from standby.core.models.fit import Card, Hardware
from tests.fakes.gateway import MODEL, running_gateway, status

GB = 1_000_000_000
COST = "`standby models pull qwen3.8-27b` costs 16.5 GB of disk, and about 22 min at 100 Mbit/s"
CARDS = (Card("RTX 4090", 25 * GB, 25 * GB),)
NOBODY = status(local={"would_take_over": None, "models": [], "problem": "no local model"})
REHEARSAL = status(local={"would_take_over": MODEL | {"rehearsal": True}, "models": []})


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    def has(disk=99 * GB, cards=CARDS):
        found = Hardware(16 * GB, 8 * GB, 16, cards, disk_free_bytes=disk)
        monkeypatch.setattr(hardware, "read_hardware", lambda _folder: found)

    has()
    return has


def test_it_names_the_model_its_speed_and_its_cost(where, machine):
    assert f"Qwen3.8 27B would suit this machine (usable, an estimate): {COST}." == offer(where)
    machine(disk=GB)
    assert offer(where).endswith("Mbit/s, more than is free.")
    machine(cards=())
    assert "Nothing in the catalogue" in offer(where)


@pytest.mark.parametrize("says", [NOBODY, REHEARSAL], ids=["nobody", "the rehearsal model"])
def test_whoever_starts_a_client_is_told(where, environment, says):
    said = []
    with running_gateway(where, says=says):
        launch(where, (sys.executable, "-c", ""), environment, say=said.append)

    assert [True] == [COST in words for words in said]


@pytest.mark.parametrize("says", [NOBODY, REHEARSAL], ids=["nobody", "the rehearsal model"])
def test_the_doctor_advises_it(standby, where, says):
    with running_gateway(where, says=says):
        findings = json.loads(standby("doctor", "--offline", "--json").out)

    advice = next(one["advice"] for one in findings if one["check"] == "local model")
    assert COST in advice


def test_the_status_says_where_to_look_and_only_then():
    told = [words for _, words, _ in rows(read_status(NOBODY))]

    assert any("`standby models`" in words for words in told)
    assert not any("`standby models`" in words for _, words, _ in rows(read_status(status())))
