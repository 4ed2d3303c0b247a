"""Twenty subagents at once on one slot: the person waits for none of them, and none for ever."""

import pytest

from tests.e2e.crowd import SHARE, SUBAGENTS, crowd

pytestmark = [pytest.mark.anyio, pytest.mark.alone, pytest.mark.timeout(240)]


async def test_a_person_waits_at_most_twice_as_long_among_twenty_subagents(tmp_path):
    found = await crowd(tmp_path)

    names = [came.name for came in found.order]
    waits = f"alone {found.alone.waited_s:.2f} s, now {found.person.waited_s:.2f} s: {names}"
    assert {"whole"} == {came.text for came in (found.alone, *found.turns)}
    assert found.share <= SHARE, waits
    # Whoever came first goes first, but for the one who had begun to read when the person came.
    others = [name for name in names if name != "person"]
    assert [f"subagent {n}" for n in range(1, SUBAGENTS + 1)] == others
