"""Each rule of the policy decides a request of the real client, and `standby explain` says so.

The rules are read from their package: one without a situation here fails. `WRITE_DOCS=1` writes
what was printed into the reference.
"""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from standby.adapters.ledger.looking import Looks
from standby.testing.accounts import SUBSCRIPTION as ME
from standby.testing.cloud import FakeCloud
from standby.testing.standing import Limit
from tests.e2e.claude_code import API_KEY, SUBSCRIPTION, ClaudeCode
from tests.e2e.gateway import Gateway
from tests.e2e.screens import NOBODY_ELSE, begun
from tests.e2e.terminal import Terminal
from tests.fakes.local_server import local_server
from tests.fakes.rooms import RULES
from tests.prepare import VERSION, binary

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.timeout(400),
    pytest.mark.usefixtures("the_real_client", "tmux"),
]

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "explained.md"
OUT_OF_REACH = {
    "audition": "no request has an audition's result among its facts yet: the rule is silent",
}
"""Rules that no request of the client can bring to a decision, and why."""

FEW_TOOLS = ("--tools", "Bash,Read")
# One dot.
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # noqa: E501
AGAIN = 6
"""Results after which the cloud may go on: those of the calls before, and circles by then."""
PLAN = "Design the cache; weigh the options."
EDIT = "Rename `a` to `b`."


@dataclass
class Seen:
    """What happened, by the rule that decided it."""

    words: dict[str, str] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)
    decided: dict[str, list[str]] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    """Who answered in each mode, or which model."""
    refused: str = ""
    """What the client says at the limit, in the mode ``cloud``."""

    async def note(self, rule, words, gateway, row=None):
        """Keep what the newest request was decided by, or that of a row of the ledger."""
        await gateway.recent()  # then all is written down
        wanted = ("--last",) if row is None else (row["id"],)
        said = json.loads(await standby(gateway, "explain", *wanted, "--json"))
        self.words[rule], self.decided[rule] = words, said["decided_by"]
        self.printed[rule] = await standby(gateway, "explain", *wanted)

    async def mode(self, name, gateway):
        """Keep who answered the newest request."""
        row, *_ = await gateway.recent()
        self.modes[name] = row["answered"] if row["by"] == "local" else row["by"]


async def standby(gateway, *words):
    """Run a command of ours; return what it prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "standby", *words),
        env={**gateway.environment, "COLUMNS": "200"},
        stdout=PIPE,
        stderr=PIPE,
    )
    async with asyncio.timeout(30):
        out, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    return out.decode()


def client_of(folder, gateway, login=SUBSCRIPTION, *arguments, headers=None, **environment):
    return ClaudeCode(
        *(folder, gateway.url, login, gateway.key if headers is None else headers),
        environment=environment,
        arguments=(*FEW_TOOLS, *arguments),
    )


def settings_file(gateway, text):
    config = gateway.folder / "config" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(text, encoding="utf-8")


def named(server, name):
    where = f'name = "{name}"\nkind = "llamacpp"\nurl = "{server.url}"\n'
    return f"[[local.servers]]\n{where}"


async def asked_for(gateway, purpose, within_s=60):
    """Wait for a request for something; return the row of the first one in the ledger."""
    looks = Looks(gateway.folder / "state" / "ledger.sqlite3")
    async with asyncio.timeout(within_s):
        while True:
            for row in reversed(await gateway.recent()):
                found = await asyncio.to_thread(looks.decision, row["id"])
                if found and found[1]["facts"].get("purpose") == purpose:
                    return row
            await asyncio.sleep(0.1)


async def on_one_side(seen, folder, cloud):
    """Somebody works, says who is to answer, meets the limit, and works on."""
    secret = folder / "secret"
    async with AsyncExitStack() as stack:
        coder, seer, embedder = [
            await stack.enter_async_context(server)
            for server in (
                local_server("coder-30b", window=300_000),
                local_server("seer-8b", window=200_000, sees=True),
                local_server("multilingual-e5-large", window=900_000, sees=True),
            )
        ]
        gateway = Gateway(folder / "gateway", cloud.url)
        settings_file(
            gateway,
            named(coder, "alpha")
            + named(seer, "beta")
            + named(embedder, "gamma")
            + f'[[policy.projects]]\npath = "{(secret / "work").as_posix()}"\n'
            'privacy = "local-only"\n',
        )
        await stack.enter_async_context(gateway)

        async with client_of(folder / "client", gateway) as client:
            await client.say("hello")
            await seen.mode("auto", gateway)
            await standby(gateway, "use", "local")
            await client.say("hello")
            await seen.mode("local", gateway)
            await seen.note("mode", "`standby use local`, while the cloud serves", gateway)

            async def calls_once(asked):
                """Call a tool, and let the person change the mode before its result is there."""
                if asked["messages"][-1]["role"] == "tool":
                    return None
                await standby(gateway, "use", "auto")
                return "Bash", {"command": "true"}

            coder.acts = calls_once
            await client.say("please look")
            coder.acts = None
            words = "the result of a call that a local model has made, after `standby use auto`"
            await seen.note("staying", words, gateway)

            await standby(gateway, "use", "local")
            notes = client.work / "notes.txt"
            notes.write_text("one\ntwo\n" * 20, encoding="utf-8")

            async def reads_again(asked):
                """Read the same over and over; the person changes the mode in the meantime."""
                results = [one for one in asked["messages"] if one["role"] == "tool"]
                if len(results) == AGAIN:
                    await standby(gateway, "use", "auto")
                return "Read", {"file_path": str(notes)}

            coder.acts = reads_again
            await client.say("please read notes.txt")
            coder.acts = None
            words = "a local model reads the same file again and again, while the cloud serves"
            await seen.note("loop", words, gateway)

            cloud.exhaust(ME, seconds=3600)
            await client.say("hello")
            await client.say("hello")
            await seen.note("quota", "the second turn after the 5-hour limit was met", gateway)
            words = "the same turn: the model with the largest window only makes vectors"
            await seen.note("usable", words, gateway)
            await client.say("what is this?", images=[PICTURE])
            await seen.note("abilities", "a picture was pasted", gateway)
            await standby(gateway, "use", "cloud")
            refused = await client.say("hello")
            await seen.mode("cloud", gateway)
            seen.refused = refused.text
            await standby(gateway, "use", "seer-8b")
            await client.say("hello")
            await seen.mode("seer-8b", gateway)
            await seen.note("preferred", "`standby use seer-8b`", gateway)

        async with at_the_screen(folder / "screen", gateway) as screen:
            await at_its_start(seen, gateway, cloud)
            await standby(gateway, "use", "auto")
            await safety_check(seen, gateway, screen, coder)

        named_model = ("--model", "claude-local/beta/seer-8b")
        async with client_of(folder / "named", gateway, SUBSCRIPTION, *named_model) as client:
            await client.say("hello")
        words = "`claude --model claude-local/beta/seer-8b`"
        await seen.note("chosen_model", words, gateway)

        token = {"ANTHROPIC_AUTH_TOKEN": gateway.token}
        async with client_of(folder / "token", gateway, token, headers={}) as client:
            await client.say("hello")
        words = "the client has the gateway's token, and no login at the cloud"
        await seen.note("credential", words, gateway)

        async with client_of(secret, gateway, API_KEY) as client:
            await client.say("hello")
        words = "work in a folder that `[[policy.projects]]` calls `local-only`"
        await seen.note("privacy", words, gateway)


async def at_its_start(seen, gateway, cloud):
    """In a terminal the client begins with a look at its quota."""
    await cloud.until(lambda cloud: any(b'"quota"' in r.body for r in cloud.requests), 60)
    await cloud.until(lambda cloud: cloud.requests[-1].status, 60)
    row = await asked_for(gateway, "quota probe")
    words = "Claude Code looks at its quota when it starts, while `standby use seer-8b` counts"
    await seen.note("probe", words, gateway, row)


async def safety_check(seen, gateway, screen, server):
    """Auto mode: what a local model wants to run is not vouched for by anybody."""

    async def calls_once(asked):
        ran = asked["messages"][-1]["role"] == "tool"
        return None if ran else ("Bash", {"command": "python3 -c 1"})

    server.acts = calls_once
    await screen.type("please look")
    row = await asked_for(gateway, "safety classifier")
    server.acts = None
    words = "auto mode asks whether a command of the local model is safe, after the limit was met"
    await seen.note("classifier", words, gateway, row)


def at_the_screen(folder, gateway):
    """Claude Code in a terminal: there it begins with a look at the quota."""
    headers = {"ANTHROPIC_CUSTOM_HEADERS": f"x-standby-token: {gateway.token}"}
    work, environment = begun(folder, ANTHROPIC_BASE_URL=gateway.url, **headers, **NOBODY_ELSE)
    return Terminal((str(binary()), "--permission-mode", "auto", *FEW_TOOLS), environment, work)


async def sparing(seen, folder, cloud):
    """Somebody who wants the quota to last, and has used more of it than time has passed."""
    async with local_server("coder-7b", window=24_000) as coder:
        gateway = Gateway(folder / "gateway", cloud.url)
        settings_file(gateway, named(coder, "alpha"))
        async with gateway:
            # Sparing sends a turn only to a model of which it was seen how fast it reads.
            await standby(gateway, "use", "coder-7b")
            async with client_of(folder / "first", gateway) as client:
                await client.say(EDIT)
            await standby(gateway, "use", "spare")
            cloud.limit(ME, Limit(after=20))
            async with client_of(folder / "one", gateway) as client:
                await client.say(PLAN)
                await client.say(PLAN)
                await client.say(EDIT)
            await seen.mode("spare", gateway)
            await seen.note("sparing", "`standby use spare`; a small edit is asked for", gateway)
            async with client_of(folder / "two", gateway) as client:
                await client.say(f"{EDIT} In:\n" + "a = 1\n" * 16_000)
            await seen.note("window", "the same edit, in a long text that was pasted", gateway)
            coder.read_s = 600.0
            async with client_of(folder / "three", gateway) as client:
                await client.say(EDIT)
            async with client_of(folder / "four", gateway) as client:
                await client.say(EDIT)
            words = "a small edit; the local model took ten minutes to read that of another folder"
            await seen.note("resources", words, gateway)


@pytest.fixture(scope="module")
async def seen(tmp_path_factory):
    seen = Seen()
    folder = tmp_path_factory.mktemp("rules")
    async with FakeCloud() as cloud:
        await sparing(seen, folder / "spare", cloud)
        cloud.limit(ME, None)
        cloud.restore(ME)
        await on_one_side(seen, folder / "sides", cloud)
    return seen


@pytest.mark.parametrize("rule", [name for name in RULES if name not in OUT_OF_REACH])
async def test_a_rule_decides_a_request_of_the_real_client(seen, rule):
    assert rule in seen.decided.get(rule, []), seen.printed.get(rule, "nothing has happened")


async def test_no_rule_is_said_to_be_out_of_reach_that_is_not(seen):
    assert set(OUT_OF_REACH) <= set(RULES)
    for printed in seen.printed.values():
        rules = {line.partition(" ")[0] for line in printed.splitlines()}
        assert not rules & set(OUT_OF_REACH)


async def test_each_mode_that_a_person_chooses_counts_for_the_next_turn_of_the_real_client(seen):
    assert {
        "auto": "cloud",
        "spare": "local/coder-7b",
        "local": "local/coder-30b",
        "cloud": "nobody",
        "seer-8b": "local/seer-8b",
    } == seen.modes
    assert "limit" in seen.refused, "in the mode `cloud` it is the cloud's own words"


async def test_the_reference_shows_what_was_printed(seen):
    wanted = page(seen)
    if os.environ.get("WRITE_DOCS"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert wanted == PAGE.read_text(encoding="utf-8"), "WRITE_DOCS=1 writes it anew"


def page(seen):
    lines = [
        "# What `standby explain` says, rule by rule",
        "",
        "Written by `tests/e2e/test_each_rule.py`, out of requests of the real Claude Code"
        f" {VERSION}: each rule of [the policy](policy.md) in a situation in which it decides."
        " Numbers of tokens, which differ from run to run, are left out, and so is how sure the"
        " guess of the kind of work was.",
    ]
    for rule in sorted(seen.printed):
        shown = seen.printed[rule].rstrip().splitlines()[1:]  # less the id
        words = seen.words[rule]
        lines += ["", f"## `{rule}`", "", f"{words[0].upper()}{words[1:]}:", "", "```text"]
        lines += [plain(line) for line in shown if not line.startswith("because ")]
        lines += ["```"]
    for rule, why in OUT_OF_REACH.items():
        lines += ["", f"## `{rule}`", "", f"Not shown: {why}."]
    return "\n".join(lines) + "\n"


def plain(line):
    """A line without what is of this run alone, or of how the kind of work is guessed now.

    For its safety check the client takes now one model of the cloud's and now another.
    """
    line = re.sub(r"^(model +)claude-(?!local).*", r"\1one of the cloud's", line)
    line = re.sub(r"/\S*/secret/work", "~/secret", line)
    line = re.sub(r"((?:tokens, about +|small for |after about ))\d+", r"\1…", line)
    line = re.sub(r"\d+%(?= sure| probable)", "…%", line)
    return line.rstrip()
