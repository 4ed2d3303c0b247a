"""An engine that counts, by a ratio that a test sets, and remembers what it was asked to count."""

from standby.core.models.facts import LocalModel
from standby.core.wire.json import dumps
from tests.fakes.engines import FakeEngine


def model(name="coder", **changes):
    usual = {"context_tokens": 16_384, "counts": True, "tools": True}
    return LocalModel("fake", name, "http://127.0.0.1:1", **(usual | changes))


class CountingEngine(FakeEngine):
    """Counts so many bytes of a chat request's messages and tools as a token."""

    def __init__(self, offered, bytes_per_token=3.0):
        super().__init__("fake", offered)
        self.bytes_per_token = bytes_per_token
        self.counted = []

    async def count(self, model, body):
        if self.bytes_per_token is None:
            return None
        self.counted.append(body)
        return round(size(body) / self.bytes_per_token)


def size(body):
    return len(dumps([body["messages"], body.get("tools", [])]))
