"""A switch with everything around it, and a ledger on paper."""

import asyncio
import contextlib

from standby.app.answering.circles import Circles
from standby.app.answering.notices import Notices
from standby.app.answering.switch import Switch
from standby.app.bookkeeping import Books
from standby.app.cloud.passage import Passage
from standby.app.local.admission import Admission
from standby.app.local.candidate import LocalDeadlines
from standby.app.local.engines import Engines, Preference
from standby.app.local.fitting import Fitting
from standby.app.policy import Choices, Policy
from tests.fakes.line import KNOWN, Tape, Way, five_hours, messages_request
from tests.fakes.memory_store import MemoryStore
from tests.fakes.replies import HOUR, NOW
from tests.fakes.rooms import RULES
from tests.fakes.talker import Talker, says

SESSION = (("X-Claude-Code-Session-Id", "s-1"),)
SPENT = five_hours(NOW + 5 * HOUR)


class Pages:
    """A ledger on paper."""

    degraded = None

    def __init__(self):
        self.entries = []
        self.decisions = {}
        self.deeds = {}

    def decided(self, request, said):
        self.decisions[request] = said

    def did(self, request, deeds):
        self.deeds[request] = deeds

    def book(self, entry):
        self.entries.append(entry)

    async def recent(self, limit):
        return tuple(self.entries[:limit])


class House:
    """A switch with everything around it."""

    def __init__(
        self,
        *answers,
        engines=None,
        keep_alive_s=5.0,
        notices=True,
        continues=True,
        wishes=None,
        **more,
    ):
        more.setdefault("burst_wait_s", 0.0)
        self.way = Way(*answers, **more)
        self.talker = Talker(*says("Hello"))
        self.engines = Engines(
            [self.talker] if engines is None else engines, Preference(), self.way.clock
        )
        self.pages = Pages()
        self.told = []
        self.guests = 0
        self.choices = Choices(MemoryStore(), self.way.clock)
        self.policy = Policy(
            *(RULES.values(), self.way.accounts, self.engines, self.way.clock, self.choices), wishes
        )
        self.switch = Switch(
            self.way.line,
            self.engines,
            Admission(self.way.clock),
            Passage(self.way.line),
            Books(self.pages, self.way.clock, self.way.accounts._dice),
            Notices(enabled=notices),
            self.way.accounts._dice,
            self.policy,
            LocalDeadlines(first_byte_s=2.0, idle_s=2.0),
            keep_alive_s,
            Fitting(self.engines, Circles(lambda: self.policy.wishes.looks_for_circles).retold),
            continues=continues,
            warming=self,
        )

    # What the switch tells the warming.

    @contextlib.contextmanager
    def attending(self):
        self.guests += 1
        try:
            yield
        finally:
            self.guests -= 1

    def noted(self, request, account):
        self.told.append(("noted", account))

    def served(self, request, account, model, read=None, *, newest=True):
        self.told.append(("served" if newest else "beside", model.key))

    def trouble(self, why):
        self.told.append(("trouble", why))

    async def ask(self, caller=KNOWN, tape=None, raw=None, **more):
        """One request to its end."""
        await self.engines.refresh()
        more.setdefault("headers", SESSION)
        tape = tape or Tape()
        request = messages_request(**more) if raw is None else raw
        async with asyncio.timeout(5):
            await self.switch.answer(request, caller, tape)
        return tape

    async def spend(self):
        """Let the cloud refuse one request for its quota."""
        before, self.way.cloud.answers = self.way.cloud.answers, [SPENT]
        await self.ask(headers=())
        self.way.cloud.answers = before
        self.way.cloud.seen.clear()
        self.talker.heard.clear()
        self.pages.entries.clear()
        assert "exhausted" == self.way.state()

    @property
    def asked_cloud(self):
        return len(self.way.cloud.seen)

    @property
    def asked_local(self):
        return len(self.talker.heard)

    @property
    def booked_why(self):
        return self.pages.entries[-1].why

    @property
    def booked(self):
        entry = self.pages.entries[-1]
        return entry.outcome, entry.by, entry.status
