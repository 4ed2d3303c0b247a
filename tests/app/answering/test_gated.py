import pytest

from standby.app.answering.gated import Gated
from standby.ports import AnswererError
from tests.fakes.answerers import STREAM, Says, begin, fails
from tests.fakes.line import messages_request

pytestmark = pytest.mark.anyio


def refuses():
    raise AnswererError("not you")


async def heard(gated):
    return [item async for item in gated.answer(messages_request(), "said")]


async def test_who_is_let_by_is_answered():
    says = Says(begin())

    assert [STREAM, begin().raw] == await heard(Gated(lambda: None, says))
    assert ["said"] == says.said


async def test_who_is_turned_away_reaches_nobody():
    says = Says(begin())
    with pytest.raises(AnswererError, match="not you"):
        await heard(Gated(refuses, says))

    assert [] == says.said


async def test_the_check_is_made_when_it_is_asked_and_not_before():
    Gated(refuses, Says()).answer(messages_request(), "")


async def test_a_failure_behind_the_gate_is_its_own():
    with pytest.raises(AnswererError, match="no memory"):
        await heard(Gated(lambda: None, Says(fails("no memory"))))
