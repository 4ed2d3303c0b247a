"""Twenty subagents at once on one slot: the person waits for none of them, and none for ever."""

import pytest

from tests.e2e.crowd import SHARE, SUBAGENTS, crowd

pytestmark = [pytest.mark.anyio, pytest.mark.alone, pytest.mark.timeout(240)]


async def test_a_person_waits_at_most_twice_as_long_among_twenty_subagents(tmp_path):
    """The median of three tries; two that agree are enough to know it."""
    tries = []
    while max(within(tries), len(tries) - within(tries)) < 2:
        tries.append(await crowd(tmp_path / f"{len(tries)}"))

    for found in tries:
        assert {"whole"} == {came.text for came in (found.alone, *found.turns)}
        # Whoever came first goes first, but for the one who had begun to read when the person came.
        others = [came.name for came in found.order if came.name != "person"]
        assert [f"subagent {n}" for n in range(1, SUBAGENTS + 1)] == others
    assert within(tries) >= 2, [
        f"alone {found.alone.waited_s:.2f} s, now {found.person.waited_s:.2f} s" for found in tries
    ]


def within(tries):
    """In how many of them the person waited no longer than they may."""
    return sum(found.share <= SHARE for found in tries)
