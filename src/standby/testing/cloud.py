"""A cloud on this machine that stands for the Messages API, as strict as the real one.

It knows its accounts, holds requests to the rules, signs its thinking, counts a quota, refuses in
any of the ways of :mod:`standby.testing.limits` and breaks its answers off as told::

    async with FakeCloud() as cloud:
        cloud.limit(SUBSCRIPTION, Limit(after=2, seconds=20))
        ...
        assert 1 == cloud.count(refused=True)

By hand: ``python -m standby.testing.cloud --port 8080 --limit-after 2 --reset-in 20``.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Final, Self

from aiohttp import web

from standby.core.wire.json import JSON, dumps
from standby.testing.accounts import EVERYBODY, CloudAccount
from standby.testing.faults import FAULTS
from standby.testing.hostile import HOSTILE
from standby.testing.limits import FORMS
from standby.testing.log import Received, count
from standby.testing.model import Model
from standby.testing.place import Place, headers_of
from standby.testing.scripts import Script, agent
from standby.testing.sending import Sender
from standby.testing.service import MAX_BODY_BYTES, Reply, Service, too_large
from standby.testing.standing import Limit

__all__ = ["FakeCloud"]

_BODY_DEADLINE_S: Final = 60


class FakeCloud:
    """A server that answers as the cloud would, from entering the context to leaving it."""

    def __init__(
        self,
        *,
        accounts: Iterable[CloudAccount] = EVERYBODY,
        script: Script = agent,
        limits: Mapping[str, Limit] | None = None,
        clock: Callable[[], float] = time.time,
        port: int = 0,
        compress: bool = False,
        pace_s: float = 0.0,
        key: bytes = b"rehearsal",
        trap: str = "http://127.0.0.1:9",
    ) -> None:
        """Describe a cloud.

        ``limits``: quotas by the name of the account. ``clock`` returns seconds since the epoch and
        decides when a limit is over. ``compress``: in gzip, for clients that take it. ``pace_s``:
        seconds between two events of a stream. Clouds of the same ``key`` know each other's
        signatures. ``trap``: where its redirects lead, if it is told to send any.
        """
        self._service = Service(Model(script, key), tuple(accounts), clock)
        for account, limit in (limits or {}).items():
            self.limit(account, limit)
        self._log: list[Received] = []
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._sender = Sender(compress, pace_s, self._closing, trap)
        self._place = Place(self._serve, port, MAX_BODY_BYTES)

    async def __aenter__(self) -> Self:
        await self._place.open()
        return self

    async def __aexit__(self, *_why: object) -> None:
        self._closing.set()
        await self._place.close()

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return self._place.url

    @property
    def requests(self) -> tuple[Received, ...]:
        """Everything it was asked, in the order of arrival."""
        return tuple(self._log)

    @property
    def turns(self) -> int:
        """How many answers it has given; the next one is this many and one."""
        return self._service.model.turns

    def count(
        self,
        path: str | None = None,
        *,
        account: CloudAccount | str | None = None,
        status: int | None = None,
        refused: bool | None = None,
    ) -> int:
        """Return how many requests are as asked for; what is not named does not matter."""
        name = None if account is None else _name(account)
        return count(self._log, path=path, account=name, status=status, refused=refused)

    async def until(self, happened: "Callable[[FakeCloud], bool]", timeout_s: float = 5) -> None:
        """Wait until something is so. Raises :class:`TimeoutError`."""
        async with asyncio.timeout(timeout_s):
            while not happened(self):
                await self._changed.wait()
                self._changed.clear()

    def admit(self, account: CloudAccount) -> None:
        """Know one more account."""
        self._service.accounts += (account,)

    def limit(self, account: CloudAccount | str, limit: Limit | None) -> None:
        """Give an account a quota, or none."""
        if limit is not None and limit.form not in FORMS:
            raise ValueError(f"no form named {limit.form!r}; there are {', '.join(FORMS)}")
        self._service.standing(_name(account)).limit = limit

    def exhaust(
        self, account: CloudAccount | str, form: str = "five_hour", *, seconds: float = 18_000
    ) -> None:
        """Let a limit or an outage begin now, for one account, until so many seconds from now."""
        until = self._service.clock() + seconds
        self._service.standing(_name(account)).exhaust(form, until)

    def restore(self, account: CloudAccount | str) -> None:
        """Let everything that is in force for an account end now."""
        self._service.standing(_name(account)).restore()

    def mend(self) -> None:
        """Forget what was to go wrong and has not yet."""
        self._service.faults.clear()

    def break_next(self, fault: str, times: int = 1) -> None:
        """Let the next answers go wrong in the way of that name.

        A way of :data:`~standby.testing.faults.FAULTS` waits for a streamed answer.
        """
        if fault not in FAULTS and fault not in HOSTILE:
            raise ValueError(
                f"no fault named {fault!r}; there are {', '.join((*FAULTS, *HOSTILE))}"
            )
        self._service.faults.extend([fault] * times)

    @asynccontextmanager
    async def unreachable(self) -> AsyncIterator[None]:
        """Refuse every connection while the context lasts; those that are open are closed."""
        async with self._place.unreachable():
            yield

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        at = self._note(request)
        try:
            reply = await self._reply(request, at)
            self._settle(at, reply)
            return await self._sender.send(request, reply)
        except asyncio.CancelledError:
            self._change(at, replace(self._log[at], left=True))
            raise
        except ConnectionError:
            self._change(at, replace(self._log[at], left=True))
            return web.Response()  # aiohttp wants one; the client is gone

    async def _reply(self, request: web.Request, at: int) -> Reply:
        try:
            async with asyncio.timeout(_BODY_DEADLINE_S):
                body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return too_large()
        self._change(at, replace(self._log[at], body=body))
        return self._service.reply(self._log[at])

    def _settle(self, at: int, reply: Reply) -> None:
        settled = replace(
            self._log[at],
            account=reply.account,
            status=reply.status,
            refused=reply.refused,
            why=reply.why,
            said=b"".join(reply.data) if reply.status >= HTTPStatus.BAD_REQUEST else b"",
        )
        self._change(at, settled)

    def _note(self, request: web.Request) -> int:
        now, headers = self._service.clock(), headers_of(request)
        self._log.append(Received(now, request.method, request.raw_path, headers, b""))
        self._changed.set()
        return len(self._log) - 1

    def _change(self, at: int, received: Received) -> None:
        self._log[at] = received
        self._changed.set()


def _name(account: CloudAccount | str) -> str:
    return account if isinstance(account, str) else account.name


async def _run(arguments: argparse.Namespace) -> None:
    accounts = EVERYBODY
    limit = Limit(arguments.limit_after, arguments.form, arguments.reset_in, arguments.windows)
    cloud = FakeCloud(
        port=arguments.port,
        limits={one.name: limit for one in accounts} if arguments.limit_after is not None else None,
        pace_s=arguments.pace,
    )
    async with cloud:
        said: dict[str, JSON] = {"url": cloud.url}
        said |= {account.name: account.credential for account in accounts}
        sys.stdout.write(dumps(said).decode() + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Run a cloud until interrupted; its address and credentials are one line of JSON on stdout."""
    parser = argparse.ArgumentParser(prog="python -m standby.testing.cloud")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--limit-after", type=int, help="answers before the limit")
    parser.add_argument("--reset-in", type=float, default=18_000, help="seconds the limit lasts")
    parser.add_argument("--windows", type=int, default=1, help="how often the limit comes")
    parser.add_argument("--form", choices=sorted(FORMS), default="five_hour")
    parser.add_argument("--pace", type=float, default=0, help="seconds between two events")
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
