"""A decision as it is kept, and shown: the facts, what each rule said, and what came of it.

No word of a prompt is among the facts: kinds, sizes, shares and names of features.
"""

from collections.abc import Iterator, Mapping

from standby.core.policy.decide import Decision
from standby.core.policy.verdicts import Facts
from standby.core.quota.machine import Admission
from standby.core.wire.json import JSON

__all__ = ["explained", "lines"]


def explained(facts: Facts, decision: Decision, *, read: bool) -> dict[str, JSON]:
    """Return all of it as JSON. ``read``: the body was read; without it little is known of it."""
    votes: list[JSON] = [
        {
            "rule": reason.rule,
            "candidate": reason.candidate,
            "veto": reason.veto,
            "points": reason.points,
            "why": reason.why,
        }
        for reason in sorted(decision.reasons, key=lambda one: (one.candidate, one.rule))
    ]
    return {
        "facts": _facts(facts, read=read),
        "votes": votes,
        "order": [*decision.order],
        "decided_by": [*decision.decisive],
    }


def _facts(facts: Facts, *, read: bool) -> dict[str, JSON]:
    told: dict[str, JSON] = {
        "model": facts.model,
        "mode": facts.mode.value,
        "quota": "open" if facts.admission is Admission.GO else facts.why or facts.admission.value,
        "conversation": facts.thread.by or "new",
    }
    if facts.preferred:
        told["preferred"] = facts.preferred
    if facts.borders:
        told["project"] = [border.words for border in facts.borders]
    if facts.pace.level:
        told["pace"] = f"level {facts.pace.level}: {facts.pace.why}"
    if not read:
        return {**told, "body": "not read: nothing but the quota decides"}
    features = facts.features
    told["purpose"] = facts.purpose.value
    told["tokens, about"] = features.tokens
    told["in a turn"] = features.in_loop
    if facts.loop is not None:
        told["round in circles"] = facts.loop.words
    told["needs"] = ", ".join(features.needs.words) or "nothing special"
    told["kind of work"] = features.workload.words
    if features.workload.kind is not None:
        told["of little value"] = f"{features.workload.little:.0%} probable"
    if features.workload.features:
        told["because"] = ", ".join(features.workload.features)
    return told


def lines(said: Mapping[str, JSON]) -> Iterator[tuple[str, str]]:
    """Yield a kept explanation as labels and words."""
    match said:
        case {"facts": dict(facts), "votes": list(votes), "order": list(order)}:
            for name, value in facts.items():
                yield name, _words(value)
            yield "", ""
            for vote in votes:
                yield from _vote(vote)
            yield "", ""
            yield "order", ", then ".join(str(one) for one in order) or "nobody may answer"
            # Of two that say the same neither is named: it needs more than one to be without.
            if (deciding := said.get("decided_by")) and isinstance(deciding, list):
                yield "decided by", ", ".join(str(one) for one in deciding)
        case _:
            return


def _vote(vote: JSON) -> Iterator[tuple[str, str]]:
    match vote:
        case {"rule": str(rule), "candidate": str(who), "veto": True, "why": str(why)}:
            yield rule, f"not {who}: {why}"
        case {"rule": str(rule), "candidate": str(who), "points": int(points), "why": str(why)}:
            yield rule, f"{points:+d} {who}: {why}"
        case _:
            pass


def _words(value: JSON) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return "; ".join(map(str, value))
        case _:
            return str(value)
