"""A gateway as its own commands see it: two pages on loopback, true or not as a test wants."""

import hashlib
import hmac
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit

from standby.adapters.host import secrets
from standby.adapters.host.processes import Claim
from standby.core.wire.json import dumps

MODEL = {
    "engine": "ollama",
    "id": "qwen3-coder:30b",
    "key": "ollama/qwen3-coder:30b",
    "base_url": "http://127.0.0.1:11434",
    "context_tokens": 131072,
    "loaded": True,
    "tools": True,
    "vision": False,
    "rehearsal": False,
}


POLICY = {"mode": "auto", "words": "auto", "until_told": "", "choices": []}


def status(**changes):
    """Return what a gateway in good order says, with changes."""
    return {
        "version": "0.1.0",
        "pid": 4242,
        "url": "http://127.0.0.1:8484",
        "started_at": 1_795_000_000.0,
        "uptime_s": 11_000.0,
        "answering": "cloud",
        "model": "",
        "why": "the cloud serves",
        "until": None,
        "until_told": "",
        "cloud": {
            "url": "https://api.anthropic.com",
            "accounts": [
                {
                    "account": "3f2a91c0",
                    "quotas": [{"scope": "account", "state": "open"}],
                    "windows": [
                        {"name": "5h", "utilisation": 0.62, "resets_at": 1_795_296_919.0},
                        {"name": "7d", "utilisation": 1.0, "resets_at": None},
                    ],
                    "warnings": [],
                }
            ],
        },
        "policy": POLICY,
        "local": {"would_take_over": MODEL, "models": [MODEL], "fetching": None, "problem": None},
        "last": {
            "at": 1_795_000_500.0,
            "requested": "claude-opus-5-5",
            "answered": "claude-opus-5-5",
            "by": "cloud",
            "outcome": "ok",
            "status": 200,
            "first_token_s": 1.25,
            "duration_s": 8.4,
        },
        "ledger": {"enabled": True, "degraded": None},
        **changes,
    }


class FakeGateway:
    """Serves until the block ends; ``requests`` has what it was asked, in order."""

    def __init__(
        self,
        where,
        *,
        says=None,
        glance=None,
        report=None,
        knows_token=True,
        redirects_to=None,
        silent=False,
        links=True,
        warmths=(),
    ):
        """``warmths``: what it says of its warming, one after the other, the last for ever."""
        where.make()
        self._warmths = list(warmths)
        self._links = links
        self.token = secrets.token(where.token_file)
        self._where = where
        self._says = status() if says is None else says
        self._glance = glance
        self._report = report
        self.reckoned = []
        self._key = self.token.reveal() if knows_token else "another token"
        self._redirects_to = redirects_to
        self._silence = threading.Event()
        self._silent = silent
        self.requests = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_error):
        self._silence.set()
        self._server.shutdown()
        self._server.server_close()

    def announce(self, version="0.1.0"):
        """Be the gateway of the folder, in this process."""
        return Claim(self._where.state).announce(port=self.port, version=version, url=self.url)

    def _answer(self, target):
        url = urlsplit(target)
        if self._redirects_to:
            return 307, {}, (("Location", self._redirects_to),)
        match url.path:
            case "/standby/health":
                nonce = parse_qs(url.query)["nonce"][0]
                digest = hmac.new(self._key.encode(), nonce.encode(), hashlib.sha256)
                return 200, {"status": "ok", "proof": digest.hexdigest()}, ()
            case "/standby/status":
                return 200, self._says, ()
            case "/standby/use":
                return self._chosen(dict(parse_qsl(url.query)))
            case "/standby/warm" if self._warmths:
                some = len(self._warmths) > 1
                return 200, self._warmths.pop(0) if some else self._warmths[0], ()
            case "/standby/link" if self._links:
                return 200, {"url": f"{self.url}/standby/open?code=c", "expires_in_s": 300.0}, ()
            case "/standby/models/load" | "/standby/models/unload":
                name = parse_qs(url.query)["model"][0]
                if name == MODEL["key"]:
                    return 200, {"key": name, "context_tokens": 4096}, ()
                return 409, {"error": {"message": f"there is no model {name!r}"}}, ()
            case "/standby/usage" if self._report is not None:
                self.reckoned.append(dict(parse_qsl(url.query)))
                return 200, self._report, ()
            case "/standby/glance" if self._glance is not None:
                return 200, self._glance, ()
            case _:
                return 404, {}, ()

    def _chosen(self, fields):
        if fields["what"] == "nonsense":
            return 400, {"error": {"message": "there is no local model 'nonsense'"}}, ()
        special = {"mode": fields["what"], "words": "local for /work", "project": "/work"}
        return 200, {**POLICY, "until_told": "21:23", "choices": [special]}, ()

    def _handler(fake):  # noqa: N805  # `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                fake.requests.append((self.path, dict(self.headers.items())))
                # As the real one, it keeps no connection of who has shown no credential.
                self.close_connection = "x-standby-token" not in self.headers
                if fake._silent:
                    fake._silence.wait(20)
                    return
                code, value, headers = fake._answer(self.path)
                body = dumps(value)
                self.send_response(code)
                for name, text in (*headers, ("Content-Length", str(len(body)))):
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                self.do_GET()

            def log_message(self, *_arguments):
                pass

        return Handler


@contextmanager
def running_gateway(where, **how):
    """Run a fake that the folder names as its gateway."""
    with FakeGateway(where, **how) as fake:
        fake.announce()
        try:
            yield fake
        finally:
            (where.state / "run.json").unlink(missing_ok=True)
