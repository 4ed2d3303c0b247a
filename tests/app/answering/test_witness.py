"""An answer goes by as it is; what its calls would change is told when it is whole."""

import pytest

from standby.app.answering.witness import Witness
from standby.core.usage.deeds import MOST, Deed
from standby.core.wire.headers import Head
from standby.core.wire.json import dumps
from standby.ports import AnswererError
from tests.core.wire.test_calls import ANSWER, call
from tests.fakes.answerers import Says, begin, fails, settled, stop
from tests.fakes.line import JSON_HEAD, messages_request

pytestmark = pytest.mark.anyio


async def heard(*steps):
    told, items = [], []
    witness = Witness(Says(*steps), told.append)
    try:
        async for item in witness.answer(messages_request(), ""):
            items.append(item)  # noqa: PERF401 - what came before the error counts
    except AnswererError:
        pass
    return told, items


async def test_a_stream_goes_by_as_it_is_and_its_calls_are_told_once():
    told, (head, *sent) = await heard(*ANSWER)

    assert [(Deed("Write", "a"), Deed("Bash"))] == told
    assert isinstance(head, Head)
    assert [one.raw for one in ANSWER] == sent


async def test_so_it_is_however_the_bytes_are_cut():
    raw = b"".join(one.raw for one in ANSWER)

    told, _ = await heard(*(raw[at : at + 7] for at in range(0, len(raw), 7)))

    assert [(Deed("Write", "a"), Deed("Bash"))] == told


async def test_a_whole_answer_is_read_too():
    blocks = [{"type": "tool_use", "id": "x", "name": "Write", "input": {"file_path": "a"}}]

    told, _ = await heard(JSON_HEAD, dumps({"type": "message", "content": blocks}))

    assert [(Deed("Write", "a"),)] == told


async def test_of_an_answer_that_breaks_off_nothing_is_told():
    told, items = await heard(*ANSWER[:-1], fails("broke"))

    assert [] == told
    assert len(ANSWER) == len(items)


async def test_one_answer_changes_so_much_and_no_more():
    many = [
        one for n in range(2 * MOST) for one in call(n, "Bash", dumps({"command": "x"}).decode())
    ]

    told, _ = await heard(begin(), *many, settled("tool_use"), stop())

    assert MOST == len(told[0])
