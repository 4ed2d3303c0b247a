"""What kind of work a turn is, guessed from features that can be named. A guess, with its score.

Only what a person said last is read, and whether what was tried before it failed. The words are
those of programmers asking for work; no text is kept. Where no feature speaks, a turn counts as one
of high value: to be wrong that way costs quota, the other way it costs the work.
"""

import enum
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from standby.core.wire.json import JSON
from standby.core.wire.purpose import texts

__all__ = ["SURE", "UNKNOWN", "Guess", "Workload", "guessed"]

SURE: Final = 0.6
"""From this score on a guess is acted on."""
_READ_LETTERS: Final = 2000
_LOOKED_BACK: Final = 6
# "Yes", "the next one", "go on": who says little goes on with what was said before.
_EARLIER_TURNS: Final = 3
_FADES: Final = 0.7


class Workload(enum.Enum):
    """What a turn is for."""

    PLAN = "plan"
    """A new plan or a design, or a judgement of one."""
    DEBUG = "debugging"
    """The cause of something that goes wrong."""
    MULTI_FILE = "multi-file change"
    """A feature or a change across several places."""
    MECHANICAL = "mechanical edit"
    """A small change that is said exactly."""
    BOILERPLATE = "boilerplate"
    """What is written the same way everywhere: skeletons, fixtures, comments."""
    SUMMARY = "summary"
    """What was done or said, in fewer words."""
    QUESTION = "question"
    """Where or what something is."""

    @property
    def of_high_value(self) -> bool:
        """Whether the cloud is kept for it."""
        return self in _HIGH


_HIGH: Final = frozenset({Workload.PLAN, Workload.DEBUG, Workload.MULTI_FILE})


@dataclass(frozen=True, slots=True)
class Guess:
    """What a turn probably is."""

    kind: Workload | None
    """``None``: no feature spoke."""
    score: float
    """From 0 to 1, how much more speaks for it than for the others."""
    features: tuple[str, ...] = ()
    """The features that spoke, by name."""

    @property
    def of_high_value(self) -> bool:
        """Whether it is to be treated as such: also when the guess is not sure."""
        return self.kind is None or self.kind.of_high_value or self.score < SURE

    @property
    def may_be_of_little_value(self) -> bool:
        """Whether nothing says that it is of high value, be it sure or not."""
        return self.kind is None or not self.kind.of_high_value

    @property
    def words(self) -> str:
        """The guess in words."""
        if self.kind is None:
            return "of unknown kind"
        return f"{self.kind.value} ({self.score:.0%} sure)"


UNKNOWN: Final = Guess(None, 0.0)


@dataclass(frozen=True, slots=True)
class _Feature:
    name: str
    said: re.Pattern[str]
    weights: Mapping[Workload, float]


def _feature(name: str, pattern: str, **weights: float) -> _Feature:
    kinds = {Workload[kind.upper()]: weight for kind, weight in weights.items()}
    return _Feature(name, re.compile(pattern, re.IGNORECASE), kinds)


_FEATURES: Final = (
    _feature(
        "speaks of a plan",
        r"\b(?:plan|design|architect\w*|approach|strateg\w+|propos\w+|trade-?offs?|pros and cons"
        r"|roadmap|rfc|options?|evaluate|should we|how (?:would|should) (?:we|you|i)|think through"
        r"|best way|compare|weigh|think about|suggest)\b",
        plan=3.2,
    ),
    _feature(
        "something goes wrong",
        r"\b(?:fail(?:s|ed|ing|ure)?|error|exception|traceback|crash\w*|bug|broken|hang\w*|deadlock"
        r"|flaky|leak\w*|regress\w*|wrong|stack ?trace|segfault|panic\w*|race|5\d\d|stuck"
        r"|breaks?|blank|drops?|shows nothing|any idea|does ?n[o']t work"
        r"|not working|stopped working|times? out)\b",
        debug=2.5,
    ),
    _feature(
        "asks for the cause",
        r"\b(?:debug|investigat\w+|root cause|why (?:does|is|do|are|did)|figure out|find out why"
        r"|diagnos\w+|track down|bisect|reproduce|still)\b",
        debug=1.8,
    ),
    _feature(
        "a change across the code",
        r"\b(?:implement|build|migrat\w+|refactor|integrat\w+|rewrite|introduce|port|replace|split"
        r"|extract|support for|add support|end to end|feature|endpoint|wire|across|throughout|all"
        r" (?:the )?(?:modules|callers|services|handlers|files)|every (?:caller|module|service)"
        r"|codebase|convert the|in all (?:the )?)\b",
        multi_file=2.2,
    ),
    _feature(
        "a small change said exactly",
        r"\b(?:rename|renam\w+|bump|typo|remove (?:the )?unused|delete (?:the )?(?:line|unused)"
        r"|change (?:the )?(?:\S+ ){1,4}to|delete the|add a (?:trailing|line|comma)"
        r"|sort|reformat|format|indent\w*|swap|change \S+ to|replace \S+ with|set \S+ to"
        r"|move (?:the )?(?:line|import|function|constant)|uncomment"
        r"|comment out|capitali[sz]e|lint|inline)\b",
        mechanical=2.6,
    ),
    _feature(
        "names a thing in code",
        r"`[^`\n]{1,60}`",
        mechanical=0.5,
        question=0.2,
    ),
    _feature(
        "written the same everywhere",
        r"\b(?:boilerplate|skeleton|scaffold\w*|stubs?|template|docstrings?|getters?|setters?"
        r"|dataclass|dto|crud|fixtures?|\.?gitignore|dockerfile|licen[cs]e header|changelog entry"
        r"|readme section|type hints|__init__|placeholder|sample data|mock data|unit tests? for"
        r"|config file|makefile|editorconfig|workflow file)\b",
        boilerplate=2.7,
    ),
    _feature(
        "asks for fewer words",
        r"\b(?:summari[sz]e|summary|tl;?dr|recap|in (?:one|two|three|a few) (?:sentences?|lines?"
        r"|bullets?)|commit message|release notes|pr description|describe (?:the|what) (?:changes?"
        r"|we)|what (?:did|have) (?:we|you) (?:do|done|change)|so far|status update"
        r"|list what|shorten|bullet points)\b",
        summary=3.6,
    ),
    _feature(
        "begins as a question",
        r"^\s*(?:what|where|which|who|when|how (?:many|does|do|is|long|much)|is|are|does|do|can"
        r"|show me|explain|tell me|list)\b",
        question=2.3,
    ),
    _feature("ends as a question", r"\?\s*$", question=0.6, plan=0.2),
    _feature(
        "asks where or what",
        r"\b(?:where (?:is|are|do)|what (?:is|does|are)|which file|explain|meaning of|defined|find"
        r" (?:the|all) (?:usages?|definition|references)|documentation)\b",
        question=1.2,
    ),
)
_REMINDER: Final = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)
# Plain words: a pattern took ten times as long over the end of each result.
_FAILED: Final = ("Traceback", "FAILED", "Error", "error:", "Exception", "panicked", "exit code 1")
_END_LETTERS: Final = 600
_LONG_LETTERS: Final = 600


def guessed(value: Mapping[str, JSON]) -> Guess:
    """Return what the turn of a request body probably is."""
    messages = value.get("messages")
    turns = messages if isinstance(messages, list) else []
    totals: dict[Workload, float] = {}
    spoke: list[str] = []
    place, weight = len(turns), 1.0
    for _ in range(_EARLIER_TURNS + 1):
        place, said = _said_last(turns[:place])
        if not said:
            break
        for name, weights in _heard(said, turns[:place]):
            spoke.append(name if weight == 1.0 else f"{name} before")
            for kind, worth in weights.items():
                totals[kind] = totals.get(kind, 0.0) + worth * weight
        guess = _guess(totals, spoke)
        if guess.score >= SURE:
            break
        weight *= _FADES
    return _guess(totals, spoke)


def _guess(totals: Mapping[Workload, float], spoke: Sequence[str]) -> Guess:
    if not totals:
        return UNKNOWN
    kind = max(totals, key=lambda each: totals[each])
    powers = [math.exp(totals.get(each, 0.0)) for each in Workload]
    return Guess(kind, math.exp(totals[kind]) / sum(powers), tuple(spoke))


def _heard(said: str, before: Sequence[JSON]) -> Iterator[tuple[str, Mapping[Workload, float]]]:
    for feature in _FEATURES:
        if feature.said.search(said):
            yield feature.name, feature.weights
    if len(said) > _LONG_LETTERS:
        yield "much is said", {Workload.PLAN: 0.4, Workload.MULTI_FILE: 0.8, Workload.DEBUG: 0.4}
    if _failed_before(before):
        yield "what was tried last failed", {Workload.DEBUG: 1.5}


def _said_last(turns: Sequence[JSON]) -> tuple[int, str]:
    """Return the words of the last turn that a person began, and its place."""
    for place in range(len(turns) - 1, -1, -1):
        match turns[place]:
            case {"role": "user", "content": content}:
                said_in = [
                    _REMINDER.sub("", text[: 4 * _READ_LETTERS]) for text in _spoken(content)
                ]
                if said := "\n".join(text for text in said_in if text.strip()).strip():
                    return place, said[:_READ_LETTERS]
            case _:
                pass
    return 0, ""


def _spoken(content: JSON) -> Iterator[str]:
    """Yield what a turn says, unless it brings results."""
    if not (isinstance(content, list) and any(_is_result(block) for block in content)):
        yield from texts(content)


def _is_result(block: JSON) -> bool:
    return isinstance(block, dict) and block.get("type") == "tool_result"


def _failed_before(turns: Sequence[JSON]) -> bool:
    """Whether one of the last results of a call was an error."""
    for turn in turns[-_LOOKED_BACK:]:
        match turn:
            case {"role": "user", "content": list(blocks)}:
                if any(_failed(block) for block in blocks):
                    return True
            case _:
                pass
    return False


def _failed(block: JSON) -> bool:
    match block:
        case {"type": "tool_result", "is_error": True}:
            return True
        case {"type": "tool_result", "content": str(text)}:
            return _complains(text)
        case {"type": "tool_result", "content": [{"type": "text", "text": str(text)}, *_]}:
            return _complains(text)
        case _:
            return False


def _complains(text: str) -> bool:
    end = text[-_END_LETTERS:]
    return any(word in end for word in _FAILED)
