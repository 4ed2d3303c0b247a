"""A local model is told that it goes round in circles, in what becomes its prompt."""

import pytest

from standby.app.answering.circles import Circles
from standby.core.wire.asked import read
from standby.core.wire.json import dumps
from tests.fakes.circles import STUCK, turn
from tests.fakes.talker import MODEL

pytestmark = pytest.mark.anyio


def asked(messages):
    return read(dumps({"model": "claude-opus-5-5", "messages": messages}))


async def test_it_is_told_behind_the_results_that_show_it():
    hinted = await Circles(lambda: True).retold(asked(STUCK), MODEL)

    *before, last = hinted.value["messages"]
    assert STUCK[:-1] == before
    result, hint = last["content"]
    assert STUCK[-1]["content"] == [result]
    assert "You made the same call of Read 3 times with the same result." in hint["text"]


async def test_where_nobody_wants_it_or_nothing_is_wrong_the_request_stays_as_it_is():
    stuck, well = asked(STUCK), asked(turn())

    assert stuck is await Circles(lambda: False).retold(stuck, MODEL)
    assert well is await Circles(lambda: True).retold(well, MODEL)
