"""Where a text stands: whether a call may begin here, or whether somebody only shows one.

A model that makes a call puts it where its chat template has calls: at the start of the answer, on
a line of its own, or directly behind a sentence, without a space. Whoever writes *about* calls puts
them into a fence, into backticks or quotes, behind a bullet or a prompt of a log, into the middle
of a line, or announces an example. And whoever makes a call says nothing more after it: that is
checked where the call is read.
"""

import re
from dataclasses import dataclass
from typing import Final

from standby.core.dialects.written.format import Place

__all__ = ["Lines"]

_LONGEST_LINE: Final = 400
"""So much of a line's end is kept. A sentence that introduces something is shorter."""

_FENCE: Final = re.compile(r"\s*(?:[-*+>]\s+|\d+[.)]\s+)*(`{3,}|~{3,})(.*)")
_OPENED: Final = re.compile(r"<[A-Za-z_][\w-]*(?:\s[^<>]*)?>\s*$")
"""A line that ends with the opening of an element: what follows stands in it."""
_INDENT: Final = 4
"""So many spaces make a line one of code."""
_MARKUP: Final = frozenset('[]{}<>=|"`\\')
_ENDS_SENTENCE: Final = ".!?…"
_WORDS_BEFORE_COLON: Final = 3

_ACTS: Final = re.compile(
    r"\b(?:I(?:['\u2019]ll|['\u2019]m going to"
    r"| will| am going to| need to| should| can| want to| have to)"
    r"|let me|let['\u2019]s|let us)\s+(?:\w+ly\s+|now\s+|first\s+|just\s+|also\s+|then\s+)*"
    r"(?!(?:show|give|illustrate|demonstrate|explain|describe|document|quote|paste|print|present"
    r"|sketch|be|write out|write down|write it out|spell|walk|add that|note)\b)\w+"
    r"|^\W*(?:(?:now|first|next|then|ok|okay|sure|right|good|great|done)\b[,.!]?\s+)*"
    r"(?:calling|running|reading|checking|looking|searching|opening|editing|writing|creating"
    r"|listing|fetching|using)\b",
    re.IGNORECASE,
)
_SHOWS: Final = re.compile(
    r"\b(?:examples?|shows?|shown|showing|illustrat\w+|demonstrat\w+"
    r"|e\.\s?g|for instance|such as|looks? like|like (?:this|so)|as follows|syntax"
    r"|formats?|formatted|template|sample|snippet|documentation|documented|specification|grammar"
    r"|would (?:be|look|write|emit|say|send|answer)|writes?|written|emits?|emitted|expects?"
    r"|outputs?|logs?|logged|printed|prints|received|sent|sends|produces?|produced|answer(?:s|ed)?"
    r"|respon(?:se|ds?|ded)|transcript|raw|quoted?|quotes|says|said|means|form|shape|serialized?)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Lines:
    """What was said so far, as far as it matters. Changes in place."""

    line: str = ""
    """The line that has begun; of a long one the end."""
    last: str = ""
    """The last line before it that is not blank."""
    begun: bool = False
    """Something other than white space was said."""
    _fence: str = ""
    _head: str = ""

    def take(self, text: str) -> None:
        """Add what was said."""
        first, *rest = text.split("\n")
        self._extend(first)
        for line in rest:
            self._end_line()
            self._extend(line)

    def may_begin(self, place: Place) -> bool:
        """Tell whether a call may begin where the text stands."""
        if self.fenced:
            return False
        match place:
            case Place.WHOLE:
                return not self.begun
            case Place.LINE:
                return self._is_own_line() or self._is_behind_sentence()
            case Place.BLOCK:
                announced = _ACTS.search(self.last) is not None
                return self._is_own_line() and (announced or not self.begun)

    @property
    def fenced(self) -> bool:
        """Whether the text stands inside a fence, or behind its opening on the same line."""
        return bool(self._fence) or _FENCE.match(self._head) is not None

    def _is_own_line(self) -> bool:
        if self.line.strip() or len(self.line.expandtabs(_INDENT)) >= _INDENT:
            return False
        if _OPENED.search(self.last):
            return False
        return not _shown(self.last, at_colon=True)

    def _is_behind_sentence(self) -> bool:
        line = self.line
        if not line or _MARKUP & frozenset(line) or line[:1].isdigit():
            return False
        if line[-1] == ":":
            return len(line.split()) >= _WORDS_BEFORE_COLON and not _shown(line, at_colon=True)
        ends = line[-1] in _ENDS_SENTENCE or (line[-1] == ")" and "(" in line)
        return ends and line.lstrip()[:1].isalpha() and not _shown(line, at_colon=False)

    def _extend(self, text: str) -> None:
        if not text:
            return
        self.begun = self.begun or not text.isspace()
        if len(self._head) < _LONGEST_LINE:
            self._head = (self._head + text)[:_LONGEST_LINE]
        self.line = (self.line + text)[-_LONGEST_LINE:]

    def _end_line(self) -> None:
        fence = _FENCE.match(self._head)
        if fence is not None:
            mark, info = fence[1], fence[2]
            if not self._fence:
                self._fence = mark if "`" not in info or mark[0] == "~" else ""
            elif mark[0] == self._fence[0] and len(mark) >= len(self._fence) and not info.strip():
                self._fence = ""
        if self.line.strip():
            self.last = self.line
        self.line = self._head = ""


def _shown(words: str, *, at_colon: bool) -> bool:
    """Tell whether words introduce something that is shown, and not done."""
    if at_colon and not words.rstrip().endswith((":", "\uff1a")):
        return False
    return _ACTS.search(words) is None and _SHOWS.search(words) is not None
