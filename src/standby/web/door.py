"""The door to the dashboard: its files, and the link that opens it.

What the pages show, they ask of the API. Nothing here is made out of data, so there is nothing to
escape; the browser is told to load nothing from anywhere else.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs

from standby.core.request import Headers, header
from standby.core.wire import errors
from standby.core.wire.headers import Head
from standby.core.wire.json import dumps
from standby.ports import Wire
from standby.web.files import File
from standby.web.visits import LINK_S, VISIT_S, Visits

__all__ = ["HOME", "LINK", "OPEN", "PagesDoor"]

HOME: Final = "/standby/"
OPEN: Final = "/standby/open"
LINK: Final = "/standby/link"
_POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " object-src 'none'"
)
_SAFE: Final[Headers] = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_JSON: Final[Headers] = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
_CLOSED: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>standby</title>
<h1>This page opens with a link</h1>
<p>Run <code>standby dashboard</code> in a terminal: it prints the link. Each link opens once, and
what it opens stays open for twelve hours, or until the gateway ends.</p>
</html>
"""


class PagesDoor:
    """Serves the dashboard. ``url`` is the gateway's own, ``cookie`` the name of a visit's."""

    def __init__(self, files: Mapping[str, File], visits: Visits, url: str, cookie: str) -> None:
        self._files = files
        self._visits = visits
        self._url = url
        self._cookie = cookie

    @staticmethod
    def serves(path: str) -> bool:
        """Whether a path is one of this door's."""
        return path in (HOME, OPEN, LINK) or path.startswith((f"{HOME}static/", f"{HOME}vendor/"))

    async def serve(self, method: str, target: str, headers: Headers, wire: Wire) -> None:
        """Answer a request over a wire."""
        path, _, query = target.partition("?")
        file = self._files.get("static/index.html" if path == HOME else path.removeprefix(HOME))
        match method, path:
            case "GET", "/standby/open":
                await wire.deliver(*self._opened(query))
            case "POST", "/standby/link":
                link = f"{self._url}{OPEN}?code={self._visits.link()}"
                await wire.deliver(Head(200, _JSON), dumps({"url": link, "expires_in_s": LINK_S}))
            case (("GET" | "HEAD"), _) if file is not None:
                await wire.deliver(*_file(file, header(headers, "if-none-match")))
            case _:
                body = errors.body(404, "the gateway has no such page")
                await wire.deliver(Head(404, _JSON), body)

    def _opened(self, query: str) -> tuple[Head, bytes]:
        """Begin a visit with the code of a link, or say how to get one."""
        codes = parse_qs(query[:200]).get("code", [])
        visit = self._visits.open(codes[0]) if len(codes) == 1 else None
        if visit is None:
            return closed(403)
        kept = f"Path={HOME}; HttpOnly; SameSite=Strict; Max-Age={VISIT_S:.0f}"
        lines = (
            ("Set-Cookie", f"{self._cookie}={visit.key}; {kept}"),
            # No server is sent a fragment, and the page takes it out of the address at once.
            ("Location", f"{HOME}#{visit.hand}"),
            ("Cache-Control", "no-store"),
            *_SAFE,
        )
        return Head(303, lines), b""


def closed(status: int) -> tuple[Head, bytes]:
    """Return the page for a browser that may not look, which says how to be let in."""
    lines = (("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"), *_SAFE)
    return Head(status, lines), _CLOSED.encode()


def _file(file: File, held: str | None) -> tuple[Head, bytes]:
    lines = (("Cache-Control", "no-cache"), ("ETag", file.tag), *_SAFE)
    if held == file.tag:
        return Head(304, lines), b""
    return Head(200, (("Content-Type", file.kind), *lines)), file.data
