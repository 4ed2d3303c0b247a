"""The switch: one request decided, answered and booked.

Who may answer is decided by :mod:`standby.core.policy`; how an answer comes about is the business
of the relay and of the two answerers; what is left is to bring them together.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Final

from standby.app.answering.candidates import WORK, Candidates
from standby.app.answering.gated import Gated
from standby.app.answering.notices import Notices
from standby.app.answering.outcome import book
from standby.app.answering.probes import probe_answer
from standby.app.answering.relay import Relay
from standby.app.answering.sidecalls import SideCall, side_answer
from standby.app.answering.turn import Turn
from standby.app.answering.witness import Witness
from standby.app.bookkeeping import Books
from standby.app.cloud.candidate import Cloud, Line
from standby.app.cloud.passage import Passage
from standby.app.late import Late
from standby.app.local.admission import Admission as Slots
from standby.app.local.candidate import Local, LocalDeadlines
from standby.app.local.engines import Engines
from standby.app.local.fitting import Fitting
from standby.app.local.speeds import Speeds
from standby.app.policy import LATE, Asking, Policy
from standby.app.recent import Recent
from standby.app.waiting import Waiting
from standby.app.warming.warm import Warming
from standby.core.exchange import Broken, Exchange
from standby.core.handback.notice import circles, words
from standby.core.models.facts import LocalModel
from standby.core.policy.decide import Decision
from standby.core.policy.names import advertised, is_local_name
from standby.core.policy.thread import CLOUD
from standby.core.quota.machine import Admission, State
from standby.core.quota.words import reason
from standby.core.request import NOBODY, Account, Caller, Request
from standby.core.turns import goes_on, priority_of
from standby.core.usage.deeds import Deed
from standby.core.wire import asked, errors
from standby.core.wire.asked import Asked, Malformed, Purpose
from standby.core.wire.errors import Refusal
from standby.core.wire.glance import Glance, glance
from standby.ports import Answerer, AnswererError, Dice, Schemas, Wire

__all__ = ["Switch"]

GLANCED_AT_BYTES: Final = 8 * 1024
"""A smaller body is read whole at once: that costs less than 10 us, and it may be a probe."""
STRANGER: Final = (
    "a local model answers who comes with the gateway's token, or with a credential that the cloud"
    " has accepted"
)


class Switch:
    """Answers Messages requests, by the cloud or by a local model."""

    def __init__(
        self,
        line: Line,
        engines: Engines,
        slots: Slots,
        passage: Passage,
        books: Books,
        notices: Notices,
        dice: Dice,
        policy: Policy,
        deadlines: LocalDeadlines,
        keep_alive_s: float,
        fitting: Fitting | None = None,
        schemas: Schemas | None = None,
        speeds: Speeds | None = None,
        *,
        continues: bool = True,
        warming: Warming | None = None,
    ) -> None:
        """``continues``: a local model may go on with an answer that somebody else began.

        It and ``keep_alive_s`` are replaced when the settings are read again: answers that run keep
        what they began with.
        ``warming`` is told of what may have to be answered here next.
        """
        self._line = line
        self._engines = engines
        self._slots = slots
        self._passage = passage
        self._books = books
        self._notices = notices
        self._dice = dice
        self._policy = policy
        self._candidates = Candidates(policy, line, engines)
        self._deadlines = deadlines
        self.keep_alive_s = keep_alive_s
        self._fitting = fitting or Fitting(engines)
        self._schemas = schemas
        self._speeds = speeds or Speeds()
        self.continues = continues
        self._warming = warming
        # What the cloud said when a limit was met: told again to whom no local model can answer.
        self._refusals: Recent[tuple[Account, str], Refusal] = Recent(64)

    async def answer(self, request: Request, caller: Caller, wire: Wire) -> None:
        """Answer a Messages request."""
        with nullcontext() if self._warming is None else self._warming.attending():
            await self._answer_to(request, caller, wire)

    async def _answer_to(self, request: Request, caller: Caller, wire: Wire) -> None:
        if (seen := self._seen(request, caller)) is not None:
            with self._books.open(request, caller, seen.model) as booking:
                waiting = Waiting(self._line.clock, self._dice)
                turn = Turn(request, caller, seen.model, seen.stream, booking, waiting)
                return await self._answer_ahead(turn, wire)
        match asked.read(request.body, request.headers):
            case Malformed(why):
                return await self._malformed(why, request, caller, wire)
            case Asked(model=model, stream=stream) as body:
                with self._books.open(request, caller, model) as booking:
                    waiting = Waiting(self._line.clock, self._dice)
                    turn = Turn(request, caller, model, stream, booking, waiting, body)
                    return await self._answer(turn, wire)

    def _seen(self, request: Request, caller: Caller) -> Glance | None:
        """Return what is enough to ask the cloud; ``None`` where the whole must be read first."""
        if len(request.body) < GLANCED_AT_BYTES or caller.account == NOBODY:
            return None
        seen = glance(request.body)
        if seen is None or is_local_name(seen.model):
            return None
        if not self._policy.plain(Asking(request, caller, seen.model)):
            return None
        opened = self._line.accounts.standing(caller.account, seen.model).state is State.OPEN
        return seen if opened else None

    async def _malformed(self, why: str, request: Request, caller: Caller, wire: Wire) -> None:
        """Leave it to the cloud to say what is wrong with a body, while it does."""
        accounts = self._line.accounts
        known = caller.account != NOBODY
        if why_not := self._policy.stays_here(request, caller):
            await wire.deliver(*errors.answer(400, f"{why}; {why_not}"))
        elif known and accounts.standing(caller.account, "").state is State.OPEN:
            await self._passage.pass_on(request, caller, wire)
        else:
            await wire.deliver(*errors.answer(400, why))

    async def _answer(self, turn: Turn, wire: Wire) -> None:
        if turn.by_hand:
            return await self._answer_by_hand(turn, wire)
        if (
            turn.body.purpose is Purpose.MODEL_PROBE
            and turn.caller.trusted
            and reason(self._candidates.standing(turn))
        ):
            return await self._deliver_probe(turn, wire)
        # A try is given to one request at a time: to one that does go to the cloud.
        admission = Admission.GO
        if not self._policy.may_try(turn.asking, self._candidates.standing(turn)):
            admission = Admission.STAY
        elif turn.caller.account != NOBODY:
            admission = self._line.accounts.admission(turn.caller.account, turn.model)
        local = self._engines.known()
        decision = self._candidates.decide(turn, admission, local)
        return await self._run(turn, admission, decision, local, wire)

    async def _answer_ahead(self, turn: Turn, wire: Wire) -> None:
        """Ask the cloud, which serves, before the body is read: who else may, is seen if it fails.

        A body that is malformed is then the cloud's business.
        """
        admission = self._line.accounts.admission(turn.caller.account, turn.model)
        cloud = self._cloud(turn, trying=admission is not Admission.GO)
        answerers: dict[str, Answerer] = {CLOUD: cloud}

        def others() -> tuple[str, ...]:
            if isinstance(turn.whole, Malformed):
                return ()
            local = self._engines.known()
            answerers.update(self._locals(turn, local, cloud))
            decision = self._candidates.decide(turn, admission, local)
            return self._candidates.order(
                turn, admission, decision, knows=self._refusal(turn) is not None
            )

        decision = self._candidates.decide(turn, admission, ())
        order = Late(decision.order, others)
        await self._drive(turn, admission, decision, order, cloud, answerers, wire)

    async def _answer_by_hand(self, turn: Turn, wire: Wire) -> None:
        if not turn.caller.trusted:
            turn.booking.by, turn.booking.outcome = "gateway", "client_error"
            turn.booking.why, turn.booking.status = STRANGER, 401
            return await wire.deliver(*errors.answer(401, STRANGER))
        local = await self._engines.candidates()
        decision = self._candidates.decide(turn, Admission.GO, local)
        if not decision.order and not decision.names("privacy"):
            names = ", ".join(advertised(model) for model in local) or "none"
            why = f"there is no local model {turn.model!r}; there are: {names}"
            turn.booking.by, turn.booking.outcome = "gateway", "client_error"
            turn.booking.why, turn.booking.status = "it names no local model that is there", 404
            return await wire.deliver(*errors.answer(404, why))
        if turn.body.purpose is Purpose.MODEL_PROBE:
            return await self._deliver_probe(turn, wire)
        return await self._run(turn, Admission.GO, decision, local, wire)

    async def _deliver_probe(self, turn: Turn, wire: Wire) -> None:
        turn.booking.by, turn.booking.why, turn.booking.status = "gateway", "a model probe", 200
        turn.booking.done = True
        await wire.deliver(*probe_answer(turn.model, self._dice))

    async def _run(
        self,
        turn: Turn,
        admission: Admission,
        decision: Decision,
        local: Sequence[LocalModel],
        wire: Wire,
    ) -> None:
        # Who stays and is sent to the cloud all the same is sent although a refusal is known.
        cloud = self._cloud(turn, trying=admission is not Admission.GO)
        answerers: dict[str, Answerer] = {CLOUD: cloud, **dict(self._locals(turn, local, cloud))}
        order = self._candidates.order(
            turn, admission, decision, knows=self._refusal(turn) is not None
        )
        await self._drive(turn, admission, decision, order, cloud, answerers, wire)

    async def _drive(
        self,
        turn: Turn,
        admission: Admission,
        decision: Decision,
        order: Collection[str],
        cloud: Cloud,
        answerers: Mapping[str, Answerer],
        wire: Wire,
    ) -> None:
        nobody = (
            self._candidates.why_nobody(turn, admission, decision)
            if turn.caller.trusted
            else STRANGER
        )
        turn.booking.why = why = decision.speaks_for(CLOUD) or "nobody else could answer"
        turn.booking.chosen = decision.prefers_local
        exchange = Exchange(
            order,
            self._candidates.stand_ins(turn, order) if self.continues else (),
            nobody=nobody or "no model can answer",
            besides=decision.forbidden,
            # What the cloud has said does not matter where it would not be asked in any case.
            refusal=None if CLOUD in order or decision.kept else self._refusal(turn),
            kept=decision.kept,
        )
        # A client that waits for a whole answer can be told nothing else before it.
        keep_alive_s = self.keep_alive_s if turn.stream else None
        relay = Relay(
            *(exchange, answerers, wire, self._line.coder_for, keep_alive_s), waiting=turn.waiting
        )

        def saw(deeds: tuple[Deed, ...]) -> None:
            turn.booking.deeds = deeds

        relay.out.on_shown = lambda: self._books.shown(turn.booking)
        relay.on_broken = lambda broken: _tell(cloud, broken)
        relay.watched = lambda who: None if who == CLOUD else Witness(saw)
        cloud.at_once = relay.at_once
        ahead = turn.caller.trusted and decision.order[:1] == (CLOUD,)
        if ahead:
            self._goes_to_cloud(turn)
        try:
            await relay.run(turn.request)
        finally:
            cloud.at_once = None  # or each would keep the other until the collector finds them
            if admission is Admission.TRY and not cloud.heard_from:
                self._line.accounts.released(turn.caller.account, turn.model)
            self._note(turn, exchange, relay, why)
            if turn.booking.by == "cloud" and cloud.vouched and not ahead:
                self._goes_to_cloud(turn)
            self._came_here(turn, exchange)

    def _goes_to_cloud(self, turn: Turn) -> None:
        """Have it ready that the next turn of this conversation is answered here."""
        if self._warming is not None:
            self._warming.noted(turn.request, turn.caller.account)

    def _came_here(self, turn: Turn, exchange: Exchange) -> None:
        """Tell the warming if the cloud should have answered what was answered here."""
        if self._warming is None or turn.booking.by not in {"local", "both"}:
            return
        if CLOUD in exchange.asked:
            self._warming.trouble(turn.booking.why)

    def _refusal(self, turn: Turn) -> Refusal | None:
        return self._refusals.get((turn.caller.account, turn.model))

    def _locals(
        self, turn: Turn, local: Iterable[LocalModel], cloud: Cloud
    ) -> Iterator[tuple[str, Answerer]]:
        """Yield who may answer here, by name."""
        yield LATE, self._local(turn, None, cloud)
        for model in local:
            yield model.key, self._local(turn, model, cloud)

    def _cloud(self, turn: Turn, *, trying: bool) -> Cloud:
        return Cloud(
            self._line,
            turn.caller.account,
            turn.model,
            streamed=turn.stream,
            trying=trying,
            # At once: who meets the limit may be answered for minutes, and others come meanwhile.
            refused=lambda refusal: self._refusals.put((turn.caller.account, turn.model), refusal),
            noting=self._policy.wishes.notes_hand_back,
        )

    def _local(self, turn: Turn, model: LocalModel | None, cloud: Cloud) -> Gated:
        """Return a local model that answers whom the gateway knows, and says why it does."""
        until = ""

        def check() -> None:
            nonlocal until
            if not (turn.caller.trusted or cloud.vouched):
                raise AnswererError(STRANGER)
            # As it is now: a short rest of the cloud may be over before the answer is.
            turn.booking.why, until = self._candidates.why_here(turn)

        def notice(who: LocalModel) -> str:
            if not turn.body.thinks:
                return ""
            said = self._circles(turn, who)
            if self._notices.due(turn.session, turn.model, who.key):
                told = words(who.title, turn.booking.why, until, rehearsal=who.rehearsal)
                said = f"{told} {said}".rstrip()
            return said

        def noted(notes: tuple[str, ...]) -> None:
            turn.booking.notes = notes

        def has_read(who: LocalModel, tokens: int | None) -> None:
            if self._warming is not None and goes_on(turn.body.purpose):
                newest = turn.body.purpose in WORK
                self._warming.served(turn.request, turn.caller.account, who, tokens, newest=newest)

        if (said := side_answer(turn.body)) is not None:
            return Gated(check, SideCall(turn.body, said, self._dice))
        local = Local(
            *(self._engines, self._slots, model, turn.body),
            *(self._dice, self._deadlines, notice),
            fitting=self._fitting,
            noted=noted,
            schemas=self._schemas,
            session=turn.session if goes_on(turn.body.purpose) else "",
            waiting=turn.waiting,
            speeds=self._speeds,
            priority=priority_of(turn.body.purpose, agent=turn.is_agents),
            has_read=has_read,
            marked=turn.body.thinks and self._policy.wishes.notes_hand_back,
        )
        return Gated(check, local)

    def _circles(self, turn: Turn, who: LocalModel) -> str:
        """Return what a person is told of a local model that goes round in circles, once each."""
        loop = self._policy.circles(turn.asking) if self._notices.enabled else None
        if loop is None or not loop.fresh:
            return ""
        instead = who.title if self._policy.last(turn.asking) not in {"", who.key} else ""
        return circles(loop.words, reason(self._candidates.standing(turn)), instead)

    def _note(self, turn: Turn, exchange: Exchange, relay: Relay, why: str) -> None:
        """Write down what the exchange came to, and remember what the next one must know."""
        book(turn, exchange, relay, why, limited=bool(reason(self._candidates.standing(turn))))
        booking = turn.booking
        if booking.done and exchange.asked and not errors.is_error(relay.out.status):
            tokens = booking.tokens
            prompt = tokens.input + tokens.cache_read + tokens.cache_write
            self._policy.answered(turn.asking, exchange.speaker or exchange.asked[-1], prompt)
        if booking.by == "cloud" and booking.outcome == "ok":
            self._notices.over(turn.session, turn.model)
            self._refusals.forget((turn.caller.account, turn.model))
        elif exchange.refusal is not None:
            self._refusals.put((turn.caller.account, turn.model), exchange.refusal)


def _tell(cloud: Cloud, broken: Broken) -> None:
    if broken.candidate == CLOUD:
        cloud.broken(broken.complaint)
