"""Rule: the cloud is asked while its quota lasts, and is then preferred."""

from typing import Final

from standby.core.policy.verdicts import Candidate, Facts, Score, Verdict, Veto
from standby.core.quota.machine import Admission
from standby.core.wire.purpose import Purpose

__all__ = ["rule"]

_PREFERRED: Final = 100


def rule(facts: Facts, candidate: Candidate) -> Verdict:
    """Veto the cloud while no request may go there; be for it otherwise.

    A look at the quota goes there all the same: what it wants is the headers of the answer.
    """
    if not candidate.is_cloud:
        return None
    if facts.purpose is Purpose.QUOTA_PROBE:
        return Score(_PREFERRED, "the client looks at its quota")
    match facts.admission:
        case Admission.STAY:
            return Veto(facts.why or "the cloud is not asked now")
        case Admission.TRY:
            return Score(_PREFERRED, "this request tries whether the cloud serves again")
        case Admission.GO:
            return Score(_PREFERRED, "the cloud serves")
