"""What is heard in the words of a turn: which features of the lexicon speak, and how loud.

The text is gone through once. What a person pasted counts as what it is (a file, a piece of code,
an error) and not by its words.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from standby.core.policy.lexicon import FILLERS, LEADING, PARTS, SAID, Feature

__all__ = ["FEATURES", "FEW_WORDS", "OF_FORM", "heard"]

FEW_WORDS: Final = "is said in a few words"
OF_FORM: Final = (FEW_WORDS, "much is said", "has many lines")
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
_TOKEN: Final = re.compile(r"`[^`\n]{1,80}`|tl;dr|[a-z0-9_@./'\u2019-]+|[?!\n:;,()]")
_FILE: Final = re.compile(
    r"\.(?:py|js|ts|tsx|jsx|go|rs|java|rb|md|json|ya?ml|toml|cfg|ini|c|h|cpp|html|css|sh|sql|txt|inc"
    r"|env)$"
)
_INNER: Final = re.compile(r"[a-z]+(?:['\u2019][a-z]+)?|[0-9]+")
_ERRORS: Final = ("Error", "Exception", "Warning", "Traceback")
_ENDS: Final = frozenset("?!\n:;,().")
_CODE, _A_FILE = "<code>", "<file>"
_SHORTLY: Final = "tl;dr"
_ABOUT_ITSELF: Final = frozenset({"can", "could", "will", "would"})
_LOUDEST: Final = 3
_FEW: Final = 6
_MANY_WORDS: Final = 25
_MANY_LINES: Final = 4
_MOST_PARTS: Final = 4

_Longer = Mapping[str, Sequence[tuple[tuple[str, ...], str]]]
"""By their second word, the phrases that begin with some word, and their features."""


@dataclass(frozen=True, slots=True)
class _Phrases:
    """The phrases of some features, by their words: most words of a text begin none."""

    alone: Mapping[str, Sequence[str]]
    longer: Mapping[str, _Longer]

    @classmethod
    def of(cls, features: Sequence[Feature]) -> "_Phrases":
        alone: dict[str, list[str]] = {}
        longer: dict[str, dict[str, list[tuple[tuple[str, ...], str]]]] = {}
        for feature in features:
            for first, *rest in feature.phrases:
                if rest:
                    found = longer.setdefault(first, {}).setdefault(rest[0], [])
                    found.append((tuple(rest), feature.name))
                else:
                    alone.setdefault(first, []).append(feature.name)
        return cls(alone, longer)

    def match(self, pieces: Sequence[str], place: int, counts: dict[str, int]) -> None:
        """Count the features of the phrases that begin at a place."""
        piece = pieces[place]
        for name in self.alone.get(piece, ()):
            counts[name] = counts.get(name, 0) + 1
        if (longer := self.longer.get(piece)) is not None and place + 1 < len(pieces):
            for rest, name in longer.get(pieces[place + 1], ()):
                if tuple(pieces[place + 1 : place + 1 + len(rest)]) == rest:
                    counts[name] = counts.get(name, 0) + 1


_LEADING: Final = _Phrases.of(LEADING)
_SAID: Final = _Phrases.of(SAID)
_SPEAKING: Final = frozenset(_SAID.alone) | frozenset(_SAID.longer)


def _counted(pieces: Sequence[str]) -> dict[str, int]:
    """Return how often each feature is said. Written plainly: it is most of what a decision costs.

    A sentence begins with its first word that is no filler.
    """
    counts: dict[str, int] = {}
    begins = True
    for place, piece in enumerate(pieces):
        if piece in _SPEAKING:
            _SAID.match(pieces, place, counts)
        if piece in _ENDS:
            begins = True
        elif begins and not _fills(pieces, place):
            _LEADING.match(pieces, place, counts)
            begins = False
    return counts


def _fills(pieces: Sequence[str], place: int) -> bool:
    """Whether the sentence has not begun yet: "can you" is polite, "can it" is a question."""
    piece = pieces[place]
    if piece in _ABOUT_ITSELF:
        return pieces[place + 1 : place + 2] == ["you"]
    return piece in FILLERS


def heard(text: str, *, failed: bool = False) -> dict[str, float]:
    """Return the features that speak in a text, and how loud each of them does.

    ``failed``: what was tried before it failed.
    """
    pieces = _pieces(text.lower())
    words = len(pieces) - sum(piece in _ENDS for piece in pieces)
    parts = len(PARTS.intersection(pieces))
    loud = {name: sqrt(min(count, _LOUDEST)) for name, count in _counted(pieces).items()}
    marks = {
        "asks a question": "?" in pieces,
        "names a thing in code": _CODE in pieces,
        "names a file": _A_FILE in pieces,
        "shows an error": any(sign in text for sign in _ERRORS),
        "what was tried last failed": failed,
        FEW_WORDS: 0 < words <= _FEW,
        "much is said": words >= _MANY_WORDS,
        "has many lines": text.count("\n") >= _MANY_LINES,
    }
    loud |= {name: 1.0 for name, there in marks.items() if there}
    if parts > 1:
        loud["names several parts"] = min(parts, _MOST_PARTS) / 2
    return loud


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for piece in _TOKEN.findall(text):
        if piece.isalpha() or piece in _ENDS:
            pieces.append(piece)
        else:
            pieces += _odd(piece)
    return pieces


def _odd(piece: str) -> Iterator[str]:
    """Yield what a run of letters and signs is: code, a file, or words."""
    if piece[0] == "`":
        yield _CODE
        return
    if piece == _SHORTLY:
        yield "tldr"
        return
    bare = piece.rstrip(".'\u2019-")
    if "/" in bare or _FILE.search(bare):
        yield _A_FILE
    else:
        for word in _INNER.findall(bare):
            yield word.replace("\u2019", "'")
    if piece.endswith("."):
        yield "."
