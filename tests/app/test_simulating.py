"""A simulation reads the ledger page by page, in order of time."""

import pytest

from standby.app import simulating
from standby.app.simulating import TooManyError, simulated
from standby.core.policy.modes import Mode
from standby.core.policy.replay import Wanted
from tests.fakes.replays import NOW, PRICES, PaperHistory, row, said, seen
from tests.fakes.rooms import RULES

pytestmark = pytest.mark.anyio


async def simulate(history, since=NOW, told=lambda _: None, mode=Mode.LOCAL):
    return await simulated(history, Wanted(mode), RULES.values(), PRICES, since, told)


async def test_all_since_a_moment_is_read(monkeypatch):
    monkeypatch.setattr(simulating, "_AT_ONCE", 2)
    heard = []
    rows = [row(n, float(n), said()) for n in (-1, 3, 1, 2)]
    found = await simulate(PaperHistory(rows, [seen(0, 0.1)]), told=heard.append)

    assert (3, [2, 3]) == (found.requests, heard)
    assert 3 == found.would.local


async def test_the_model_that_answered_here_last_is_who_would_answer():
    rows = [row(1, 1.0, said(), by="local", answered="desk/coder")]

    assert 1 == (await simulate(PaperHistory(rows))).would.local


async def test_too_many_requests_are_refused_with_what_to_do(monkeypatch):
    monkeypatch.setattr(simulating, "MOST_ROWS", 1)
    with pytest.raises(TooManyError, match="later --since"):
        await simulate(PaperHistory([row(1), row(2)]))
