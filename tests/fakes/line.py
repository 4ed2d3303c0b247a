"""The way to a cloud that says what a test wants, and a client's end that remembers."""

import asyncio

from standby.adapters.codings import coder_for
from standby.app.cloud.accounts import Accounts
from standby.app.cloud.candidate import CloudDeadlines, Line
from standby.core.quota.reply import UNIFIED
from standby.core.request import NOBODY, Account, Caller, Request
from standby.core.wire.headers import Head
from standby.core.wire.json import dumps
from standby.ports import UpstreamError
from tests.fakes.answerers import answer, begin, opened, text
from tests.fakes.clock import LoadedDice, SetClock
from tests.fakes.fingerprints import PlainFingerprints
from tests.fakes.memory_store import MemoryStore
from tests.fakes.rooms import READERS

JSON_HEAD = Head(200, (("Content-Type", "application/json"),))
STREAM_HEAD = Head(200, (("Content-Type", "text/event-stream"),))
ME = Account("x-api-key:k")
OPUS = "claude-opus-5-5"


class Cloud:
    """Gives its answers in turn, the last of them for ever: heads, bytes, errors and waits."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.seen = []
        self.left = 0
        """How many answers were left before their end."""

    async def send(self, request, at_once=None):
        self.seen.append(request)
        steps = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        whole = False
        try:
            for step in steps:
                match step:
                    case bytes() if at_once is not None and at_once(step):
                        pass
                    case Head() | bytes():
                        yield step
                    case Exception():
                        raise step
                    case _:
                        await step()
            whole = True
        finally:
            self.left += not whole


def error(status, message="no", *headers, kind="rate_limit_error"):
    body = {"type": "error", "error": {"type": kind, "message": message}}
    return [Head(status, (("Content-Type", "application/json"), *headers)), dumps(body)]


def five_hours(until):
    """The refusal of a subscription's spent window."""
    return error(
        429,
        "This request would exceed your account's rate limit.",
        (f"{UNIFIED}status", "rejected"),
        (f"{UNIFIED}representative-claim", "five_hour"),
        (f"{UNIFIED}reset", str(int(until))),
    )


NO_CREDIT = error(400, "Your credit balance is too low to access the API.", kind="x")
BARE = error(429)
OVERLOADED = error(529, "Overloaded", kind="overloaded_error")
DOWN = [UpstreamError("the cloud is out of reach")]


def streamed(*words, head=STREAM_HEAD):
    return [head, *(frame.raw for frame in answer(*words))]


def cut(*words):
    return [
        STREAM_HEAD,
        *(frame.raw for frame in (begin(), opened(0, "text"), *(text(0, w) for w in words))),
        UpstreamError("the cloud is out of reach: reset"),
    ]


def whole(*words, model=OPUS, **more):
    content = [{"type": "text", "text": word} for word in words]
    usage = {"input_tokens": 3, "output_tokens": 5}
    message = {"type": "message", "model": model, "content": content, "usage": usage, **more}
    return [JSON_HEAD, dumps(message)]


async def for_ever():
    await asyncio.Event().wait()


class Way:
    """A line with everything on it, and time in the hands of the test."""

    def __init__(self, *answers, accepted=(), **deadlines):
        self.cloud = Cloud(*(answers or [DOWN]))
        self.clock = SetClock()
        self.fingerprints = PlainFingerprints(*accepted)
        self.accounts = Accounts(MemoryStore(), self.clock, LoadedDice(), READERS)
        self.line = Line(
            self.cloud,
            self.accounts,
            self.fingerprints,
            self.clock,
            coder_for,
            CloudDeadlines(**deadlines),
        )

    def state(self, model=OPUS, account=ME):
        return self.accounts.standing(account, model).state.value


class Tape:
    """A wire that remembers: heads, bytes in a row as one, and what became of it."""

    def __init__(self):
        self.head = None
        self.log = []
        self.begun = False
        self.first = asyncio.Event()

    @property
    def sent(self):
        return b"".join(entry for entry in self.log if isinstance(entry, bytes))

    @property
    def ending(self):
        return [entry for entry in self.log if not isinstance(entry, bytes) and entry != "ping"]

    async def start(self, head, first=b""):
        if not self.begun:
            self.head = head
        self.begun = True
        if first:
            await self.send(first)

    async def send(self, data):
        self.log.append(data)
        self.first.set()

    @property
    def ready(self):
        return bool(self.log)

    def send_now(self, data):
        self.log.append(data)
        self.first.set()

    async def keep_alive(self, data=b""):
        self.begun = True
        self.log.append(data or "ping")
        self.first.set()

    async def finish(self):
        self.log.append("end")

    async def deliver(self, head, body):
        assert not self.begun
        self.begun = True
        self.head = head
        self.log += [body, "delivered"]

    async def abort(self):
        self.log.append("aborted")


KNOWN = Caller(ME, trusted=True)
STRANGER = Caller(ME, trusted=False)
NO_ACCOUNT = Caller(NOBODY, trusted=True)


def messages_request(stream=True, model=OPUS, headers=(), **more):
    body = {
        "model": model,
        "max_tokens": 64,
        "stream": stream,
        "messages": [{"role": "user", "content": "What now?"}],
        **more,
    }
    return Request("POST", "/v1/messages", headers, dumps(body))
