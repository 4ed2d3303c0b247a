"""What must not leave is answered by somebody without an account, or refused."""

import pytest

from standby.app.answering.keeping import Keeping
from standby.core.request import NOBODY
from standby.core.wire.errors import message_of
from tests.fakes.line import KNOWN, Tape, messages_request

pytestmark = pytest.mark.anyio


class Served:
    """A use case that remembers who asked."""

    def __init__(self):
        self.callers = []

    async def serve(self, _request, caller, _wire):
        self.callers.append(caller)


def stays(why):
    return Keeping(lambda _request, _caller: why)


async def test_what_may_leave_is_served_as_ever():
    served = Served()

    await stays("").here(served.serve)(messages_request(), KNOWN, Tape())
    await stays("").refused(served.serve)(messages_request(), KNOWN, Tape())

    assert [KNOWN, KNOWN] == served.callers


async def test_what_must_stay_is_served_as_by_somebody_without_an_account():
    served = Served()

    await stays("no").here(served.serve)(messages_request(), KNOWN, Tape())

    assert [(NOBODY, True)] == [(one.account, one.trusted) for one in served.callers]


async def test_what_must_stay_and_only_the_cloud_can_serve_is_refused():
    served, tape = Served(), Tape()

    await stays("it is local-only").refused(served.serve)(messages_request(), KNOWN, tape)

    assert [] == served.callers
    assert 403 == tape.head.status
    assert "it is local-only" == message_of(tape.sent)
