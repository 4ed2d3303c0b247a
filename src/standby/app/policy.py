"""Who may answer a request: the facts of the moment are gathered here, and the rules decide.

What a person chose while the gateway runs is kept in a store, so that it survives a restart; where
each conversation stands is remembered in memory only.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from standby.app.bookkeeping import SESSION, session_of
from standby.app.cloud.accounts import Accounts
from standby.app.habits import Habits
from standby.app.local.engines import Engines
from standby.app.recent import Recent
from standby.core.models.facts import LocalModel
from standby.core.policy.choices import Choice, binding, from_json, lasting, put, to_json
from standby.core.policy.decide import Decision, decide
from standby.core.policy.features import NOTHING, Features
from standby.core.policy.loops import Loop
from standby.core.policy.modes import Mode, SecondOpinion
from standby.core.policy.names import goes_by, tier_of
from standby.core.policy.pace import Level, Pace, paced
from standby.core.policy.privacy import Border, Privacy, borders_of
from standby.core.policy.thread import (
    CLOUD,
    CONVERSATION,
    NEW,
    Thread,
    continued,
    worth_an_early_try,
)
from standby.core.policy.verdicts import Candidate, Facts, Machine, Rule
from standby.core.quota.machine import Admission, Quota, State
from standby.core.quota.words import reason
from standby.core.request import NOBODY, Account, Caller, Request
from standby.core.wire.asked import Asked, Purpose
from standby.ports import Clock, QuotaStore

__all__ = ["LATE", "Asking", "Choices", "Policy", "Said", "UnknownModelError", "Wishes"]

log = logging.getLogger(__name__)

LATE: Final = "local"
"""A local model that is not known yet, and may be there when it is needed."""


class UnknownModelError(Exception):
    """There is no such local model; its message names those that there are."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person has said of who answers: in the settings, and by choice."""

    choice: Choice = field(default_factory=lambda: Choice(Mode.AUTO))
    no_cloud: str = ""
    """Why nothing of it may leave this machine; empty where it may."""
    no_local: str = ""
    """Why no local model may answer; empty where one may."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the settings say of who answers."""

    mode: Mode = Mode.AUTO
    borders: tuple[Border, ...] = ()
    preferred: str = ""
    """The local model that the settings name."""
    at_once: bool = False
    """A conversation may leave a local model in the middle of a turn."""
    second_opinion: SecondOpinion = SecondOpinion.CLOUD
    """Who goes on with a turn in which a local model goes round in circles."""
    notes_hand_back: bool = False
    """The cloud is told, where a conversation comes back, which answers are not its own."""
    tiers: Mapping[str, str] = field(default_factory=dict[str, str])
    """The local models that stand in for tiers of the cloud's, by the name of the tier."""

    @property
    def looks_for_circles(self) -> bool:
        """Whether anybody wants to know when a local model goes round in circles."""
        return self.second_opinion is not SecondOpinion.OFF

    def stand_in(self, model: str) -> str:
        """Return the local model that the settings name for a model of the cloud."""
        return self.tiers.get(tier_of(model, self.tiers), self.preferred)


# No slots: what is read of the body is kept beside it.
@dataclass(frozen=True)
class Asking:
    """One request, as far as it is known by now."""

    request: Request
    caller: Caller
    model: str
    body: Asked | None = None
    """``None``: it has not been read."""

    @property
    def purpose(self) -> Purpose:
        """What it is for; work, as long as nobody has looked."""
        return Purpose.WORK if self.body is None else self.body.purpose

    @cached_property
    def session(self) -> str:
        """Which conversation of the client it belongs to; empty where it does not say."""
        return session_of(self.request)

    @cached_property
    def features(self) -> Features:
        """What its body says: each thing is read once, however often it is asked about."""
        if self.body is None:
            return NOTHING
        return Features(self.body.value, len(self.request.body))


class Choices:
    """What a person chose, kept in a store."""

    def __init__(self, store: QuotaStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._made: tuple[Choice, ...] = ()

    async def restore(self) -> None:
        """Take up what was saved."""
        self._made = from_json(await self._store.load(), self._clock.now())

    async def put(self, choice: Choice) -> None:
        """Make a choice, or end the one for the same requests, and save it."""
        self._made = put(self._made, choice, self._clock.now())
        await self._store.save(to_json(self._made))

    def all(self) -> tuple[Choice, ...]:
        """Return those that have not ended."""
        return lasting(self._made, self._clock.now())

    def binding(self, session: str, project: str) -> Choice:
        """Return the one that counts for a request."""
        return binding(self._made, session, project, self._clock.now())


class Policy:
    """Decides who may answer."""

    def __init__(
        self,
        rules: Iterable[Rule],
        accounts: Accounts,
        engines: Engines,
        clock: Clock,
        choices: Choices,
        wishes: Wishes | None = None,
        remotes: Callable[[str], tuple[str, ...]] = lambda _: (),
        machine: Callable[[], Machine] = Machine,
        wait_s: Callable[[LocalModel, int, str], float | None] = lambda *_: None,
        habits: Habits | None = None,
    ) -> None:
        """``remotes`` names the git remotes of a project; ``wait_s`` what was measured."""
        self.wishes = wishes or Wishes()
        """Replaced when the settings are read again; requests under way keep what was decided."""
        self._rules = tuple(rules)
        self._accounts = accounts
        self._engines = engines
        self._clock = clock
        self._choices = choices
        self._remotes = remotes
        self._machine = machine
        self._wait_s = wait_s
        self._habits = habits or Habits()
        self._threads: Recent[str, Thread] = Recent()
        self._levels: Recent[Account, Level] = Recent()
        self._behind: Recent[str, tuple[Border, ...]] = Recent()

    def plain(self, asking: Asking) -> bool:
        """Whether the cloud may be asked before anybody has read the body.

        So it is while nothing but the quota decides: no border, no mode that looks at the request,
        no conversation that a local model is in the middle of.
        """
        if self.wishes.borders or self._thread(asking).is_local:
            return False
        return self._choice(asking).mode in {Mode.AUTO, Mode.CLOUD}

    def may_try(self, asking: Asking, standing: Quota) -> bool:
        """Whether a request may be the one that asks a refusing cloud again.

        Not within a turn that a local model has begun, unless it goes round in circles; and before
        the limit has ended, not with a conversation that would cost more than the try is worth.
        """
        thread, now = self._thread(asking), self._clock.now()
        if standing.state is State.OPEN or not thread.is_local or asking.body is None:
            return True
        if asking.purpose not in CONVERSATION:
            return True
        if asking.features.in_loop and not self._wants_the_cloud(asking):
            return False
        early = standing.until is not None and now < standing.until
        return not early or worth_an_early_try(thread, now)

    def facts(self, asking: Asking, admission: Admission, standing: Quota) -> Facts:
        """Return what the rules may look at."""
        choice = self._choice(asking)
        account = asking.caller.account
        return Facts(
            model=asking.model,
            purpose=asking.purpose,
            admission=admission,
            why=reason(standing),
            # The cloud may yet vouch for the caller: each local model is behind a gate of its own.
            trusted=True,
            credential=account != NOBODY,
            until=standing.until,
            mode=choice.mode or Mode.AUTO,
            preferred=choice.model or self.wishes.stand_in(asking.model),
            chosen=bool(choice.project or choice.session),
            now=self._clock.now(),
            thread=self._thread(asking) if asking.purpose in CONVERSATION else NEW,
            session=asking.session if asking.purpose in CONVERSATION else "",
            features=asking.features,
            pace=self._pace(account) if choice.mode is Mode.SPARE else Pace(),
            borders=self.borders(asking.request, asking.caller),
            machine=self._machine(),
            second_opinion=self.wishes.second_opinion,
        )

    def last(self, asking: Asking) -> str:
        """Return who answered a conversation last, by name; empty: nobody yet."""
        return self._thread(asking).by

    def circles(self, asking: Asking) -> Loop | None:
        """Return how a local model goes round in circles in the turn of a request, if it does."""
        return asking.features.loop if self.wishes.looks_for_circles else None

    def decide(self, facts: Facts, local: Sequence[LocalModel], *, late: bool = False) -> Decision:
        """Return who may answer, of the cloud and of these local models.

        ``late`` adds one that is not known yet.
        """
        candidates = [Candidate(CLOUD, is_cloud=True)]
        candidates += [self._candidate(model, facts) for model in local]
        if late:
            candidates.append(Candidate(LATE, is_cloud=False))
        return decide(facts, candidates, self._rules)

    def borders(self, request: Request, caller: Caller) -> tuple[Border, ...]:
        """Return the borders of the user's that a request lies behind.

        A session that was behind one stays there: not all that a client asks names the folder.
        """
        borders = self.wishes.borders
        if not borders:
            return ()
        remotes: tuple[str, ...] = ()
        if any(border.remote for border in borders):
            remotes = self._remotes(caller.project)
        found = borders_of(borders, caller.project, remotes, request.body)
        session, _, _ = session_of(request).partition("/")
        if not session:
            return found
        before = self._behind.get(session) or ()
        behind = tuple(border for border in borders if border in found or border in before)
        if behind != before:
            self._behind.put(session, behind)
        return behind

    def counted_here(self, request: Request, caller: Caller) -> str:
        """Return why the tokens of a request are not counted by the cloud; empty when they may be.

        What is counted are pieces: a client's tools, notes, files. Where some project must not
        leave, those of nobody knows which stay here, too: the count is about the same.
        """
        away = any(one.privacy is not Privacy.CLOUD_ONLY for one in self.wishes.borders)
        if away and not caller.project:
            return "nobody knows which project it is of"
        return self.stays_here(request, caller)

    def stays_here(self, request: Request, caller: Caller) -> str:
        """Return why a request that no local model can answer must not leave; empty when it may."""
        choice = self._choice(Asking(request, caller, ""))
        for border in self.borders(request, caller):
            if border.privacy is Privacy.LOCAL_ONLY:
                return f"the settings say that {border.words}"
            if border.privacy is Privacy.ASK and not (choice.project or choice.session):
                return f"the settings say that {border.words}"
        return "the user has switched the cloud off" if choice.mode is Mode.LOCAL else ""

    def said_of(self, session: str, project: str) -> Said:
        """Return what a person has said of a conversation, as far as its name and folder tell."""
        request = Request("GET", "/", ((SESSION, session),), b"")
        caller = Caller(NOBODY, trusted=True, project=project)
        choice = self._of(session, project)
        no_local = "the user has switched local models off" if choice.mode is Mode.CLOUD else ""
        for border in self.borders(request, caller):
            asks = border.privacy is Privacy.ASK and not (choice.project or choice.session)
            if asks or border.privacy is Privacy.CLOUD_ONLY:
                no_local = f"the settings say that {border.words}"
        return Said(choice, self.stays_here(request, caller), no_local)

    def answered(self, asking: Asking, by: str, tokens: int) -> None:
        """Note who answered a conversation, and what its prompt came to."""
        session = asking.session
        if session and asking.purpose in CONVERSATION:
            little = asking.features.workload.little if asking.purpose is Purpose.WORK else None
            before = self._thread(asking)
            self._threads.put(session, continued(before, by, self._clock.now(), tokens, little))

    async def choose(self, choice: Choice) -> None:
        """Make a choice of a person. Raise :class:`UnknownModelError`."""
        if choice.model:
            there = await self._engines.candidates()
            found = next((model for model in there if goes_by(choice.model, model)), None)
            if found is None:
                names = ", ".join(model.key for model in there) or "none"
                raise UnknownModelError(
                    f"there is no local model {choice.model!r}; there are: {names}"
                )
            choice = replace(choice, model=found.key)
        await self._choices.put(choice)
        log.info("chosen: %s", choice.words)

    def choices(self) -> tuple[Choice, ...]:
        """Return what was chosen and has not ended."""
        return self._choices.all()

    def stand_ins(self) -> tuple[tuple[str, str, bool], ...]:
        """Return the tiers of the settings with the model of each, and whether that is known."""
        known = self._engines.known()
        return tuple(
            (tier, name, any(goes_by(name, model) for model in known))
            for tier, name in self.wishes.tiers.items()
        )

    @property
    def mode(self) -> Choice:
        """What counts for requests of which nothing special was said."""
        return self._of("", "")

    def _of(self, session: str, project: str) -> Choice:
        chosen = self._choices.binding(session, project)
        return chosen if chosen.mode is not None else Choice(self.wishes.mode)

    def _choice(self, asking: Asking) -> Choice:
        return self._of(asking.session, asking.caller.project)

    def _thread(self, asking: Asking) -> Thread:
        thread = self._threads.get(asking.session) or NEW
        return NEW if thread.is_local and self.wishes.at_once else thread

    def _wants_the_cloud(self, asking: Asking) -> bool:
        wanted = self.wishes.second_opinion is SecondOpinion.CLOUD
        return wanted and self.circles(asking) is not None

    def _pace(self, account: Account) -> Pace:
        before = self._levels.get(account) or 0
        windows, habits = self._accounts.windows(account), self._habits.of(account)
        pace = paced(before, windows, self._clock.now(), habits=habits)
        if pace.level != before:
            self._levels.put(account, pace.level)
        return pace

    def _candidate(self, model: LocalModel, facts: Facts) -> Candidate:
        return Candidate(
            model.key,
            is_cloud=False,
            model=model,
            rests=self._engines.rests(model),
            wait_s=self._wait_s(model, facts.features.tokens, facts.session),
        )
