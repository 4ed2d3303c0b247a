"""The gateway as a person runs it: `standby serve`, everything on, in a state folder of its own."""

import os
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from client import Line
from process import Measured, free_port, started

READY_S = 20
POLL_S = 0.002


class GatewayError(Exception):
    """The gateway did not do what it is measured for."""


@contextmanager
def relay(
    home: Path, upstream_port: int, headers: dict[str, str]
) -> Iterator[tuple[Line, Measured]]:
    """Run the gateway between the client and the upstream, from its start until it answers."""
    home.mkdir(mode=0o700, exist_ok=True)
    port = free_port()
    with (
        (home / "output.txt").open("ab") as output,
        started(
            serve(), env=environment(home, port, upstream_port), stdout=output, stderr=output
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        wait(url, process, home)
        token = token_of(home)
        yield Line("standby", url, {**headers, "x-standby-token": token}), Measured(process.pid)


def token_of(home: Path) -> str:
    for path in home.rglob("token"):
        return path.read_text(encoding="utf-8").strip()
    raise GatewayError(f"there is no token below {home}")


def serve() -> list[str]:
    return [sys.executable, "-m", "standby", "serve"]


def environment(home: Path, port: int, upstream_port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "STANDBY_HOME": str(home),
        "STANDBY_CLOUD_URL": f"http://127.0.0.1:{upstream_port}",
        "STANDBY_GATEWAY_PORT": str(port),
        "STANDBY_LOCAL_EMBEDDED": "false",
        "STANDBY_LOCAL_DISCOVER": "false",
    }


def wait(url: str, process: subprocess.Popen, home: Path) -> None:
    """Return with the first 200 of ``/standby/health``."""
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/standby/health", timeout=READY_S):
                return
        except urllib.error.HTTPError as error:
            raise GatewayError(f"/standby/health answers {error.code}") from error
        except OSError:
            time.sleep(POLL_S)  # noqa: TID251 - nothing else happens in this process meanwhile
    said = (home / "output.txt").read_text(encoding="utf-8", errors="replace")
    last = said.strip().rpartition("\n")[2]
    raise GatewayError(f"not ready, exit code {process.poll()}: {last}")


def start_s(home: Path, upstream_port: int) -> float:
    """Return the seconds from the start of the process to the first 200."""
    began = time.perf_counter()
    with relay(home, upstream_port, {}):
        return time.perf_counter() - began


def status_s(home: Path, line: Line, upstream_port: int) -> float:
    """Return the seconds that `standby status` takes beside a gateway that runs."""
    port = int(line.url.rpartition(":")[2])
    command = [str(Path(sys.executable).with_name("standby")), "status"]
    began = time.perf_counter()
    done = subprocess.run(
        command, env=environment(home, port, upstream_port), capture_output=True, check=False
    )
    took = time.perf_counter() - began
    if done.returncode:
        raise GatewayError(f"standby status ended with {done.returncode}: {done.stderr[-500:]!r}")
    return took


def booked(home: Path) -> int:
    """Return how many requests are in the ledger: no figure counts with the ledger off."""
    rows = 0
    for path in home.rglob("*"):
        if path.is_file() and path.open("rb").read(15) == b"SQLite format 3":
            with closing(sqlite3.connect(path)) as ledger:
                (rows,) = ledger.execute("select count(*) from requests").fetchone()
    return rows
