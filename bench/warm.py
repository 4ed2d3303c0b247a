"""What warming saves: the first token after a refusal, warm against cold; and what is reused.

python -m bench.warm [--bare] [--write docs/performance.md]

The real Claude Code talks to a cloud of the tests through the gateway; the engine is the real
llama.cpp server with SmolLM2-135M, whose window is raised to 32768 tokens in a copy of the file.
Warm: once the conversation is read ahead, the cloud refuses. Cold: the same, with warming off.
Then a session of ten turns with two subagents and with titles and questions to the small model
beside each turn, all of it answered by the engine (a scripted tiny model, which calls its tools
reliably): once through the gateway, once by the server's own /v1/messages (tests/e2e/reuse.py).
`--bare` is a look in minutes, with small prompts.
"""

import argparse
import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.machine import Noise, describe
from standby.adapters.engines import embedded
from standby.adapters.host.models import downloads
from standby.testing.accounts import API_KEY as ACCOUNT
from standby.testing.cloud import FakeCloud
from tests.e2e.claude_code import API_KEY, ClaudeCode
from tests.e2e.gateway import Gateway
from tests.e2e.reuse import through_the_gateway, to_the_server

FOLDER = Path(__file__).parent.parent / ".cache" / "models"
WINDOW = 32768
PATIENCE_S = 3600.0
MARKED = re.compile(r"(<!-- bench-warm:begin -->\n).*?(<!-- bench-warm:end -->)", re.DOTALL)
SETTINGS = {
    "LOCAL_WARM_BUSY": "100",
    "LOCAL_WARM_ON_BATTERY": "true",
    "LOCAL_CONTEXT": str(WINDOW),
    "LOCAL_FIRST_BYTE_S": "3600",
    "LOCAL_IDLE_S": "3600",
}
# What warming has to reach, and of what could be reused, how much has to be.
TIMES, FIRST_S, SHARE = 50, 1.5, 0.99


@dataclass(frozen=True)
class Switched:
    """The first answer after the cloud's refusal."""

    first_s: float
    prompt: int
    cached: int
    ready_s: float = 0.0
    """How long the reading ahead took."""
    asked: int = 0
    """Requests that the cloud got beyond those of the client."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bare", action="store_true", help="with the client's small prompt")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the figures into a page")
    options = parser.parse_args()
    noise, began = Noise(), time.monotonic()
    warm, cold, ours, theirs = asyncio.run(measured(options.bare))
    section = told(warm, cold, ours, theirs, noise.since(), time.monotonic() - began)
    print(section)
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        options.write.write_text(
            MARKED.sub(lambda m: f"{m[1]}\n{section}\n\n{m[2]}", page), encoding="utf-8"
        )


async def measured(bare):
    file = await raised()
    with tempfile.TemporaryDirectory(prefix="standby-warm-") as name:
        folder = Path(name)
        say("warm")
        warm = await switched(folder / "warm", file, bare=bare, warm=True)
        say(f"warm: {warm}; cold")
        cold = await switched(folder / "cold", file, bare=bare, warm=False)
        say(f"cold: {cold}; a session through the gateway")
        few = ("--tools", "Agent") if bare else ()
        ours = await through_the_gateway(folder / "ours", arguments=few)
        say(f"{ours}; the same to the server")
        theirs = await to_the_server(folder / "theirs", arguments=few)
        say(f"{theirs}")
    return warm, cold, ours, theirs


async def raised():
    """Return the rehearsal model with a larger window, made once."""
    file = FOLDER / f"smollm2-{WINDOW}.gguf"
    if not file.exists():
        with tempfile.TemporaryDirectory() as name:
            await downloads.fetch(Path(name), lambda _: None)
            made = Path(name) / "raised.gguf"
            shutil.copyfile(Path(name) / embedded.REHEARSAL_FILE, made)
            change = ("--force", str(made), "llama.context_length", str(WINDOW))
            command = (str(Path(sys.executable).parent / "gguf-set-metadata"), *change)
            await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
            FOLDER.mkdir(parents=True, exist_ok=True)
            shutil.move(made, file)
    return file


async def switched(folder, file, *, bare, warm):
    settings = {**SETTINGS, "LOCAL_WARM": "always" if warm else "off"}
    async with (
        FakeCloud() as cloud,
        Gateway(folder / "gateway", cloud.url, file, settings) as gateway,
        ClaudeCode(
            *(folder, gateway.url, API_KEY, gateway.key),
            arguments=("--bare",) if bare else (),
            # What this model says is held back until it is known to be no call: so its first
            # token is told of by an answer of one.
            environment={"CLAUDE_CODE_MAX_OUTPUT_TOKENS": "1"},
        ) as client,
    ):
        await client.say("hello")
        unasked, began = len(cloud.requests), time.monotonic()
        if warm:
            await until_warm(gateway)
        else:  # the engine runs and has its model, as after the warming: only the prompt is unread
            await started(gateway, file)
        ready_s = time.monotonic() - began
        more = len(cloud.requests) - unasked
        cloud.exhaust(ACCOUNT)
        await client.say("Say one word.", within_s=PATIENCE_S)
        entry = next(
            e for e in reversed(await gateway.recent()) if e["by"] == "local" and e["session"]
        )
        cached = entry["cache_read_tokens"]
        prompt = entry["input_tokens"] + cached
        return Switched(entry["first_token_s"], prompt, cached, ready_s, more)


async def until_warm(gateway):
    async with asyncio.timeout(PATIENCE_S):
        while True:
            said = (await gateway.status())["local"]["warming"]
            if any(each["state"] == "warm" for each in said["conversations"]):
                return
            await asyncio.sleep(0.2)


async def started(gateway, file):
    body = {
        "model": f"local/{file.name.removesuffix('.gguf')}",
        "max_tokens": 1,
        "messages": [{"role": "user", "content": "one word"}],
    }
    timeout = aiohttp.ClientTimeout(total=600)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(gateway.url + "/v1/messages", json=body, headers=gateway.key) as answer,
    ):
        await answer.read()


def told(warm, cold, ours, theirs, noise, took_s):
    machine = describe()
    new = warm.prompt - warm.cached
    # What reading the new tokens takes, at the speed of the cold prompt.
    new_s = new * cold.first_s / cold.prompt
    may_s = FIRST_S + new_s
    times = cold.first_s / warm.first_s
    return "\n".join(
        (
            f"{machine['date']}, {machine['processor']}, {machine['memory']}, {machine['system']},"
            f" Python {machine['python']}; other work on the machine: "
            + ", ".join(f"{name} {value:.2f}" for name, value in noise.items())
            + f"; the run took {took_s:.0f} s.",
            "",
            "| | warm | cold |",
            "|---|---|---|",
            f"| first token after the request that the cloud refused | **{warm.first_s:.2f} s** |"
            f" {cold.first_s:.1f} s |",
            f"| tokens of the prompt | {warm.prompt} | {cold.prompt} |",
            f"| of these read before | {warm.cached} | {cold.cached} |",
            "",
            f"Warm takes 1/{times:.0f} of cold (wanted: 1/{TIMES} at most:"
            f" {verdict(times >= TIMES)}), and {warm.first_s:.2f} s, of which {new} new tokens may"
            f" take {new_s:.2f} s (wanted: {may_s:.2f} s at most:"
            f" {verdict(warm.first_s <= may_s)}). The reading ahead took {warm.ready_s:.0f} s, and"
            f" the cloud was asked {warm.asked} times for it.",
            "",
            f"Ten turns with {len(ours.prompts) - 1} subagents, and {ours.beside} titles and"
            f" questions to the small model beside them: of {ours.known} tokens that the engine had"
            f" read before, {ours.share:.2%} were reused (wanted: {SHARE:.0%}:"
            f" {verdict(ours.share >= SHARE)}); by the server's own `/v1/messages`"
            f" {theirs.share:.2%} of {theirs.known}.",
        )
    )


def verdict(reached):
    return "reached" if reached else "**missed**"


def say(words):
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
