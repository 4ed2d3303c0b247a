"""What Claude Code asks beside the conversation, while the cloud is not asked and while it is."""

import pytest

from standby.core.wire.json import loads
from standby.testing.accounts import SUBSCRIPTION
from tests.e2e.asking import CLOUD_MODEL, HELLO, Client
from tests.e2e.gateway import Gateway, model
from tests.fakes.sidecalls import CLASSIFIER, SEARCH, TITLE

pytestmark = pytest.mark.anyio

SIDE_CALLS = {"title": TITLE, "search": SEARCH}


async def limited(gateway, cloud):
    """Somebody whose limit has just been met by an earlier request."""
    client = Client(gateway, SUBSCRIPTION)
    cloud.exhaust(SUBSCRIPTION, "five_hour", seconds=3_600)
    await client("POST", "/v1/messages", HELLO)
    return client


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("there", [True, False], ids=["with a model", "with none"])
async def test_a_title_and_a_search_are_answered_here_with_or_without_a_model(
    tmp_path, cloud, there, stream
):
    async with Gateway(tmp_path, cloud.url, await model() if there else None) as gateway:
        client = await limited(gateway, cloud)
        asked = cloud.count()
        answers = {
            name: await client("POST", "/v1/messages", {**body, "stream": stream})
            for name, body in SIDE_CALLS.items()
        }
        rows = await gateway.recent()

    assert {200} == {answer.status for answer in answers.values()}
    assert {"title": "Please fix the parser"} == loads(answers["title"].text)
    assert "Nothing was searched" in answers["search"].text
    assert asked == cloud.count()
    assert ["gateway", "gateway"] == [row["by"] for row in rows[:2]]


async def test_a_title_is_the_clouds_to_give_while_it_serves_and_ours_when_it_refuses(
    tmp_path, cloud
):
    async with Gateway(tmp_path, cloud.url, await model()) as gateway:
        client = Client(gateway, SUBSCRIPTION)
        served = await client("POST", "/v1/messages", {**TITLE, "stream": True})
        cloud.exhaust(SUBSCRIPTION, "five_hour", seconds=3_600)
        met = await client("POST", "/v1/messages", {**TITLE, "stream": True})

    assert "cloud" == served.by
    assert {"title": "Please fix the parser"} == loads(met.text)
    assert 1 == cloud.count(refused=True)


async def test_a_safety_check_is_answered_by_the_cloud_or_not_at_all(tmp_path, cloud):
    async with Gateway(tmp_path, cloud.url, await model()) as gateway:
        client = Client(gateway, SUBSCRIPTION)
        served = await client("POST", "/v1/messages", CLASSIFIER)
        await limited(gateway, cloud)
        asked = cloud.count()
        blocked = await client("POST", "/v1/messages", CLASSIFIER)
        work = await client("POST", "/v1/messages", {**HELLO, "model": CLOUD_MODEL})

    assert (200, "cloud") == (served.status, served.by)
    assert work.by.startswith("local; ")
    assert asked == cloud.count()
    assert 529 == blocked.status
    assert "a safety check is not answered by a local model" in blocked.message
    assert "false" == blocked.headers["x-should-retry"]


async def test_a_safety_check_that_meets_the_limit_gets_the_clouds_own_words(tmp_path, cloud):
    async with Gateway(tmp_path, cloud.url, await model()) as gateway:
        client = Client(gateway, SUBSCRIPTION)
        cloud.exhaust(SUBSCRIPTION, "five_hour", seconds=3_600)
        answers = [await client("POST", "/v1/messages", CLASSIFIER) for _ in range(2)]

    assert [429, 429] == [answer.status for answer in answers]
    assert 1 == cloud.count()
    assert answers[0].message == answers[1].message
