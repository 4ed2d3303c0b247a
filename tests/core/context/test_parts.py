import base64

from hypothesis import given

from standby.core.context.parts import attached, data_of, retold
from tests.fakes.agents import called, gave, request, said
from tests.fakes.conversations import odd_requests


def attachment(kind, data):
    source = {"type": "base64", "data": base64.b64encode(data).decode()}
    return {"type": kind, "source": source}


IMAGE, PDF = attachment("image", b"png"), attachment("document", b"%PDF-")
BODY = request(
    [{"role": "user", "content": [IMAGE, PDF]}, called(1), gave(1, [IMAGE]), said("well?")]
)


def test_images_and_documents_are_found_wherever_they_stand():
    assert [IMAGE, IMAGE] == [*attached(BODY, "image")]
    assert [PDF] == [*attached(BODY, "document")]
    assert b"%PDF-" == data_of(PDF)


def test_what_is_elsewhere_or_no_base64_has_no_data():
    assert (
        data_of({"type": "image", "source": {"type": "url", "url": "https://example.com"}}) is None
    )
    assert data_of({"type": "image", "source": {"type": "base64", "data": "no!"}}) is None


def test_words_take_their_place_and_the_rest_stays_the_same_object():
    found = retold(BODY, lambda block: "words" if block["type"] == "image" else None)

    words = {"type": "text", "text": "words"}
    assert [words, PDF] == found["messages"][0]["content"]
    assert [words] == found["messages"][2]["content"][0]["content"]
    assert found["messages"][1] is BODY["messages"][1]
    assert found["messages"][3] is BODY["messages"][3]


@given(odd_requests)
def test_where_nothing_is_retold_the_request_stays_as_it_is(body):
    assert body is retold(body, lambda _: None)
    assert all(data_of(block) is not None for block in attached(body, "image"))
