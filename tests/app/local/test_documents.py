import base64

import pytest

from standby.app.local.documents import Reading
from standby.core.wire.asked import read
from standby.core.wire.json import dumps
from tests.fakes.agents import called, gave, request, said
from tests.fakes.counters import model

pytestmark = pytest.mark.anyio


def document(data, **fields):
    source = {
        "type": "base64",
        "media_type": "application/pdf",
        "data": base64.b64encode(data).decode(),
    }
    return {"type": "document", "source": source, **fields}


class Texts:
    """Reads what says that it can be read."""

    def __init__(self):
        self.asked = []

    async def text(self, data):
        self.asked.append(data)
        return f"the text of {data.decode()}" if data.startswith(b"good") else None


def asked(*blocks):
    return read(dumps(request([{"role": "user", "content": list(blocks)}])))


async def test_the_text_takes_the_documents_place_and_is_read_once():
    texts = Texts()
    reading = Reading(texts)
    body = asked(document(b"good 1", title="A guide"), document(b"bad"), document(b"good 1"))

    found = await reading.retold(body, model())
    again = await reading.retold(body, model())

    first, second, third = found.value["messages"][0]["content"]
    assert {"type": "text", "text": "[Document “A guide”]\nthe text of good 1"} == first
    assert document(b"bad") == second
    assert "[Document without a title]\nthe text of good 1" == third["text"]
    assert found == again
    assert [b"good 1", b"bad"] == texts.asked


async def test_a_document_in_a_tool_result_is_read_too():
    body = read(dumps(request([said("see"), called(1), gave(1, [document(b"good 2")])])))

    found = await Reading(Texts()).retold(body, model())

    assert "the text of good 2" in dumps(found.value["messages"][2]).decode()


async def test_a_request_without_one_stays_as_it_is():
    body = asked({"type": "text", "text": "hello"}, document(b"bad"))

    assert body is await Reading(Texts()).retold(body, model())


async def test_the_longest_document_is_cut_and_says_so():
    class Long:
        async def text(self, data):
            return "x" * 500_000

    found = await Reading(Long()).retold(asked(document(b"any")), model())

    text = found.value["messages"][0]["content"][0]["text"]
    assert 400_000 < len(text) < 401_000
    assert "100000 characters left out" in text
