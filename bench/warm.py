"""What warming saves: the first word after a refusal, warm against cold; and what is reused.

python -m bench.warm [--bare] [--write docs/performance.md]

The real Claude Code talks to a cloud of the tests through the gateway; the engine is the real
llama.cpp server with SmolLM2-135M, whose window is raised to 32768 tokens in a copy of the file.
Warm: once the conversation is read ahead, the cloud refuses. Cold: the same, with warming off.
Then a session of ten turns with two subagents, all of it answered by the engine (a scripted tiny
model, which calls its tools reliably): once through the gateway, once by the server's own
/v1/messages. `--bare` is a look in minutes, with the client's small prompt.
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
from itertools import pairwise
from pathlib import Path

import aiohttp

from bench.machine import Noise, describe
from standby.adapters.engines import embedded
from standby.adapters.host import downloads
from standby.adapters.net import http_client
from standby.testing.accounts import API_KEY as ACCOUNT
from standby.testing.cloud import FakeCloud
from tests.e2e.claude_code import API_KEY, ClaudeCode
from tests.e2e.gateway import Gateway, model

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
TURNS = (
    *("hello", "what next", "[call] a helper", "and then", "go on"),
    *("[call] another helper", "is it so", "tell me", "thank you", "bye"),
)


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


@dataclass(frozen=True)
class Reused:
    """Of a session, the tokens that the engine had read before, and how many it then reused."""

    known: int
    used: int

    @property
    def share(self):
        return self.used / self.known if self.known else 0.0


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
        ours = await through_the_gateway(folder / "ours")
        say(f"{ours}; the same to the server")
        theirs = await to_the_server(folder / "theirs")
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
            environment={"CLAUDE_CODE_MAX_OUTPUT_TOKENS": "16"},
        ) as client,
    ):
        await client.say("hello")
        began = time.monotonic()
        if warm:
            await until_warm(gateway)
        else:  # the engine runs and has its model, as after the warming: only the prompt is unread
            await started(gateway, file)
        ready_s = time.monotonic() - began
        asked = len(cloud.requests)
        cloud.exhaust(ACCOUNT)
        await client.say("Say one word.", within_s=PATIENCE_S)
        entry = next(
            e for e in reversed(await gateway.recent()) if e["by"] == "local" and e["session"]
        )
        cached = entry["cache_read_tokens"]
        prompt = entry["input_tokens"] + cached
        more = asked - 1
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


async def helper_model():
    """Return the scripted model that sends a helper when it is told to call."""
    return await model(call="Agent", fill="look")


async def through_the_gateway(folder):
    settings = {**SETTINGS, "LOCAL_WARM": "off", "LOCAL_CONTEXT": "131072"}
    async with (
        FakeCloud() as cloud,
        Gateway(folder / "gateway", cloud.url, await helper_model(), settings) as gateway,
    ):
        cloud.exhaust(ACCOUNT)
        async with ClaudeCode(folder, gateway.url, API_KEY, gateway.key) as client:
            for turn in TURNS:
                await client.say(turn, within_s=600)
        entries = [e for e in reversed(await gateway.recent()) if e["by"] == "local"]
    sent = {}
    for entry in entries:
        cached = entry["cache_read_tokens"]
        sent.setdefault(entry["session"], []).append((entry["input_tokens"] + cached, cached))
    say(f"{sent}")
    return reused(sent)


async def to_the_server(folder):
    file = await helper_model()
    async with http_client("") as client:
        engine = embedded.engine(client, lambda: embedded.ModelFile(file), context=131072)
        try:
            (offered,) = await engine.models()
            served = await engine.start(offered)
            key = {"ANTHROPIC_API_KEY": engine._started.key.reveal()}  # noqa: SLF001 - nobody else asks it
            async with ClaudeCode(folder, served.base_url, key) as talking:
                turns = [await talking.say(turn, within_s=600) for turn in TURNS]
        finally:
            await engine.stop()
    sent, seen = {}, set()
    for event in (event for turn in turns for event in turn.events):
        if event["type"] == "assistant" and event["message"]["id"] not in seen:
            seen.add(event["message"]["id"])
            usage = event["message"]["usage"]
            cached = usage.get("cache_read_input_tokens") or 0
            name = event.get("parent_tool_use_id") or "main"
            sent.setdefault(name, []).append((usage["input_tokens"] + cached, cached))
    say(f"{sent}")
    return reused(sent)


def reused(sent):
    """Return what was reused: of each prompt, as much could be as the one before it had."""
    known = used = 0
    for prompts in sent.values():
        for (before, _), (prompt, cached) in pairwise(prompts):
            could = min(before, prompt)
            known += could
            used += min(cached, could)
    return Reused(known, used)


def told(warm, cold, ours, theirs, noise, took_s):
    machine = describe()
    new = warm.prompt - warm.cached
    return "\n".join(
        (
            f"{machine['date']}, {machine['processor']}, {machine['memory']}, {machine['system']},"
            f" Python {machine['python']}; other work on the machine: "
            + ", ".join(f"{name} {value:.2f}" for name, value in noise.items())
            + f"; the run took {took_s:.0f} s.",
            "",
            "| | warm | cold |",
            "|---|---|---|",
            f"| first word after the request that the cloud refused | **{warm.first_s:.2f} s** |"
            f" {cold.first_s:.1f} s |",
            f"| tokens of the prompt | {warm.prompt} | {cold.prompt} |",
            f"| of these read before | {warm.cached} | {cold.cached} |",
            "",
            f"Warm takes 1/{cold.first_s / warm.first_s:.0f} of cold; {new} tokens were new. The"
            f" reading ahead took {warm.ready_s:.0f} s, and the cloud was asked"
            f" {warm.asked} times for it.",
            "",
            f"Ten turns with two subagents: of {ours.known} tokens that the engine had read before,"
            f" {ours.share:.2%} were reused; by the server's own `/v1/messages` {theirs.share:.2%}"
            f" of {theirs.known}.",
        )
    )


def say(words):
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
