"""What is heard in the words of a turn: which features of the lexicon speak, and how loud.

The text is gone through once. What a person pasted counts as what it is (a file, a piece of code,
an error) and not by its words.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Final

from standby.core.policy.lexicon import FILLERS, LEADING, PARTS, SAID, Feature

__all__ = ["FEATURES", "OF_FORM", "heard"]

OF_FORM: Final = ("is said in a few words", "much is said", "has many lines")
"""What is said of the form alone: it never speaks for itself."""
FEATURES: Final = (
    *(feature.name for feature in (*LEADING, *SAID)),
    "asks a question",
    "names a thing in code",
    "names a file",
    "shows an error",
    "names several parts",
    "what was tried last failed",
    *OF_FORM,
)
"""The names of all features."""

# Each way is gone in one pass, whatever the text: no alternative can give back what it has taken.
_TOKEN: Final = re.compile(r"`[^`\n]{1,80}`|tl;dr|[A-Za-z0-9_@./'\u2019-]+|[?!\n:;,()]")
_FILE: Final = re.compile(
    r"\.(?:py|js|ts|tsx|jsx|go|rs|java|rb|md|json|ya?ml|toml|cfg|ini|c|h|cpp|html|css|sh|sql|txt|inc"
    r"|env)$"
)
_INNER: Final = re.compile(r"[A-Za-z]+(?:['\u2019][a-z]+)?|[0-9]+")
_ERRORS: Final = ("Error", "Exception", "Warning")
_ENDS: Final = frozenset("?!\n:;,().")
_CODE, _A_FILE, _AN_ERROR = "<code>", "<file>", "<error>"
_SHORTLY: Final = "tl;dr"
_ABOUT_ITSELF: Final = frozenset({"can", "could", "will", "would"})
_LOUDEST: Final = 3
_FEW_WORDS: Final = 6
_MANY_WORDS: Final = 25
_MANY_LINES: Final = 4
_MOST_PARTS: Final = 4

_Phrases = Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]


def _by_first_word(features: Sequence[Feature]) -> _Phrases:
    found: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {}
    for feature in features:
        for phrase in feature.phrases:
            found[phrase[0]] = (*found.get(phrase[0], ()), (phrase, feature.name))
    return found


_LEADING: Final = _by_first_word(LEADING)
_SAID: Final = _by_first_word(SAID)


@dataclass(slots=True)
class _Ear:
    """What was heard so far."""

    tokens: Sequence[str]
    counts: dict[str, int] = field(default_factory=dict)
    parts: set[str] = field(default_factory=set)
    words: int = 0

    def listen(self) -> None:
        begins = True
        for place, piece in enumerate(self.tokens):
            if piece in _ENDS:
                begins = True
                continue
            self.words += 1
            if piece in PARTS:
                self.parts.add(piece)
            self._match(_SAID, place)
            if begins and not self._fills(place):
                self._match(_LEADING, place)
                begins = False

    def _match(self, phrases: _Phrases, place: int) -> None:
        for phrase, name in phrases.get(self.tokens[place], ()):
            end = place + len(phrase)
            if len(phrase) == 1 or tuple(self.tokens[place:end]) == phrase:
                self.counts[name] = self.counts.get(name, 0) + 1

    def _fills(self, place: int) -> bool:
        """Whether the sentence has not begun yet: "can you" is polite, "can it" is a question."""
        piece = self.tokens[place]
        if piece in _ABOUT_ITSELF:
            return self.tokens[place + 1 : place + 2] == ["you"]
        return piece in FILLERS


def heard(text: str, *, failed: bool = False) -> dict[str, float]:
    """Return the features that speak in a text, and how loud each of them does.

    ``failed``: what was tried before it failed.
    """
    tokens = [*_tokens(text)]
    ear = _Ear(tokens)
    ear.listen()
    loud = {name: sqrt(min(count, _LOUDEST)) for name, count in ear.counts.items()}
    marks = {
        "asks a question": "?" in tokens,
        "names a thing in code": _CODE in tokens,
        "names a file": _A_FILE in tokens,
        "shows an error": _AN_ERROR in tokens or "Traceback" in text,
        "what was tried last failed": failed,
        "is said in a few words": 0 < ear.words <= _FEW_WORDS,
        "much is said": ear.words >= _MANY_WORDS,
        "has many lines": text.count("\n") >= _MANY_LINES,
    }
    loud |= {name: 1.0 for name, there in marks.items() if there}
    if len(ear.parts) > 1:
        loud["names several parts"] = min(len(ear.parts), _MOST_PARTS) / 2
    return loud


def _tokens(text: str) -> Iterator[str]:
    for piece in _TOKEN.findall(text):
        if piece.isalpha():
            yield piece.lower() if not piece.endswith(_ERRORS) else _AN_ERROR
        elif piece in _ENDS:
            yield piece
        elif piece[0] == "`":
            yield _CODE
        elif piece == _SHORTLY:
            yield "tldr"
        else:
            yield from _odd(piece)


def _odd(piece: str) -> Iterator[str]:
    """Yield what a run of letters and signs is: a file, an error, or words."""
    bare = piece.rstrip(".'\u2019-")
    if "/" in bare or _FILE.search(bare):
        yield _A_FILE
    elif bare.endswith(_ERRORS):
        yield _AN_ERROR
    else:
        for word in _INNER.findall(bare):
            yield word.lower().replace("\u2019", "'")
    if piece.endswith("."):
        yield "."
