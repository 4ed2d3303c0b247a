"""Who serves now, why and until when."""

from dataclasses import replace

import pytest

from standby.app.cloud.outlook import Outlook
from standby.app.local.admission import Admission
from standby.app.local.engines import Engines, Preference
from standby.app.local.fitting import Fitting
from standby.app.local.speeds import Speeds
from standby.app.policy import Said
from standby.app.showing.status import SHOWN, About, Status, entry_json
from standby.app.warming.warm import Warming
from standby.core.models.speed import Timings
from standby.core.policy.choices import Choice
from standby.core.policy.modes import Mode
from standby.core.quota.reply import UNIFIED, Reply
from standby.core.request import Account
from standby.core.turns import Queue
from standby.core.usage import Entry, Tokens
from standby.core.wire.json import dumps
from tests.app.warming.test_lives import request
from tests.fakes.line import DOWN, OPUS, Way
from tests.fakes.readers import Calm
from tests.fakes.replies import HOUR, NOW
from tests.fakes.talker import MODEL, Talker

pytestmark = pytest.mark.anyio

ME = Account("fingerprint-of-mine-" + "f" * 12)
SPENT = Reply(
    429,
    (
        (f"{UNIFIED}status", "rejected"),
        (f"{UNIFIED}representative-claim", "five_hour"),
        (f"{UNIFIED}reset", str(int(NOW + HOUR))),
        (f"{UNIFIED}5h-utilization", "1.0"),
        (f"{UNIFIED}5h-reset", str(int(NOW + HOUR))),
        (f"{UNIFIED}5h-status", "rejected"),
    ),
    model=OPUS,
)
FAILED = Reply(0, model=OPUS, broke="reset")
ENTRY = Entry(
    *("rq_1", NOW, "s", ME, OPUS, "local/coder", "local", "the limit", "ok", 200),
    Tokens(1, 2, 3, 4),
    0.5,
    1.5,
)


class Pages:
    degraded = "the disk is full"

    async def recent(self, limit):
        return (ENTRY,)[:limit]


async def status_of(way, engines=None, speeds=None):
    known = Engines([Talker()] if engines is None else engines, Preference(), way.clock)
    about = About("1.0", 7, "http://127.0.0.1:1", "https://cloud.example", NOW - 60, True)
    warming = Warming(
        *(known, Admission(way.clock), Fitting(known), Outlook(way.accounts, way.clock)),
        *(Calm(), way.clock),
    )
    return Status(
        *(about, way.accounts, known, Pages(), way.clock, lambda: "3 of 9 MB"),
        warming=warming,
        speeds=speeds,
    )


@pytest.mark.parametrize(("window", "tokens"), [(32_768, 14_000), (8_192, 8_192), (None, 14_000)])
async def test_how_long_a_first_prompt_takes_is_told_once_it_was_seen(window, tokens):
    model, speeds = replace(MODEL, context_tokens=window), Speeds()
    engines = [Talker(model=model)]
    before = await told(Way(DOWN), engines=engines, speeds=speeds)
    speeds.learn(model, Timings(0, 1_000, 10.0))
    after = await told(Way(DOWN), engines=engines, speeds=speeds)

    assert before["local"]["cold_prompt_s"] is None
    assert pytest.approx(tokens / 100) == after["local"]["cold_prompt_s"]


async def told(way, **more):
    return await (await status_of(way, **more)).status()


async def test_before_the_first_request_the_cloud_would_answer():
    said = await told(Way(DOWN))

    assert ("cloud", "no request has come yet", None) == (
        said["answering"],
        said["why"],
        said["until"],
    )
    assert ("1.0", 7, 60.0) == (said["version"], said["pid"], said["uptime_s"])
    assert "desk/coder" == said["local"]["would_take_over"]["key"]
    assert "3 of 9 MB" == said["local"]["fetching"]


async def test_while_a_limit_binds_the_local_model_answers():
    way = Way(DOWN)
    way.accounts.heard(ME, OPUS, SPENT)

    said = await told(way)

    assert ("local", "desk/coder", "the 5-hour limit is reached") == (
        said["answering"],
        said["model"],
        said["why"],
    )
    assert NOW + HOUR == said["until"]
    assert said["until_told"]
    [account] = said["cloud"]["accounts"]
    [quota] = account["quotas"]
    assert ("exhausted", "five_hour") == (quota["state"], quota["claim"])
    assert account["windows"]


async def test_without_a_local_model_nobody_answers():
    way = Way(DOWN)
    way.accounts.heard(ME, OPUS, SPENT)

    said = await told(way, engines=[])

    assert ("nobody", "") == (said["answering"], said["model"])
    assert said["local"]["problem"]
    assert said["local"]["would_take_over"] is None


async def test_a_short_rest_that_is_over_binds_nobody():
    way = Way(DOWN)
    way.accounts.heard(ME, OPUS, FAILED)
    assert "local" == (await told(way))["answering"]

    way.clock.passes(3)

    assert "cloud" == (await told(way))["answering"]


async def test_the_account_used_last_is_the_one_that_counts():
    way = Way(DOWN)
    way.accounts.heard(ME, OPUS, SPENT)
    way.accounts.admission(Account("another"), OPUS)

    said = await told(way)

    assert "cloud" == said["answering"]
    assert ["another", ME[:SHOWN]] == [a["account"] for a in said["cloud"]["accounts"]]


async def test_no_whole_fingerprint_is_shown():
    way = Way(DOWN)
    way.accounts.heard(ME, OPUS, SPENT)
    status = await status_of(way)

    assert ME.encode() not in dumps(await status.status()) + dumps(await status.recent(5))


async def test_the_newest_entry_and_a_ledger_that_cannot_write_are_told():
    said = await told(Way(DOWN))

    assert entry_json(ENTRY) == said["last"]
    assert {"enabled": True, "degraded": "the disk is full"} == said["ledger"]
    assert (1, 2, 3, 4) == tuple(
        said["last"][f"{name}_tokens"] for name in ("input", "output", "cache_read", "cache_write")
    )


async def test_it_tells_how_warm_each_conversation_is_by_the_beginning_of_its_name():
    status = await status_of(Way(DOWN))
    status._warming.noted(request("a-long-name-of-a-session", agent="a-long-name-of-an-agent"), ME)

    assert {
        "session": "a-long-n",
        "agent": "a-long-n",
        "state": "cold",
        "read_tokens": 0,
        "tokens": 0,
        "percent": 0,
    } == (await status.status())["local"]["warming"]["conversations"][0]
    assert ["cold"] == [each["state"] for each in status.warm()["conversations"]]


async def test_without_warming_it_says_nothing_of_it():
    bare = Status(*(None,) * 5)

    assert ({}, {}) == (bare.warm(), bare.warmth())


async def test_at_a_glance_it_is_the_same_and_nobody_is_asked():
    way = Way(DOWN)
    way.accounts.heard(ME, OPUS, SPENT)
    status = await status_of(way)
    blind = status.glance()
    said = await status.status()
    glance = status.glance()

    assert ("nobody", None) == (blind["answering"], blind["stand_in"])
    assert "desk/coder" == glance["stand_in"]["key"]
    for name in ("answering", "model", "why", "until"):
        assert said[name] == glance[name]
    assert [{"name": "5h", "used": 1.0, "resets_at": NOW + HOUR}] == glance["windows"]
    assert "auto" == glance["mode"]


class Chosen:
    """What a person has said of each folder, and of all."""

    def __init__(self, **said):
        self._said = said

    def said_of(self, _session="", project=""):
        return self._said.get(project, self._said.get("all", Said()))

    def told(self):
        return {}


async def test_at_a_glance_it_is_told_of_the_folder_that_one_works_in():
    status = await status_of(Way(DOWN))
    await status.status()
    kept = Said(no_cloud="/work is local-only")
    status._choosing = Chosen(mine=kept, both=replace(kept, no_local="/work is cloud-only"))

    mine, both, other = (status.glance("", name) for name in ("mine", "both", "other"))

    assert ("local", "desk/coder", "/work is local-only", None) == tuple(
        mine[name] for name in ("answering", "model", "why", "until")
    )
    assert ("nobody", "/work is local-only; /work is cloud-only") == (
        both["answering"],
        both["why"],
    )
    assert "cloud" == other["answering"]


async def test_nobody_answers_at_the_limit_where_no_local_model_may():
    way = Way(DOWN)
    status = await status_of(way)
    await status.status()
    status._choosing = Chosen(all=Said(Choice(Mode.CLOUD), no_local="local models are off"))
    before = status.glance()
    way.accounts.heard(ME, OPUS, SPENT)
    at_limit, said = status.glance(), await status.status()

    assert ("cloud", "cloud") == (before["answering"], before["mode"])
    assert ("nobody", "") == (at_limit["answering"], at_limit["model"])
    assert "the 5-hour limit is reached; local models are off" == at_limit["why"] == said["why"]
    assert NOW + HOUR <= at_limit["until"]


async def test_what_is_going_on_at_each_engine_is_told():
    status = await status_of(Way(DOWN))
    status._queues = lambda: (Queue("desk", 2, 1, 3),)

    said = await status.status()

    assert [{"engine": "desk", "slots": 2, "busy": 1, "waiting": 3}] == said["local"]["queues"]


async def test_at_a_glance_the_conversation_above_it_is_told_of_and_no_other():
    status = await status_of(Way(DOWN))
    status._warming.noted(request("mine"), ME)
    status._warming.noted(request("mine", agent="helper"), ME)

    assert [0.0, None, None] == [
        status.glance(session)["warm"] for session in ("mine", "another", "")
    ]
