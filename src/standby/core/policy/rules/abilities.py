"""Rule: who lacks what a request needs comes after who does not."""

from collections.abc import Iterator
from typing import Final

from standby.core.policy.features import Features
from standby.core.policy.modes import Mode
from standby.core.policy.verdicts import Candidate, Facts, Score, Verdict

__all__ = ["rule"]

_LACKS: Final = -200


def rule(facts: Facts, candidate: Candidate) -> Verdict:
    """Be against a local model for each ability that it is known to lack.

    No veto: there is a makeshift for each, and somebody must answer when the cloud does not.
    """
    if candidate.model is None or facts.mode is Mode.LOCAL:
        return None
    lacking = [*_lacking(facts.features, candidate)]
    return Score(_LACKS * len(lacking), f"it has no {', no '.join(lacking)}") if lacking else None


def _lacking(features: Features, candidate: Candidate) -> Iterator[str]:
    model, needs = candidate.model, features.needs
    if model is None:
        return
    if needs.vision and model.vision is not True:
        yield "eyes for its images"
    if needs.tools and model.tools is False:
        yield "template for its tools"
    if needs.server_tools:
        yield "server tools"
    if needs.effort and model.reasoning is not True:
        yield "thinking of high effort"
