"""A stage for the drill on which nothing takes time but what a test wants to."""

from dataclasses import dataclass, field, replace

from standby.app.drill.stage import Answer, Heard, StageError, StandIn

LOCAL = "local/small"
CLOUD = "claude-sonnet-5-5"


@dataclass
class FakeStage:
    """A switch-over as it ought to be. ``twist`` takes each answer, and returns what to have."""

    obeys: bool = True
    client: str = "a fake"
    twist: object = staticmethod(lambda answer: answer)
    hear: object = staticmethod(lambda heard: heard)
    """Takes each request that the cloud got, and returns what it is to have got."""
    local_s: float = 1.0
    seen: tuple[str, ...] = ()
    nobody: StageError | None = None
    limits: list[float] = field(default_factory=list)
    _at: float = 1_000.0
    _until: float = 0.0
    _heard: list[Heard] = field(default_factory=list)
    _thoughts: int = 0
    _told: bool = False
    _met: bool = False

    async def open(self, tell):
        if self.nobody is not None:
            raise self.nobody
        tell("gateway", "is ready")
        return StandIn("embedded", "small", rehearsal=True)

    async def audition(self):
        return self._answer(LOCAL)

    async def say(self, line):
        yield self._next(calls=("run",) if line.call != "never" else ())
        if line.call != "never":
            yield self._next()

    def limit(self, seconds):
        self.limits.append(seconds)
        self._until, self._met = self._at + seconds, False
        return self._until

    async def until(self, moment):
        self._at = max(self._at, moment)

    def heard(self):
        return tuple(self._heard)

    def now(self):
        return self._at

    async def strangers(self):
        return self.seen

    def _next(self, calls=()):
        limited = self._at < self._until
        if not limited:
            self._arrives(Heard(self._at, 200, refused=False, thoughts=self._thoughts))
            self._thoughts += 1
            self._told = False
        elif not self._met:
            self._met = True
            self._arrives(Heard(self._at, 429, refused=True, why="the limit"))
        notice = "" if not limited or calls or self._told else "small answers here"
        self._told = self._told or bool(notice)
        return self._answer(LOCAL if limited else CLOUD, calls, notice)

    def _arrives(self, heard):
        kept = self.hear(heard)
        self._heard += [] if kept is None else [kept]

    def _answer(self, model, calls=(), notice=""):
        asked = self._at
        self._at += self.local_s if model == LOCAL else 0.01
        text = "" if calls else "All is well."
        answer = Answer(model, asked, self._at, self._at, text, calls, notice)
        return self.twist(answer)


def changed(when, **values):
    """Return a twist: the answers for which ``when`` is so are changed, the others are not."""
    return lambda answer: replace(answer, **values) if when(answer) else answer
