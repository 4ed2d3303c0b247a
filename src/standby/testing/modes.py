"""The failure modes of the kit, and what is right for each.

What is right follows from one question: what has the client seen when it happens? Nothing: the
stand-in answers, whole and in the same request. Words: they are continued as one message or closed
honestly. A client's own mistake: the cloud's words about it, to the byte.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal

from standby.testing.asking import Shape
from standby.testing.engine import ENGINE_FAULTS
from standby.testing.faults import FAULTS, PLACES
from standby.testing.hostile import HOSTILE
from standby.testing.judge import Saw
from standby.testing.limits import FORMS

__all__ = ["MODES", "REFUSED", "SHORT", "Mode", "chosen"]

REFUSED: Final = "refused"
"""The fault of a server that is not there: connections are refused."""

Means = Literal["form", "fault", "refused"]
Rights = frozenset[Saw]


@dataclass(frozen=True, slots=True)
class Mode:
    """One way of failing, for one kind of request."""

    side: Literal["cloud", "engine"]
    fault: str
    means: Means
    shape: Shape
    right: Rights
    """What a client may get."""
    asks: int = 0
    """How often the cloud may be asked for two requests in a row; 0: any number."""
    again: Rights = frozenset()
    """What a second request may get while it lasts; empty: there is no second one."""
    lasts_s: float = 3600.0
    """When a limit ends, from its beginning."""
    returns: bool = False
    """Whether the cloud must be used again when it is over."""
    says: str = ""
    """Words that must be in the error, if there is one of the gateway's own."""

    @property
    def name(self) -> str:
        """Its name: side, fault, and how was asked."""
        return f"{self.side}/{self.fault}/{'stream' if self.shape.streamed else 'plain'}"


def chosen(patterns: Iterable[str]) -> tuple[Mode, ...]:
    """Return the modes whose names match any of the patterns, or have it as a part of them."""
    wanted = tuple(patterns)
    return tuple(
        mode
        for mode in MODES
        if not wanted or any(fnmatchcase(mode.name, it) or it in mode.name for it in wanted)
    )


def _rights(*saw: Saw) -> Rights:
    return frozenset(saw)


_STAND_IN: Final = _rights(Saw.STAND_IN)
_CLOUD: Final = _rights(Saw.CLOUD)
# Whoever has shown nothing yet may still let the stand-in answer the whole of it.
_ENDED: Final = _rights(Saw.STAND_IN, Saw.CLOSED, Saw.BROKEN)
_MENDED: Final = _ENDED | {Saw.JOINED}
_HELD: Final = _rights(Saw.STAND_IN, Saw.REFUSED)
_ANYTHING_HONEST: Final = _MENDED | {Saw.REFUSED}
_NOBODY: Final = _rights(Saw.VERBATIM, Saw.REFUSED)

_WORDS: Final = (Shape(streamed=False), Shape(streamed=True))
_OPUS: Final = "claude-opus-5-5"


# -- refusals of the cloud -----------------------------------------------------------------------

_WINDOWS: Final = ("five_hour", "seven_day", "seven_day_opus", "seven_day_sonnet")
_SPENT: Final = (
    *("long_429", "huge_wait", "ramp", "tier_cap", "contract_cap", "spend_limit"),
    *("credit_400", "billing_402"),
)
_PASSING: Final = (
    *("burst", "bare_429", "wait_in_words", "negative_wait"),
    *("overloaded_529", "overloaded_sse"),
    *("outage_500", "outage_502_html", "outage_503", "close", "reset", "hang"),
)
_CLIENTS_OWN: Final = (
    *("bad_request", "too_long", "denied_401", "denied_403", "unknown_model", "too_large"),
)


def _refusals() -> Iterator[Mode]:
    for form in FORMS:
        for shape in _WORDS:
            # A whole answer comes when it is complete: nobody can tell a long one from silence.
            if form != "hang" or shape.streamed:
                yield _refusal(form, shape)
    for shape in _WORDS:
        yield Mode("cloud", REFUSED, "refused", shape, _STAND_IN, again=_STAND_IN, returns=True)


def _refusal(form: str, shape: Shape) -> Mode:
    if form in _WINDOWS:
        shape = Shape(shape.streamed, model=_OPUS) if form == "seven_day_opus" else shape
        return Mode(
            "cloud", form, "form", shape, _STAND_IN, 1, _STAND_IN, lasts_s=3.0, returns=True
        )
    if form in _SPENT:
        return Mode("cloud", form, "form", shape, _STAND_IN, 1, _STAND_IN)
    if form in _PASSING:
        return Mode("cloud", form, "form", shape, _STAND_IN, 2, _STAND_IN, returns=True)
    if form in _CLIENTS_OWN:
        return Mode("cloud", form, "form", shape, _rights(Saw.VERBATIM))
    return Mode("cloud", form, "form", shape, _CLOUD)  # it is served, whatever it says


# -- answers of the cloud that break -------------------------------------------------------------

_HARMLESS: Final = frozenset({"unknown_event", "comments", "crlf"})
_BY_PLACE: Final[Mapping[str, tuple[bool, Rights]]] = {
    "after_headers": (False, _STAND_IN),
    "after_start": (False, _STAND_IN),
    "in_thinking": (True, _ENDED),
    "after_text": (False, _MENDED),
    "in_tool": (True, _ENDED),
    "after_tool": (True, _ENDED),
    "after_content": (False, _MENDED),
    "before_stop": (False, _ENDED | {Saw.CLOUD}),
}
_BEFORE_CONTENT: Final = frozenset({"after_headers", "after_start"})
_ALIASES: Final = frozenset({"truncated", "no_message_stop"})


def _breaks() -> Iterator[Mode]:
    for fault in FAULTS:
        if fault not in _ALIASES:
            tools, right = _of_stream(fault)
            shape = Shape(streamed=True, tools=tools)
            yield Mode("cloud", fault, "fault", shape, right)


def _of_stream(fault: str) -> tuple[bool, Rights]:
    place = next((place for place in PLACES if fault.endswith(place)), "")
    if fault in _HARMLESS:
        return False, _CLOUD
    if fault.startswith("error_") and place in _BEFORE_CONTENT:
        return False, _STAND_IN | _CLOUD  # an overload may be asked once more, as with a 529
    return _BY_PLACE.get(place, (False, _ANYTHING_HONEST if place == "" else _MENDED))


# -- answers of anybody that are wrong below the words -------------------------------------------

_STREAMS_ONLY: Final = frozenset({"endless_pings"})
_WHOLE_ONLY: Final = frozenset({"bad_json"})
_BREAKS_INSIDE: Final = frozenset({"bad_chunk", "short_length"})
_SERVED: Final = frozenset({"hop_by_hop", "wait_on_success", "byte_by_byte", "slow", "stalls"})
_FLOODS: Final = frozenset(
    {"gzip_bomb", "endless_header", "many_headers", "endless_line", "endless_pings"}
)


def _shapes(fault: str) -> tuple[Shape, ...]:
    if fault in _STREAMS_ONLY:
        return _WORDS[1:]
    return _WORDS[:1] if fault in _WHOLE_ONLY else _WORDS


def _hostile() -> Iterator[Mode]:
    for fault in HOSTILE:
        for shape in _shapes(fault):
            again = _CLOUD if fault == "wait_on_success" else _rights()
            right = _of_hostile(fault, streamed=shape.streamed)
            yield Mode("cloud", fault, "fault", shape, right, again=again)


def _of_hostile(fault: str, *, streamed: bool) -> Rights:
    if fault in _SERVED:
        return _CLOUD
    if fault == "bad_utf8":
        return _CLOUD | _ANYTHING_HONEST
    if fault == "wrong_type":
        return _CLOUD | _HELD
    if fault in _FLOODS:
        return _ANYTHING_HONEST if streamed else _HELD
    if fault in _BREAKS_INSIDE and streamed:
        return _MENDED
    return _HELD


# -- failures of the stand-in, while the cloud is at its limit -----------------------------------

_ENGINE_SERVES: Final = frozenset({"no_done", "byte_by_byte", "slow", "stalls"})
_ENGINE_MAY_SERVE: Final = frozenset(
    {
        *("unknown_tool", "arguments_no_json", "arguments_a_list", "bad_utf8", "wrong_type"),
        *("status_999", "error_line_in_stream"),
    }
)
_WITH_TOOLS: Final = ("in_tool", "unknown_tool", "arguments_no_json", "arguments_a_list")


def _engines() -> Iterator[Mode]:
    for fault in ENGINE_FAULTS:
        tools = fault.endswith(_WITH_TOOLS)
        for shape in (Shape(streamed=False, tools=tools), Shape(streamed=True, tools=tools)):
            right = _of_engine(fault, streamed=shape.streamed)
            says = "prompt is too long" if fault == "overflow_400" else ""
            yield Mode("engine", fault, "fault", shape, right, again=_STAND_IN, says=says)
    for shape in _WORDS:
        right = _of_engine(REFUSED, streamed=shape.streamed)
        yield Mode("engine", REFUSED, "refused", shape, right, again=_STAND_IN)


def _of_engine(fault: str, *, streamed: bool) -> Rights:
    if fault in _ENGINE_SERVES:
        return _STAND_IN
    if fault == "overflow_400":
        return _HELD
    right = _NOBODY | {Saw.CLOSED, Saw.BROKEN} if streamed else _NOBODY
    return right | _STAND_IN if fault in _ENGINE_MAY_SERVE else right


MODES: Final = (*_refusals(), *_breaks(), *_hostile(), *_engines())
"""Every mode, in the order in which they are run."""

SHORT: Final = (
    *("cloud/five_hour/*", "cloud/credit_400/plain", "cloud/overloaded_529/stream"),
    *("cloud/bad_request/plain", "cloud/close/stream", "cloud/cut_after_start/stream"),
    *("cloud/reset_after_text/stream", "cloud/truncated_in_tool/stream"),
    "cloud/stalls/stream",
    *("cloud/error_in_thinking/stream", "cloud/redirect_307/plain", "cloud/gzip_bomb/stream"),
    *("cloud/hop_by_hop/stream", "engine/refused/stream", "engine/truncated/stream"),
    *("engine/unknown_tool/stream", "engine/crash_500/plain"),
)
"""Patterns of the modes that say most in the least time."""
