import base64

import pytest

from standby.app.local.describing import Describing
from standby.app.local.engines import Engines, Preference
from standby.core.wire.asked import read
from standby.core.wire.headers import Head
from standby.core.wire.json import dumps
from standby.ports import AnswererError
from tests.fakes.agents import called, gave, request, said
from tests.fakes.clock import SetClock
from tests.fakes.counters import CountingEngine, model

pytestmark = pytest.mark.anyio

BLIND = model(vision=False)
SEER = model("eyes", vision=True)


def image(name):
    data = base64.b64encode(name.encode()).decode()
    source = {"type": "base64", "media_type": "image/png", "data": data}
    return {"type": "image", "source": source, "cache_control": {"type": "ephemeral"}}


class Eyes:
    """A seeing model that says a sentence for each image, or fails."""

    def __init__(self, fails=False):
        self.asked = []
        self.fails = fails

    async def __call__(self, model, asked):
        self.asked.append((model.key, asked.value["messages"][0]["content"][0]))
        if self.fails:
            raise AnswererError("it looked away")
        yield Head(200, ())
        words = f"Sight number {len(self.asked)}."
        yield dumps({"type": "message", "content": [{"type": "text", "text": words}]})


async def describing(eyes, *models):
    engine = CountingEngine(models[0])
    engine.offers = models
    engines = Engines([engine], Preference(), SetClock())
    await engines.refresh()
    return Describing(engines, eyes)


def asked(*blocks):
    return read(dumps(request([{"role": "user", "content": list(blocks)}])))


def told(asked):
    return asked.value["messages"][0]["content"]


async def test_a_blind_model_gets_the_words_of_one_that_sees_once_for_each_image():
    eyes = Eyes()
    describes = await describing(eyes, BLIND, SEER)

    first = await describes.retold(asked(image("a"), image("b"), image("a")), BLIND)
    again = await describes.retold(asked(image("b")), BLIND)

    assert [SEER.key] * 2 == [key for key, _ in eyes.asked]
    a, b, a_again = (block["text"] for block in told(first))
    assert "[An image, described by eyes:\nSight number 1.]" == a == a_again
    assert b == told(again)[0]["text"]
    assert "cache_control" not in eyes.asked[0][1]


async def test_an_image_in_a_tool_result_is_described_too():
    describes = await describing(Eyes(), BLIND, SEER)
    body = request([said("look"), called(1), gave(1, [image("a")])])

    found = await describes.retold(read(dumps(body)), BLIND)

    [result] = found.value["messages"][2]["content"]
    assert "Sight number 1." in result["content"][0]["text"]
    assert body["messages"][:2] == found.value["messages"][:2]


@pytest.mark.parametrize("models", [(BLIND,), (BLIND, model("eyes", vision=True, loaded=False))])
async def test_without_anybody_who_sees_the_image_stays_for_the_placeholder(models):
    describes = await describing(Eyes(), *models)
    body = asked(image("a"))

    assert body is await describes.retold(body, BLIND)


async def test_a_model_that_sees_gets_the_image_itself():
    eyes = Eyes()
    body = asked(image("a"))

    assert body is await (await describing(eyes, SEER, BLIND)).retold(body, SEER)
    assert [] == eyes.asked


async def test_what_could_not_be_described_is_not_asked_for_again():
    eyes = Eyes(fails=True)
    describes = await describing(eyes, BLIND, SEER)

    for _ in range(3):
        found = await describes.retold(asked(image("a")), BLIND)
        assert [image("a")] == told(found)

    assert 1 == len(eyes.asked)


async def test_of_many_images_the_newest_are_described():
    eyes = Eyes()
    describes = await describing(eyes, BLIND, SEER)
    images = [image(str(number)) for number in range(9)]

    found = await describes.retold(asked(*images), BLIND)

    assert 4 == len(eyes.asked)
    assert images[:5] == told(found)[:5]
    assert all(block["type"] == "text" for block in told(found)[5:])
