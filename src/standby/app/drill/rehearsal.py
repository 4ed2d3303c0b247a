"""The rehearsal of a switch-over: what is said in each phase, what must be true of it, the verdict.

What it needs of the world is one port, in :mod:`standby.app.drill.stage`: a client that talks, the
cloud that it talks to as long as the quota lasts, and the gateway between them.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from standby.app.drill.stage import Answer, Heard, Line, Stage, StageError, StandIn

__all__ = ["Check", "Drill", "Event", "Moment", "Phase", "Report"]

RUN: Final = "run date"
"""What the rehearsal cloud, and a model that knows tools, answer with a call of a tool."""
# A limit lasts at least so long, and with a slow model so much longer than its first answer took.
_LIMIT_S: Final = 8.0
_SLOWER: Final = 2.0
_LONGEST_LIMIT_S: Final = 900.0
_PATIENCE: Final = (1, 4, 16)
"""How the limit grows when the local model was not done before its end: a machine may be busy."""
_MOST_SIGNS: Final = 60


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened."""

    at_s: float
    """Since the rehearsal began."""
    who: str
    what: str


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must be true, and whether it is."""

    words: str
    passed: bool
    found: str = ""
    """What was there instead."""

    @property
    def told(self) -> str:
        """It in words, with what was there instead."""
        return self.words if self.passed or not self.found else f"{self.words}: {self.found}"


@dataclass(slots=True)
class Phase:
    """One part of the rehearsal. It fills up as the rehearsal goes on."""

    title: str
    checks: list[Check] = field(default_factory=list[Check])

    @property
    def passed(self) -> bool:
        """Whether all of it is as it must be."""
        return bool(self.checks) and all(check.passed for check in self.checks)


@dataclass(frozen=True, slots=True)
class _Scene:
    """What happened in one limit."""

    reset: float
    """Seconds since the epoch."""
    asked: tuple[Heard, ...]
    answers: tuple[Answer, ...]
    """From the request that was refused to the end of its agent's loop."""
    further: tuple[Answer, ...]

    @property
    def all(self) -> tuple[Answer, ...]:
        return (*self.answers, *self.further)

    @property
    def late(self) -> bool:
        """Whether something was asked when the limit was over already."""
        return any(answer.asked_at >= self.reset for answer in self.all)


Event: TypeAlias = Moment | Check | Phase
"""What a rehearsal tells as it goes on. A phase is told when it begins."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the rehearsal came to."""

    client: str
    stand_in: StandIn | None
    phases: tuple[Phase, ...]
    moments: tuple[Moment, ...]
    passed: bool
    verdict: str
    hint: str
    cloud_requests: int
    cloud_refusals: int
    audition_s: float | None
    """How long the stand-in took for its first answer, its start included."""
    takeover_s: float | None
    """From the cloud's refusal to the first content of the local answer."""


class Drill:
    """One rehearsal."""

    def __init__(self, stage: Stage, tell: Callable[[Event], None]) -> None:
        self._stage = stage
        self._tell = tell
        self._began = stage.now()
        self._phases: list[Phase] = []
        self._moments: list[Moment] = []
        self._stand_in: StandIn | None = None
        self._told_of = 0
        self._audition_s: float | None = None
        self._takeover_s: float | None = None
        self._reset = 0.0

    async def run(self) -> Report:
        """Go through all phases, as far as they go well."""
        hint = ""
        try:
            for act in (self._prepare, self._on_the_cloud, self._at_the_limit, self._back):
                await act()
                if not self._phases[-1].passed:
                    break
            await self._whole()
        except StageError as error:
            hint = error.hint
            self._check(Check(str(error), passed=False))
        return self._report(hint)

    async def _prepare(self) -> None:
        self._begin("the stand-in of this machine is ready")
        stand_in = await self._stage.open(self._note)
        self._stand_in = stand_in
        self._note("gateway", f"{stand_in.words}, would take over")
        answer = await self._stage.audition()
        self._audition_s = answer.ended_at - answer.asked_at
        self._note("local", f"answers when chosen by hand, after {self._audition_s:.1f} s", answer)
        self._check(
            Check("the local model answers", answer.local and bool(answer.text or answer.calls))
        )

    async def _on_the_cloud(self) -> None:
        self._begin("the cloud answers while the quota lasts")
        answers = await self._say(Line(RUN))
        self._check(
            Check("every answer is the cloud's", _all(answers, local=False), _models(answers)),
            _called(answers),
            _reported(answers),
        )

    async def _at_the_limit(self) -> None:
        self._begin("the 5-hour limit is met, and the local model takes over")
        notices: list[str] = []
        for times in _PATIENCE:
            scene = await self._limited(times * self._limit_s())
            notices += [answer.notice for answer in scene.all if answer.notice]
            if not scene.late:
                break
            self._note("drill", "the reset came before the local model was done")
        else:
            raise StageError(
                "the local model is too slow for a rehearsal",
                "A smaller model, or less other work on this machine, would help.",
            )
        self._reset = scene.reset
        self._takeover_s = _takeover(scene)
        if self._takeover_s is not None:
            self._note("local", f"took over {self._takeover_s:.2f} s after the refusal")
        self._check(
            _refused_once(scene),
            Check(
                "that same request is answered by the local model, without an error",
                _all(scene.answers, local=True),
                _models(scene.answers),
            ),
            *self._calls(scene.answers),
            _noticed(notices, self._stand_in),
            Check(
                "further turns stay on this machine",
                _all(scene.further, local=True) and len(scene.asked) == 1,
                f"{_models(scene.further)}; the cloud was asked {len(scene.asked)} times",
            ),
        )

    def _calls(self, answers: Sequence[Answer]) -> tuple[Check, ...]:
        """Check the local calls, where they do not depend on what the model is able to."""
        if self._stage.obeys:
            return _called(answers), _reported(answers)
        last = answers[-1] if answers else None
        return (Check("it ends with words", last is not None and bool(last.text)),)

    async def _limited(self, seconds: float) -> "_Scene":
        """Let the limit begin, and talk on."""
        before = len(self._stage.heard())
        reset = self._stage.limit(min(seconds, _LONGEST_LIMIT_S))
        self._note("cloud", f"its 5-hour limit is spent, for {reset - self._stage.now():.0f} s")
        answers = await self._say(Line(RUN, "must"))
        further = await self._say(Line("say one short sentence", "never"))
        asked = self._stage.heard()[before:]
        return _Scene(reset, asked, tuple(answers), tuple(further))

    async def _back(self) -> None:
        self._begin("the limit is reset, and the conversation returns to the cloud")
        self._note("drill", f"waits {max(0.0, self._reset - self._stage.now()):.0f} s for it")
        await self._stage.until(self._reset)
        before = self._stage.heard()
        answers = await self._say(Line(RUN))
        asked = self._stage.heard()[len(before) :]
        signed = max((request.thoughts for request in before), default=0)
        self._check(
            Check(
                "every answer is the cloud's again", _all(answers, local=False), _models(answers)
            ),
            Check(
                "the cloud accepts the mixed conversation under its strict rules",
                _accepted(asked),
                "; ".join(f"{one.status} {one.why}" for one in asked) or "it was not asked",
            ),
            Check(
                "what the cloud thought comes back to it intact",
                all(request.thoughts >= signed for request in asked) and signed > 0,
                f"{signed} blocks before, {[request.thoughts for request in asked]} after",
            ),
            Check("the gateway's notice is taken out", not any(one.marked for one in asked)),
            _called(answers),
            _reported(answers),
        )

    async def _whole(self) -> None:
        """Check what is to be true of all phases together."""
        strangers = await self._stage.strangers()
        marked = [one for one in self._stage.heard() if one.marked]
        self._check(
            Check(
                "no connection left this machine", not strangers, ", ".join(sorted(set(strangers)))
            ),
            Check("no mark of the gateway ever reached the cloud", not marked, f"{len(marked)}"),
        )

    async def _say(self, line: Line) -> list[Answer]:
        self._note("you", line.words)
        answers: list[Answer] = []
        async for answer in self._stage.say(line):
            self._tell_of_refusals()
            self._note("local" if answer.local else "cloud", _told(answer), answer)
            answers.append(answer)
        self._tell_of_refusals()
        return answers

    def _tell_of_refusals(self) -> None:
        heard = self._stage.heard()
        for request in heard[self._told_of :]:
            if request.refused:
                self._note("cloud", f"refuses: {request.status} {request.why}", at=request.at)
        self._told_of = len(heard)

    def _limit_s(self) -> float:
        """Return how long the limit is to last, so that this local model is done before its end."""
        return math.ceil(_SLOWER * (self._audition_s or 0.0) + _LIMIT_S)

    def _begin(self, title: str) -> None:
        phase = Phase(title)
        self._phases.append(phase)
        self._tell(phase)

    def _note(
        self, who: str, what: str, answer: Answer | None = None, *, at: float | None = None
    ) -> None:
        moment = at if at is not None else answer.ended_at if answer else self._stage.now()
        noted = Moment(max(0.0, moment - self._began), who, what)
        self._moments.append(noted)
        self._tell(noted)

    def _check(self, *checks: Check) -> None:
        for check in checks:
            self._phases[-1].checks.append(check)
            self._tell(check)

    def _report(self, hint: str) -> Report:
        heard = self._stage.heard()
        failed = next((p for p in self._phases if not p.passed), None)
        return Report(
            client=self._stage.client,
            stand_in=self._stand_in,
            phases=tuple(self._phases),
            moments=tuple(self._moments),
            passed=failed is None,
            verdict=self._passed() if failed is None else _failed(failed),
            hint=hint,
            cloud_requests=len(heard),
            cloud_refusals=sum(request.refused for request in heard),
            audition_s=self._audition_s,
            takeover_s=self._takeover_s,
        )

    def _passed(self) -> str:
        who = self._stand_in.model if self._stand_in else "the local model"
        after = "" if self._takeover_s is None else f" {self._takeover_s:.2f} s after the refusal"
        return (
            f"The switch works on this machine: {who} took over{after}, and the cloud took the"
            " conversation back."
        )


def _failed(phase: Phase) -> str:
    wrong = "; ".join(check.told for check in phase.checks if not check.passed)
    return f"The drill failed where {phase.title}: {wrong.rstrip('.') or 'nothing was checked'}."


def _told(answer: Answer) -> str:
    """Return an answer in a line."""
    said = [f"calls {name}" for name in answer.calls]
    if answer.text and not said:
        said = [f"says {_short(answer.text)!r}"]
    notice = ", with the notice" if answer.notice else ""
    first = "" if answer.first_at is None else f", first word after {_first_s(answer):.2f} s"
    return f"{answer.model} {' and '.join(said) or 'answers'}{notice}{first}"


def _first_s(answer: Answer) -> float:
    return 0.0 if answer.first_at is None else answer.first_at - answer.asked_at


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_SIGNS else f"{line[: _MOST_SIGNS - 1]}…"


def _all(answers: Iterable[Answer], *, local: bool) -> bool:
    whose = [answer.local for answer in answers]
    return bool(whose) and all(one is local for one in whose)


def _models(answers: Iterable[Answer]) -> str:
    return ", ".join(answer.model for answer in answers) or "there was no answer"


def _called(answers: Iterable[Answer]) -> Check:
    calls = [name for answer in answers for name in answer.calls]
    return Check("a tool is called", bool(calls), "none was")


def _reported(answers: Sequence[Answer]) -> Check:
    """Check that the agent's loop ends as it must: the tool has run, and words follow."""
    last = answers[-1] if answers else None
    done = last is not None and not last.calls and bool(last.text) and len(answers) > 1
    return Check("its result is answered in words", done, "the loop did not end with words")


def _refused_once(scene: _Scene) -> Check:
    refused = sum(request.refused for request in scene.asked)
    return Check("the cloud refuses exactly one request", refused == 1, f"it refused {refused}")


def _noticed(notices: list[str], stand_in: StandIn | None) -> Check:
    """Check that the user is told of the switch: once, and once more after each return."""
    named = stand_in is not None and all(stand_in.model in notice for notice in notices)
    return Check(
        "the conversation says who answers, and why",
        0 < len(notices) <= len(_PATIENCE) and named,
        f"it said {notices}",
    )


def _accepted(asked: Iterable[Heard]) -> bool:
    statuses = [request.status for request in asked]
    return bool(statuses) and all(status == 200 for status in statuses)  # noqa: PLR2004  # HTTP


def _takeover(scene: _Scene) -> float | None:
    """Return the seconds from the refusal to the first local content."""
    refused = next((request.at for request in scene.asked if request.refused), None)
    first = next((one.first_at for one in scene.answers if one.first_at is not None), None)
    return None if refused is None or first is None else first - refused
