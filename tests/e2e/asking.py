"""A client that does nothing by itself: no retry, no reading of errors; it sees what came."""

from dataclasses import dataclass

import aiohttp

from standby.core.wire.json import dumps, loads
from standby.core.wire.sse import Decoder
from standby.testing.accounts import SUBSCRIPTION, CloudAccount
from tests.e2e.gateway import Gateway

CLOUD_MODEL = "claude-opus-5-5"
HELLO = {
    "model": CLOUD_MODEL,
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "hello"}],
}
DEADLINE = aiohttp.ClientTimeout(total=60)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def value(self):
        return loads(self.body)

    @property
    def by(self):
        """Who has answered: ``cloud``, ``local; ...``, ``gateway``; empty: it does not say."""
        return self.headers.get("x-standby-served-by", "")

    @property
    def message(self):
        """The words of an error."""
        return self.value["error"]["message"]

    @property
    def events(self):
        """The events of a stream, with what they say."""
        return [(frame.name, loads(frame.data)) for frame in self._frames]

    @property
    def names(self):
        """The names of the events of a stream, whether they can be read or not."""
        return [frame.name for frame in self._frames]

    @property
    def _frames(self):
        decoder = Decoder()
        frames = decoder.receive_data(self.body)
        assert not decoder.rest, "the stream ends within an event"
        return frames

    @property
    def text(self):
        """What was said, streamed or not."""
        if self.headers["content-type"].startswith("text/event-stream"):
            deltas = (data["delta"] for name, data in self.events if name == "content_block_delta")
            return "".join(delta.get("text", "") for delta in deltas)
        blocks = self.value["content"]
        return "".join(block["text"] for block in blocks if block["type"] == "text")


def login(account):
    """The headers by which the cloud knows somebody."""
    credential = account.credential
    return (
        {"x-api-key": credential} if account.is_key else {"authorization": f"Bearer {credential}"}
    )


@dataclass(frozen=True)
class Client:
    """Speaks to a gateway as one of the cloud's accounts, with the gateway's token."""

    gateway: Gateway
    account: CloudAccount = SUBSCRIPTION
    deadline: aiohttp.ClientTimeout = DEADLINE

    @property
    def headers(self):
        return {
            **self.gateway.key,
            **login(self.account),
            "content-type": "application/json",
            "anthropic-version": "2023-06-01",
            "anthropic-beta": "oauth-2025-04-20,token-counting-2024-11-01",
        }

    async def __call__(self, method, path, body=None, **headers):
        async with (
            aiohttp.ClientSession(timeout=self.deadline) as session,
            session.request(
                method,
                self.gateway.url + path,
                data=body if body is None or isinstance(body, bytes) else dumps(body),
                headers={**self.headers, **headers},
            ) as answer,
        ):
            lower = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, lower, await answer.read())

    async def say(self, text="hello", **fields):
        """Ask for an answer to a text."""
        said = {"messages": [{"role": "user", "content": text}]}
        return await self("POST", "/v1/messages?beta=true", {**HELLO, **said, **fields})
