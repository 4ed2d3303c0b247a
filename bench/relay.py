"""What the gateway adds to a direct line, beside nginx, all in one run. `make bench` runs it.

python bench/relay.py [--quick] [--json FILE] [--write docs/performance.md]
"""

import argparse
import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import aiohttp
import gateway
import nginx
import report
import trials
import uvloop
from client import Client, Line
from machine import Noise, describe
from process import Measured, started
from report import Figures, Trial
from trials import DIRECT, FLOOR, FULL, KB, QUICK, STREAMS, Plan

CREDENTIAL = {"x-api-key": "sk-ant-api03-of-the-bench"}
HEADERS = {
    **CREDENTIAL,
    "content-type": "application/json",
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14",
    "user-agent": "standby-bench",
}


def main() -> int:
    options = arguments()
    plan, began, noise = QUICK if options.quick else FULL, time.monotonic(), Noise()
    figures = Figures(describe())
    with tempfile.TemporaryDirectory(prefix="standby-bench-") as name:
        folder = Path(name)
        with ExitStack() as stack:
            measure(figures, plan, folder, stack)
        figures.booked = gateway.booked(folder)
    if figures.booked < figures.asked:
        figures.missing.append(f"the gateway with its whole ledger: {figures.booked} rows")
    figures.noise = noise.since()
    print(report.markdown(figures))
    say(f"took {time.monotonic() - began:.0f} s")
    if options.json:
        options.json.write_bytes(report.to_json(figures))
    if options.write and figures.missing:
        say(f"nothing is written: {'; '.join(figures.missing)}")
    elif options.write:
        report.write(figures, options.write)
    return bool(figures.missing)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a look, in well under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put them into this page")
    return parser.parse_args()


def measure(figures: Figures, plan: Plan, folder: Path, stack: ExitStack) -> None:
    port = upstream(stack)
    relays: list[tuple[Line, Measured]] = []
    if nginx.find():
        figures.machine["nginx"] = nginx.version()
        relays.append(stack.enter_context(nginx.relay(folder / "nginx", port, HEADERS)))
    else:
        figures.machine["nginx"] = "not installed"
    relays += [stack.enter_context(floor(name, port)) for name in report.FLOORS]
    home = folder / "standby"
    try:
        say("starting the gateway")
        figures.start_s = [gateway.start_s(home, port) for _ in range(plan.starts)]
        relays.append(stack.enter_context(gateway.relay(home, port, HEADERS)))
        line = relays[-1][0]
        figures.status_s = [gateway.status_s(home, line, port) for _ in range(plan.starts)]
    except gateway.GatewayError as error:
        figures.missing.append(f"the gateway: {error}")
    figures.rss_bytes = {line.name: {"idle": used.rss_bytes()} for line, used in relays}
    uvloop.run(listen(figures, plan, port, relays))


@contextmanager
def floor(name: str, port: int) -> Iterator[tuple[Line, Measured]]:
    """Run a relay without a gateway in it, to see what the language and the library cost."""
    program = str(Path(__file__).with_name(report.FLOORS[name]))
    command = [sys.executable, program, str(port)]
    with started(command, stdout=subprocess.PIPE, text=True) as process:
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        yield Line(name, url, HEADERS), Measured(process.pid)


def upstream(stack: ExitStack) -> int:
    """Start the upstream, a process of its own; return its port."""
    program = str(Path(__file__).with_name("upstream.py"))
    process = stack.enter_context(
        started([sys.executable, program], stdout=subprocess.PIPE, text=True)
    )
    return int(process.stdout.readline())


async def listen(
    figures: Figures, plan: Plan, port: int, relays: list[tuple[Line, Measured]]
) -> None:
    direct = f"http://127.0.0.1:{port}"
    lines = [Line(DIRECT, direct, HEADERS), Line(FLOOR, direct, HEADERS)]
    lines += [line for line, _ in relays]
    gc.disable()  # a pause of ours is not a delay of theirs
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=600),
        skip_auto_headers=("Accept-Encoding", "User-Agent"),
        read_bufsize=1 << 20,
    ) as session:
        client = Client(session)
        for size in (100 * KB, 1000 * KB):
            name = f"{size // KB} KB"
            say(f"{name}, one stream")
            one = await trials.single(client, lines, size, plan)
            figures.firsts.append(Trial(f"{name}, 1 stream", one))
            paced = await trials.paced(client, lines, size, plan)
            figures.delays.append(Trial(f"{name}, 1 stream", paced))
            say(f"{name}, {STREAMS} streams")
            many = await trials.crowd(client, lines, size, plan)
            figures.firsts.append(Trial(f"{name}, {STREAMS} streams", many))
            figures.delays.append(Trial(f"{name}, {STREAMS} streams", many))
            gc.collect()
        for line, used in relays:
            figures.rss_bytes[line.name]["crowd"] = used.rss_bytes()
        say("CPU")
        figures.cpu_s = {
            "one stream, as fast as it goes": await trials.cpu(client, relays, plan, streams=1),
            f"{STREAMS} paced streams": await trials.cpu(client, relays, plan, streams=STREAMS),
        }
        figures.asked = client.asked[report.GATEWAY]


def say(words: str) -> None:
    print(words, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
