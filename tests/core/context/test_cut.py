import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.context.cut import MARKER_BYTES, Depth, ends, shorter, within
from standby.core.context.measure import weigh_block

contents = st.text(max_size=6_000) | st.lists(
    st.builds(lambda text: {"type": "text", "text": text}, st.text(max_size=3_000))
    | st.just({"type": "image", "source": {"type": "base64", "data": "x" * 5_000}})
    | st.just({"type": "tool_reference", "tool_name": "Read"}),
    max_size=4,
)


def result(content, **fields):
    return {"type": "tool_result", "tool_use_id": "toolu_1", "content": content, **fields}


def test_the_beginning_and_the_end_stay_with_the_number_of_characters_between():
    assert (
        "ab\n[… 5 characters left out here, to fit this model's window."
        == (ends("ab12345yz", 2, 2).partition(" Call")[0])
    )
    assert ends("ab12345yz", 2, 2).endswith("\nyz")
    assert "abc" == ends("abc", 2, 2)


@given(contents, st.sampled_from(Depth), st.booleans())
def test_what_is_short_is_lighter_and_keeps_its_id_and_its_error_flag(content, depth, sees):
    block = result(content, is_error=True)

    found = shorter(block, depth, sees=sees)

    if found is not None:
        short, weight = found
        assert ("toolu_1", True) == (short["tool_use_id"], short["is_error"])
        assert weight == weigh_block(short, sees=sees)
        assert weight < weigh_block(block, sees=sees)


@given(contents, st.booleans())
def test_a_line_is_never_longer_than_the_short_form(content, sees):
    def weight(depth):
        found = shorter(result(content), depth, sees=sees)
        return weigh_block(result(content), sees=sees) if found is None else found[1]

    assert weight(Depth.LINE) <= weight(Depth.SHORT)


@given(st.text(max_size=6_000), st.integers(1_000, 4_000))
def test_a_result_is_cut_to_the_bytes_there_are(text, most):
    found = within(result(text), most, sees=False)

    if found is not None:
        assert found[1] <= most + MARKER_BYTES


@pytest.mark.parametrize("content", ["short", [], None, [{"type": "tool_reference"}]])
def test_what_is_short_already_is_left_alone(content):
    assert shorter(result(content), Depth.LINE, sees=True) is None
    assert within(result(content), 1_000, sees=True) is None


def test_an_image_that_the_model_would_see_becomes_a_sentence():
    image = {"type": "image", "source": {"type": "base64", "data": "x" * 9_000}}

    short, _ = shorter(result([image]), Depth.SHORT, sees=True)

    assert [
        {
            "type": "text",
            "text": "[An image was left out here, to fit this model's window. "
            "Call the tool again to see it.]",
        }
    ] == short["content"]
    assert shorter(result([image]), Depth.SHORT, sees=False) is None
