"""What a check found: how bad it is, what it means, and what to do."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Finding", "Grade", "fail", "ok", "warn"]

Grade: TypeAlias = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    check: str
    grade: Grade
    words: str
    advice: str = ""
    """What to do; empty when there is nothing to do."""


def ok(check: str, words: str) -> Finding:
    """Return that all is well."""
    return Finding(check, "ok", words)


def warn(check: str, words: str, advice: str) -> Finding:
    """Return that something may hurt later."""
    return Finding(check, "warn", words, advice)


def fail(check: str, words: str, advice: str) -> Finding:
    """Return that something does not work."""
    return Finding(check, "fail", words, advice)
