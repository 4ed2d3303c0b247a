"""A hub on loopback: it answers as the real one does to its client library, and fails to order."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from aiohttp import web
from anyio.from_thread import start_blocking_portal

from tests.fakes.serving import served

COMMIT = "c" * 40
REPO = "maker/Small-GGUF"


@dataclass
class Faults:
    """What goes wrong. All of it is off."""

    head_status: int = 0
    """The answer to every question about a file."""
    get_statuses: list[int] = field(default_factory=list[int])
    """The answers to the first requests for bytes; 0: the bytes."""
    cut_after: list[int] = field(default_factory=list[int])
    """After how many bytes each of the first answers breaks off."""
    ranges: bool = True
    """Whether a part is given when a part is asked for."""
    more: int = 0
    """How many bytes too many are sent."""
    wrong: bytes = b""
    """What is sent in place of the file."""
    etag: str = ""
    """What is claimed to be the hash."""
    location: str = ""
    """Where the bytes are said to be."""
    hops: tuple[str, ...] = ()
    """Where the place of the bytes sends one on to."""
    silent: bool = False
    """Whether it says nothing after the first bytes."""
    silent_after: int = 1_500_000
    pace_s: float = 0.0
    """How long it rests before each of eight parts of the bytes."""
    gate: asyncio.Semaphore | None = None
    """What it waits for before each third of the bytes."""
    refuse_range: bool = False
    """Whether it says 416 to a part."""


@dataclass
class FakeHub:
    """The hub, with one repository, and the place of its large files on another port."""

    files: dict[str, bytes]
    faults: Faults = field(default_factory=Faults)
    licence: str | None = "apache-2.0"
    commit: str = COMMIT
    url: str = ""
    cdn: str = ""
    seen: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """Method, path and range of each request, to both."""
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    @property
    def gets(self) -> list[str]:
        """The ranges of the requests for bytes."""
        return [asked for method, path, asked in self.seen if path.startswith("/bytes/")]

    def sha256(self, name: str) -> str:
        """The hash that the hub names."""
        return self.faults.etag or hashlib.sha256(self.files[name]).hexdigest()

    def note(self, request: web.Request) -> None:
        self.seen.append((request.method, request.path, request.headers.get("Range", "")))
        self.headers.append(dict(request.headers))

    async def resolve(self, request: web.Request) -> web.StreamResponse:
        """Answer what a file is, and where its bytes are."""
        self.note(request)
        if self.faults.head_status:
            return web.Response(status=self.faults.head_status)
        name = request.match_info["file"]
        repo = f"{request.match_info['owner']}/{request.match_info['name']}"
        if repo != REPO:
            return web.Response(status=404, headers={"X-Error-Code": "RepoNotFound"})
        if request.match_info["revision"] not in {"main", self.commit}:
            return web.Response(status=404, headers={"X-Error-Code": "RevisionNotFound"})
        if name not in self.files:
            return web.Response(status=404, headers={"X-Error-Code": "EntryNotFound"})
        return web.Response(
            status=302,
            headers={
                "Location": self.faults.location or f"{self.cdn}/bytes/{name}?signed=1",
                "X-Repo-Commit": self.commit,
                "X-Linked-Size": str(len(self.files[name])),
                "X-Linked-Etag": f'"{self.sha256(name)}"',
                "ETag": '"not-the-hash"',
            },
        )

    async def info(self, request: web.Request) -> web.StreamResponse:
        """Answer what a repository is."""
        self.note(request)
        if f"{request.match_info['owner']}/{request.match_info['name']}" != REPO:
            return web.Response(status=404, headers={"X-Error-Code": "RepoNotFound"})
        card = {} if self.licence is None else {"cardData": {"license": self.licence}}
        siblings = [
            {
                "rfilename": name,
                "size": len(data),
                "blobId": "b",
                "lfs": {"sha256": self.sha256(name), "size": len(data), "pointerSize": 130},
            }
            for name, data in self.files.items()
        ]
        body = {"id": REPO, "sha": self.commit, "siblings": siblings, "tags": [], **card}
        return web.json_response(body)

    async def bytes(self, request: web.Request) -> web.StreamResponse:
        """Give the bytes, or a part of them."""
        self.note(request)
        faults, asked = self.faults, request.headers.get("Range", "")
        if faults.hops:
            location, faults.hops = faults.hops[0], faults.hops[1:]
            return web.Response(status=302, headers={"Location": location})
        status = faults.get_statuses.pop(0) if faults.get_statuses else 0
        if status:
            return web.Response(status=status)
        data = faults.wrong or self.files[request.match_info["file"]]
        if asked and faults.refuse_range:
            return web.Response(status=416)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and faults.ranges else 0
        part = data[start:] + bytes(faults.more)
        headers = {} if faults.more else {"Content-Length": str(len(part))}
        answer = web.StreamResponse(status=206 if start else 200, headers=headers)
        if start:
            answer.headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        await answer.prepare(request)
        cut = faults.cut_after.pop(0) if faults.cut_after else len(part)
        if faults.pace_s:
            for at in range(0, len(part), len(part) // 8):
                await asyncio.sleep(faults.pace_s)
                await answer.write(part[at : min(at + len(part) // 8, len(part))])
            return answer
        if faults.gate:
            for at in range(0, len(part), len(part) // 3 + 1):
                await faults.gate.acquire()
                await answer.write(part[at : at + len(part) // 3 + 1])
            return answer
        await answer.write(part[: faults.silent_after if faults.silent else cut])
        if faults.silent:
            await asyncio.Event().wait()
        if cut < len(part):
            assert request.transport is not None
            request.transport.close()
        return answer


@asynccontextmanager
async def hub(
    files: dict[str, bytes], faults: Faults | None = None, **more: str | None
) -> AsyncIterator[FakeHub]:
    """Serve the hub and its other place, each on a port of its own."""
    fake = FakeHub(files, faults or Faults(), **more)
    front, back = web.Application(), web.Application()
    resolve = "/{owner}/{name}/resolve/{revision}/{file}"
    front.router.add_route("*", resolve, fake.resolve)
    front.router.add_get("/api/models/{owner}/{name}/revision/{revision}", fake.info)
    front.router.add_get("/api/models/{owner}/{name}", fake.info)
    back.router.add_route("*", "/bytes/{file}", fake.bytes)
    async with served(front) as fake.url, served(back) as fake.cdn:
        yield fake


@contextmanager
def hub_beside(files: dict[str, bytes], faults: Faults | None = None) -> Iterator[FakeHub]:
    """Serve the hub from a thread, for a command that blocks."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(hub(files, faults)) as fake,
    ):
        yield fake
