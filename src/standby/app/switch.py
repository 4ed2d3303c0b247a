"""The switch: one request decided, answered and booked.

Who may answer is decided by :mod:`standby.core.policy`; how an answer comes about is the business of
the relay and of the two answerers; what is left is to bring them together.
"""

import logging
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from standby.app.bookkeeping import Booking, Books
from standby.app.cloud import Cloud, Line
from standby.app.engines import Engines
from standby.app.local import Local, LocalDeadlines
from standby.app.notices import Notices
from standby.app.relay import Relay
from standby.core.exchange import Broken, Exchange
from standby.core.models.facts import LocalModel
from standby.core.policy.decide import Decision, decide
from standby.core.policy.names import is_local_name
from standby.core.policy.verdicts import Candidate, Facts, Rule
from standby.core.quota.machine import Admission
from standby.core.request import NOBODY, Caller, Request
from standby.core.wire import asked, errors
from standby.core.wire.asked import Asked, Malformed, Purpose
from standby.core.wire.headers import SERVED_BY, Head
from standby.ports import Answerer, Clock, Dice, Wire

__all__ = ["CLOUD", "Switch"]

CLOUD: Final = "cloud"
"""The cloud's name among the candidates; a local model goes by its key."""


class Switch:
    """Answers Messages requests."""

    def __init__(
        self,
        line: Line,
        engines: Engines,
        books: Books,
        notices: Notices,
        dice: Dice,
        rules: Mapping[str, Rule],
        deadlines: LocalDeadlines,
        keep_alive_s: float,
    ) -> None:
        self._line = line
        self._engines = engines
        self._books = books
        self._notices = notices
        self._dice = dice
        self._rules = tuple(rules.values())
        self._deadlines = deadlines
        self._keep_alive_s = keep_alive_s

    async def answer(self, request: Request, caller: Caller, wire: Wire) -> None:
        """Answer a Messages request, by the cloud or by a local model."""
        match asked.read(request.body):
            case Malformed(why):
                await self._malformed(why, request, caller, wire)
            case Asked() as body:
                await self._answer(body, request, caller, wire)

    async def _answer(self, body: Asked, request: Request, caller: Caller, wire: Wire) -> None:
        with self._books.open(request, caller, body.model) as booking:
            local = await self._engines.candidates() if caller.trusted else ()
            if is_local_name(body.model) and not local:
                await self._engines.refresh()
                local = await self._engines.candidates()
            admission = self._admission(body, caller)
            if body.purpose is Purpose.MODEL_PROBE and admission is Admission.STAY:
                return await self._answer_probe(body, booking, wire)
            decision = self._decide(body, caller, admission, local)
            await self._run(_Turn(body, request, caller, admission, decision, local), booking, wire)

