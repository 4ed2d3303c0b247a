"""Rule: where a project's data may go is for its user to say."""

from standby.core.policy.privacy import Border, Privacy
from standby.core.policy.verdicts import Candidate, Facts, Verdict, Veto

__all__ = ["rule"]


def rule(facts: Facts, candidate: Candidate) -> Verdict:
    """Veto the side that a border of the user's keeps the project from.

    Behind ``ask`` it is both, until a side was chosen for the project. Rules that contradict each
    other leave nobody, and are named.
    """
    for border in facts.borders:
        if _keeps(border, facts, candidate):
            return Veto(_words(border))
    return None


def _keeps(border: Border, facts: Facts, candidate: Candidate) -> bool:
    match border.privacy:
        case Privacy.LOCAL_ONLY:
            return candidate.is_cloud
        case Privacy.CLOUD_ONLY:
            return not candidate.is_cloud
        case Privacy.ASK:
            return not facts.chosen


def _words(border: Border) -> str:
    if border.privacy is Privacy.ASK:
        place = border.path or "its folder"
        return (
            f"{border.words}: allow it with `standby use cloud --project {place}`, or `local`, or"
            " `auto`"
        )
    return f"the settings say that {border.words}"
