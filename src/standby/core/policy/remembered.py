"""A kept explanation, read back as facts: what a request was, as far as the ledger has it.

What is not there is not known, and counts as it does for a body that nobody has read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from standby.core.policy.features import Features
from standby.core.policy.needs import Needs
from standby.core.policy.workload import IN_MANY_WORDS, SURE, UNKNOWN, Guess, Workload
from standby.core.usage import Entry
from standby.core.wire.json import JSON
from standby.core.wire.purpose import Purpose

__all__ = ["Remembered", "remembered"]

_GUESS: Final = re.compile(r"(?P<kind>[a-z -]+) \((?P<score>[0-9]{1,3})% sure\)")
_SHARE: Final = re.compile(r"(?P<share>[0-9]{1,3})% probable")
_KINDS: Final = {kind.value: kind for kind in Workload}
_PURPOSES: Final = {purpose.value: purpose for purpose in Purpose}
# How sure a guess had to be before it was said how probable little value is.
_SURE_ONCE: Final = 0.6


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of one request of the past."""

    purpose: Purpose
    features: Features
    whole: bool
    """Its body had been read, and what was read of it was kept."""


def remembered(entry: Entry, said: Mapping[str, JSON] | None) -> Remembered:
    """Return what is known of a request: of what was kept of its decision, else of its row."""
    facts = said.get("facts") if said is not None else None
    if not isinstance(facts, dict):
        return _of_row(entry)
    match facts:
        case {
            "purpose": str(purpose),
            "tokens, about": int(tokens),
            "in a turn": bool(in_loop),
        } if purpose in _PURPOSES:
            features = Features({}, 0, tokens)
            features.in_loop = in_loop
            features.needs = _needs(facts.get("needs"))
            features.workload = _guess(facts.get("kind of work"), facts.get("of little value"))
            return Remembered(_PURPOSES[purpose], features, whole=True)
        case _:
            return _of_row(entry)


def _of_row(entry: Entry) -> Remembered:
    counted = entry.tokens
    tokens = counted.input + counted.cache_read + counted.cache_write
    purpose = Purpose.SUBAGENT if "/" in entry.session else Purpose.WORK
    return Remembered(purpose, Features({}, 0, tokens), whole=False)


def _guess(kind: JSON, little: JSON) -> Guess:
    found = _GUESS.fullmatch(kind) if isinstance(kind, str) else None
    if found is None or found["kind"] not in _KINDS:
        return replace(UNKNOWN, brief=kind != IN_MANY_WORDS)
    work, score = _KINDS[found["kind"]], int(found["score"]) / 100
    share = _SHARE.fullmatch(little) if isinstance(little, str) else None
    if share is not None:
        return Guess(work, score, (), int(share["share"]) / 100)
    is_little = not work.of_high_value and score >= _SURE_ONCE
    return Guess(work, score, (), SURE if is_little else 1 - SURE)


def _needs(words: JSON) -> Needs:
    named = words.split(", ") if isinstance(words, str) else []
    return Needs(
        tools="tools" in named,
        vision="vision" in named,
        server_tools="server tools" in named,
        structured="structured output" in named,
        effort="high effort" in named,
    )
