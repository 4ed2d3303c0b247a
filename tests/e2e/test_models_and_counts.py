"""What a client asks beside the conversation, in each phase: probes, models, token counts."""

from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from standby.testing.accounts import API_KEY, SUBSCRIPTION
from tests.e2e.asking import CLOUD_MODEL, HELLO, Client
from tests.e2e.gateway import Gateway, model

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[API_KEY, SUBSCRIPTION], ids=lambda account: account.name)
def account(request):
    return request.param


@asynccontextmanager
async def client_in(phase, folder, cloud, account):
    """Somebody in front of a fresh gateway, in a phase that cloud and gateway know of."""
    async with Gateway(folder, cloud.url, await model()) as gateway, AsyncExitStack() as stack:
        client = Client(gateway, account)
        if phase == "unreachable":
            await stack.enter_async_context(cloud.unreachable())
        if phase == "limited":
            cloud.exhaust(account, "five_hour")
            met = await client("POST", "/v1/messages", HELLO)
            assert met.by.startswith("local; ")
        yield client


@pytest.fixture(params=["cloud", "limited", "unreachable"])
def phase(request):
    return request.param


@pytest.fixture
async def client(tmp_path, cloud, phase, account):
    async with client_in(phase, tmp_path, cloud, account) as client:
        yield client


async def test_a_typed_model_is_accepted_in_every_phase(client, phase):
    probe = {
        "max_tokens": 1,
        "messages": [{"role": "user", "content": "Hi"}],
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330.440;"},
            {"type": "text", "text": "You are a Claude agent"},
        ],
    }

    answers = [
        await client("POST", "/v1/messages?beta=true", {"model": wanted, **probe})
        for wanted in (CLOUD_MODEL, "local", "claude-local")
    ]

    by = {"cloud": "cloud", "limited": "gateway", "unreachable": "local"}[phase]
    assert {(200, "message")} == {(answer.status, answer.value["type"]) for answer in answers}
    assert [by, "gateway", "gateway"] == [answer.by.partition(";")[0] for answer in answers]


async def test_the_models_of_both_sides_are_listed_in_every_phase(client, phase):
    answer = await client("GET", "/v1/models?limit=1000")

    ids = [entry["id"] for entry in answer.value["data"]]
    assert 200 == answer.status
    assert ids[0].startswith("claude-local/embedded/tiny-")
    assert (phase != "unreachable") == (CLOUD_MODEL in ids), "a list costs no quota"
    assert (phase == "unreachable") == (len(ids) == 1)


async def test_tokens_are_counted_in_every_phase(client, phase, cloud):
    asked = {"model": CLOUD_MODEL, "messages": [{"role": "user", "content": "foo"}]}

    answer = await client("POST", "/v1/messages/count_tokens?beta=true", asked)

    assert 200 == answer.status
    assert answer.value["input_tokens"] > 0
    assert ("cloud" if phase == "cloud" else "local") == answer.by
    assert (phase == "cloud") == cloud.count("/v1/messages/count_tokens")


async def test_the_quota_probe_is_the_clouds_to_answer_in_every_phase(client, phase):
    words = [{"role": "user", "content": "quota"}]

    answer = await client(
        "POST", "/v1/messages?beta=true", {**HELLO, "max_tokens": 1, "messages": words}
    )

    assert {"cloud": 200, "limited": 429, "unreachable": 529}[phase] == answer.status
    assert "local" not in answer.by


async def test_a_local_model_by_name_answers_in_every_phase(client, cloud):
    model_id = (await model()).stem
    before = cloud.count()

    answers = [
        await client("POST", "/v1/messages", {**HELLO, "model": name})
        for name in (
            *("local", "claude-local", f"local/{model_id}", f"claude-local/{model_id}"),
            f"claude-local/embedded/{model_id}",
        )
    ]

    assert {200} == {answer.status for answer in answers}
    assert {f"local/{model_id}"} == {answer.value["model"] for answer in answers}
    assert {f"local; model=embedded/{model_id}"} == {answer.by for answer in answers}
    assert before == cloud.count()


async def test_an_unknown_local_name_is_a_404_that_lists_what_there_is(tmp_path, cloud):
    path = await model()
    async with Gateway(tmp_path, cloud.url, path) as gateway:
        client = Client(gateway, API_KEY)
        asked = {**HELLO, "model": "local/nobody", "max_tokens": 9}
        answer = await client("POST", "/v1/messages", asked)

    assert 404 == answer.status
    assert "not_found_error" == answer.value["error"]["type"]
    assert f"claude-local/embedded/{path.stem}" in answer.value["error"]["message"]
    assert 0 == cloud.count()
