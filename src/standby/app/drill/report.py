"""How a rehearsal reads: a line for each thing that happens, or all of it as data."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from standby.app.drill.rehearsal import Check, Event, Moment, Phase, Report
from standby.core.wire.json import JSON

__all__ = ["PLAIN_SIGNS", "SIGNS", "Mood", "Said", "as_json", "closing", "said"]

Mood: TypeAlias = Literal["title", "good", "bad", "plain", "dim"]

SIGNS: Final = ("✓", "✗")
PLAIN_SIGNS: Final = ("ok", "NO")
"""For terminals whose encoding has no ticks and crosses."""


@dataclass(frozen=True, slots=True)
class Said:
    """A line, and how it is meant."""

    text: str
    mood: Mood


def said(event: Event, signs: tuple[str, str] = SIGNS) -> Said:
    """Return the line that tells of an event."""
    match event:
        case Phase(title):
            return Said(f"\n{title[0].upper()}{title[1:]}", "title")
        case Moment(at_s, who, what):
            return Said(f"{at_s:7.2f} s  {who:<8} {what}", "plain")
        case Check() as check:
            good, bad = signs
            return Said(
                f"{'':11}{good if check.passed else bad} {check.told}",
                "good" if check.passed else "bad",
            )


def closing(report: Report) -> tuple[Said, ...]:
    """Return what is said at the end: the figures, and the verdict."""
    figures = (
        f"\nThe cloud saw {_counted(report.cloud_requests, 'request')} and refused"
        f" {report.cloud_refusals}."
    )
    if report.client:
        figures += f" The client was {report.client}."
    if report.audition_s is not None:
        figures += (
            f" The local model needed {report.audition_s:.1f} s for its first answer, its start"
            " included."
        )
    hint = [Said(f"\n{report.hint}", "plain")] if report.hint else []
    return (
        Said(figures, "dim"),
        Said(report.verdict, "good" if report.passed else "bad"),
        *hint,
    )


def as_json(report: Report, log: tuple[str, ...] = ()) -> dict[str, JSON]:
    """Return the report as data. ``log``: the last lines that the gateway said."""
    stand_in = report.stand_in
    return {
        "passed": report.passed,
        "verdict": report.verdict,
        "hint": report.hint,
        "client": report.client,
        "stand_in": None
        if stand_in is None
        else {
            "engine": stand_in.engine,
            "model": stand_in.model,
            "rehearsal": stand_in.rehearsal,
        },
        "cloud": {"requests": report.cloud_requests, "refused": report.cloud_refusals},
        "audition_s": report.audition_s,
        "takeover_s": report.takeover_s,
        "phases": [_phase(phase) for phase in report.phases],
        "timeline": [
            {"at_s": round(one.at_s, 3), "who": one.who, "what": one.what} for one in report.moments
        ],
        "log": list(log),
    }


def _phase(phase: Phase) -> JSON:
    return {
        "title": phase.title,
        "passed": phase.passed,
        "checks": [
            {"words": one.words, "passed": one.passed, "found": "" if one.passed else one.found}
            for one in phase.checks
        ],
    }


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
