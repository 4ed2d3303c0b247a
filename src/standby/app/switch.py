"""The switch: one request decided, answered and booked.

Who may answer is decided by :mod:`standby.core.policy`; how an answer comes about is the business
of the relay and of the two answerers; what is left is to bring them together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from standby.app.bookkeeping import Booking, Books, session_of
from standby.app.cloud import Cloud, Line
from standby.app.engines import Engines
from standby.app.local import Local, LocalDeadlines
from standby.app.notices import Notices
from standby.app.passage import Passage
from standby.app.probes import probe_answer
from standby.app.recent import Recent
from standby.app.relay import Relay
from standby.core.exchange import Broken, Exchange, Stage
from standby.core.handback.notice import words
from standby.core.models.facts import LocalModel
from standby.core.policy.decide import Decision, decide
from standby.core.policy.names import advertised, is_local_name
from standby.core.policy.verdicts import Candidate, Facts, Rule
from standby.core.quota.machine import Admission, State
from standby.core.quota.words import reason
from standby.core.request import NOBODY, Account, Caller, Request
from standby.core.usage import tokens_of
from standby.core.wire import asked, errors
from standby.core.wire.asked import Asked, Malformed, Purpose
from standby.core.wire.errors import Refusal
from standby.core.wire.json import JSON, NotJSONError, loads
from standby.ports import Answerer, Dice, Wire

__all__ = ["Switch"]

CLOUD: Final = "cloud"
"""The cloud's name among the candidates; a local model goes by its key."""
LATE: Final = "local"
"""A local model that is not known yet, and may be there when it is needed."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """One Messages request under way."""

    request: Request
    caller: Caller
    body: Asked
    booking: Booking

    @property
    def session(self) -> str:
        return session_of(self.request)

    @property
    def by_hand(self) -> bool:
        """Whether the request names a local model."""
        return is_local_name(self.body.model)


class Switch:
    """Answers Messages requests, by the cloud or by a local model."""

    def __init__(
        self,
        line: Line,
        engines: Engines,
        passage: Passage,
        books: Books,
        notices: Notices,
        dice: Dice,
        rules: Iterable[Rule],
        deadlines: LocalDeadlines,
        keep_alive_s: float,
    ) -> None:
        self._line = line
        self._engines = engines
        self._passage = passage
        self._books = books
        self._notices = notices
        self._dice = dice
        self._rules = tuple(rules)
        self._deadlines = deadlines
        self._keep_alive_s = keep_alive_s
        # What the cloud said when a limit was met: told again to whom no local model can answer.
        self._refusals: Recent[tuple[Account, str], Refusal] = Recent(64)

    async def answer(self, request: Request, caller: Caller, wire: Wire) -> None:
        """Answer a Messages request."""
        match asked.read(request.body):
            case Malformed(why):
                await self._malformed(why, request, caller, wire)
            case Asked() as body:
                with self._books.open(request, caller, body.model) as booking:
                    await self._answer(_Turn(request, caller, body, booking), wire)

    async def _malformed(self, why: str, request: Request, caller: Caller, wire: Wire) -> None:
        """Leave it to the cloud to say what is wrong with a body, while it does."""
        serves = self._line.accounts.standing(caller.account, "").state is State.OPEN
        if caller.account != NOBODY and serves:
            await self._passage.pass_on(request, caller, wire)
        else:
            await wire.deliver(*errors.answer(400, why))

    async def _answer(self, turn: _Turn, wire: Wire) -> None:
        if turn.by_hand:
            return await self._answer_by_hand(turn, wire)
        if turn.body.purpose is Purpose.MODEL_PROBE and turn.caller.trusted and self._why(turn):
            return await self._deliver_probe(turn, wire)
        # A try is given to one request at a time: to one that does go to the cloud.
        admission = Admission.GO
        if turn.caller.account != NOBODY:
            admission = self._line.accounts.admission(turn.caller.account, turn.body.model)
        local = self._engines.known()
        decision = self._decide(turn, admission, local)
        return await self._run(turn, admission, decision, local, wire)

    async def _answer_by_hand(self, turn: _Turn, wire: Wire) -> None:
        local = await self._engines.candidates()
        decision = self._decide(turn, Admission.GO, local)
        if turn.caller.trusted and not decision.order:
            names = ", ".join(advertised(model) for model in local) or "none"
            why = f"there is no local model {turn.body.model!r}; there are: {names}"
            turn.booking.by, turn.booking.outcome = "gateway", "client_error"
            return await wire.deliver(*errors.answer(404, why))
        if turn.body.purpose is Purpose.MODEL_PROBE and decision.order:
            return await self._deliver_probe(turn, wire)
        return await self._run(turn, Admission.GO, decision, local, wire)

    async def _deliver_probe(self, turn: _Turn, wire: Wire) -> None:
        turn.booking.by, turn.booking.why, turn.booking.status = "gateway", "a model probe", 200
        turn.booking.done = True
        await wire.deliver(*probe_answer(turn.body.model, self._dice))

    def _why(self, turn: _Turn) -> str:
        """Return why the cloud is not asked; empty while it is."""
        return reason(self._line.accounts.standing(turn.caller.account, turn.body.model))

    def _decide(self, turn: _Turn, admission: Admission, local: Sequence[LocalModel]) -> Decision:
        standing = self._line.accounts.standing(turn.caller.account, turn.body.model)
        facts = Facts(
            model=turn.body.model,
            purpose=turn.body.purpose,
            admission=admission,
            why=reason(standing),
            trusted=turn.caller.trusted,
            credential=turn.caller.account != NOBODY,
            until=standing.until,
        )
        candidates = [Candidate(CLOUD, is_cloud=True)]
        candidates += [Candidate(model.key, is_cloud=False, model=model) for model in local]
        return decide(facts, candidates, self._rules)

    async def _run(
        self,
        turn: _Turn,
        admission: Admission,
        decision: Decision,
        local: Sequence[LocalModel],
        wire: Wire,
    ) -> None:
        trying = admission is Admission.TRY or turn.body.purpose is Purpose.QUOTA_PROBE
        cloud = self._cloud(turn, trying=trying)
        answerers: dict[str, Answerer] = {CLOUD: cloud, LATE: self._local(turn, None)}
        answerers.update({model.key: self._local(turn, model) for model in local})
        refusal = self._refusals.get((turn.caller.account, turn.body.model))
        order = self._order(turn, admission, decision, knows=refusal is not None)
        nobody = "; ".join(f"{r.candidate}: {r.why}" for r in decision.reasons if r.veto)
        exchange = Exchange(
            order,
            nobody=nobody or "no model can answer",
            refusal=refusal if CLOUD not in order else None,
        )
        relay = Relay(exchange, answerers, wire, self._line.coder_for, self._keep_alive_s)
        relay.on_shown = lambda: self._books.shown(turn.booking)
        relay.on_broken = lambda broken: _tell(cloud, broken)
        try:
            await relay.run(turn.request)
        finally:
            if trying and not cloud.heard_from:
                self._line.accounts.released(turn.caller.account, turn.body.model)
            self._note(turn, exchange, relay)

    def _order(
        self, turn: _Turn, admission: Admission, decision: Decision, *, knows: bool
    ) -> tuple[str, ...]:
        """Return whom to ask: who may, and last those who are better than nobody."""
        order = decision.order
        probe = turn.body.purpose is Purpose.QUOTA_PROBE
        if all(name == CLOUD for name in order) and turn.caller.trusted and not probe:
            # A server may have been started since somebody last looked.
            order = (*order, LATE)
        if CLOUD not in order and admission is Admission.STAY and not knows:
            # What the cloud said is not remembered here: if nobody else can, it says so itself.
            order = (*order, CLOUD)
        return order

    def _cloud(self, turn: _Turn, *, trying: bool) -> Cloud:
        return Cloud(
            self._line,
            turn.caller.account,
            turn.body.model,
            streamed=turn.body.stream,
            trying=trying,
        )

    def _local(self, turn: _Turn, model: LocalModel | None) -> Local:
        def notice(who: LocalModel) -> str:
            if not turn.body.thinks or not self._notices.due(turn.session, who.key):
                return ""
            standing = self._line.accounts.standing(turn.caller.account, turn.body.model)
            why = "you chose it" if turn.by_hand else reason(standing)
            until = "" if turn.by_hand or standing.until is None else self._told(standing.until)
            return words(
                f"{who.id} on {who.engine}",
                why or "the cloud did not serve this request",
                until,
                rehearsal=who.rehearsal,
            )

        return Local(self._engines, model, turn.body, self._dice, self._deadlines, notice)

    def _told(self, until: float) -> str:
        return f"after {self._line.clock.told(until)}"

    def _note(self, turn: _Turn, exchange: Exchange, relay: Relay) -> None:
        """Write down what the exchange came to."""
        booking, last = turn.booking, exchange.asked[-1] if exchange.asked else ""
        booking.done = exchange.stage is Stage.DONE
        booking.status = relay.status
        booking.answered = exchange.shown.model
        usage = exchange.shown.usage
        if relay.whole is not None:
            booking.answered, usage = _of_whole(relay.whole)
        booking.tokens = tokens_of(usage)
        booking.why = self._why(turn) or ("it was chosen" if turn.by_hand else "the cloud serves")
        if relay.gave_up is not None:
            booking.outcome = "broken" if exchange.shown.blocks else "refused"
            booking.why = relay.gave_up
        elif errors.is_error(relay.status):
            booking.outcome = "client_error"
        if relay.status and relay.gave_up is None:
            booking.by = "both" if exchange.joined else "cloud" if last == CLOUD else "local"
        if booking.by == "cloud" and booking.outcome == "ok":
            self._notices.over(turn.session)
            self._refusals.forget((turn.caller.account, turn.body.model))
        if exchange.refusal is not None:
            self._refusals.put((turn.caller.account, turn.body.model), exchange.refusal)


def _tell(cloud: Cloud, broken: Broken) -> None:
    if broken.candidate == CLOUD:
        cloud.broken(broken.complaint)


def _of_whole(plain: bytes) -> tuple[str, dict[str, JSON]]:
    """Return who gave a whole answer, and its usage."""
    try:
        value = loads(plain)
    except NotJSONError:
        return "", {}
    match value:
        case {"model": str(model), "usage": dict(usage)}:
            return model, usage
        case _:
            return "", {}
