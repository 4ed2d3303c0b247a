"""Who may answer a request: whom to ask first, who may go on, and what is said where nobody may.

The rules speak in :mod:`standby.app.policy`; what becomes of those who are asked is the business
of :mod:`standby.app.answering.switch`.
"""

from collections.abc import Collection, Container, Sequence
from typing import Final

from standby.app.answering.turn import Turn
from standby.app.cloud.candidate import Line
from standby.app.late import Late
from standby.app.local.engines import Engines
from standby.app.policy import LATE, Policy
from standby.core.dialects.openai_chat.continuing import can_go_on
from standby.core.models.facts import LocalModel
from standby.core.policy.decide import Decision
from standby.core.policy.explained import explained
from standby.core.policy.thread import CLOUD
from standby.core.quota.machine import Admission, Quota
from standby.core.quota.words import reason
from standby.core.request import NOBODY
from standby.core.wire.asked import Malformed, Purpose

__all__ = ["WORK", "Candidates"]

WORK: Final = frozenset({Purpose.WORK, Purpose.SUBAGENT})
"""What is asked for the sake of the work itself, and not beside it."""
# What keeps a request from a cloud that may be asked all the same where nobody else can answer,
# and from a local model that may yet be found.
_ONLY_SPENT: Final = frozenset({"quota"})
_ONLY_ABSENT: Final = frozenset({"usable"})


class Candidates:
    """The cloud and the local models, as far as each may answer one request."""

    def __init__(self, policy: Policy, line: Line, engines: Engines) -> None:
        self._policy = policy
        self._line = line
        self._engines = engines

    def standing(self, turn: Turn) -> Quota:
        """Return the quota of who asks; one that is open where he has no credential."""
        if turn.caller.account == NOBODY:
            return Quota()
        return self._line.accounts.standing(turn.caller.account, turn.model)

    def decide(self, turn: Turn, admission: Admission, local: Sequence[LocalModel]) -> Decision:
        """Return what the rules say, and have it booked."""
        asking = turn.asking
        facts = self._policy.facts(asking, admission, self.standing(turn))
        decision = self._policy.decide(facts, local)
        read = asking.body is not None
        turn.booking.explained = lambda: explained(facts, decision, read=read)
        return decision

    def order(
        self, turn: Turn, admission: Admission, decision: Decision, *, knows: bool
    ) -> tuple[str, ...]:
        """Return whom to ask: who may, and last those who are better than nobody.

        ``knows``: what the cloud said when the limit was met is remembered, and can be told again.
        """
        local = tuple(name for name in decision.order if name != CLOUD)
        if not local and self._may_come(turn, admission):
            local = (LATE,)  # a server may have been started since somebody last looked
        if CLOUD in decision.order:
            here_first = decision.order[0] != CLOUD and turn.caller.trusted
            return decision.order if here_first else (CLOUD, *local)
        # What the cloud said is not remembered here: if nobody else can, it says so itself.
        stays = admission is Admission.STAY and turn.body.purpose is not Purpose.CLASSIFIER
        spent = stays and not knows and decision.vetoes(CLOUD) <= _ONLY_SPENT
        last = (CLOUD,) if spent else ()
        if turn.caller.trusted:
            return (*local, *last)
        return (*last, *local) if last else ()

    def stand_ins(self, turn: Turn, order: Collection[str]) -> Container[str]:
        """Return who of them may go on with what somebody else began; found out when it is asked.

        A server that was not known yet says itself whether it can.
        """

        def able() -> tuple[str, ...]:
            if isinstance(turn.whole, Malformed) or turn.body.purpose not in WORK:
                return ()
            known = {model.key for model in self._engines.known() if can_go_on(model)}
            return tuple(name for name in order if name in known or name == LATE)

        return Late((), able) if turn.stream else ()

    def why_nobody(self, turn: Turn, admission: Admission, decision: Decision) -> str:
        """Return why nobody may answer, in words: each who may not, and what says so."""
        if not decision.order and decision.candidates == (CLOUD,):
            decision = self._late(turn, admission)  # what keeps it from any, and not only from one
        return "; ".join(
            f"{reason.candidate}: {reason.why}"
            for reason in decision.reasons
            if reason.veto and not (reason.candidate == LATE and reason.rule in _ONLY_ABSENT)
        )

    def why_here(self, turn: Turn) -> tuple[str, str]:
        """Return why a local model is asked now, and until when that is so, in words."""
        if turn.by_hand:
            return "you chose it", ""
        if turn.caller.account == NOBODY:
            return "the request has no cloud credential", ""
        if turn.booking.chosen:
            return turn.booking.chosen, ""
        standing = self.standing(turn)
        until = "" if standing.until is None else f"after {self._line.clock.told(standing.until)}"
        return reason(standing) or "the cloud did not serve this request", until

    def _may_come(self, turn: Turn, admission: Admission) -> bool:
        """Whether a local model may answer that nobody knows of yet."""
        return self._late(turn, admission).vetoes(LATE) <= _ONLY_ABSENT

    def _late(self, turn: Turn, admission: Admission) -> Decision:
        facts = self._policy.facts(turn.asking, admission, self.standing(turn))
        return self._policy.decide(facts, (), late=True)
