from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from standby.core.handback import marks
from standby.core.handback.clean import clean
from standby.core.handback.notice import circles, notice, words
from standby.core.wire import messages
from standby.core.wire.assemble import assemble
from standby.core.wire.json import dumps, loads
from tests.fakes.answerers import begin, settled


def test_the_words_say_who_why_and_until_when():
    why = "the 5-hour limit is reached"

    assert words("coder on vllm", why, "after 21:23", rehearsal=False) == snapshot(
        "standby: coder on vllm answers here, because the 5-hour limit is reached."
        " Back to the cloud after 21:23."
    )


def test_a_rehearsal_model_is_called_so():
    assert words("tiny on embedded", "you chose it", "", rehearsal=True) == snapshot(
        "standby: tiny on embedded answers here, because you chose it. This is a rehearsal model:"
        " it shows that the switch works, and cannot code."
    )


def test_circles_are_told_with_why_the_cloud_cannot_take_over():
    what = "it made the same call of Read 3 times with the same result"

    assert circles(what, "the 5-hour limit is reached") == snapshot(
        "standby: the local model goes round in circles: it made the same call of Read 3 times with"
        " the same result. It was told so. The cloud cannot take over: the 5-hour limit is reached."
    )
    assert circles(what, "").endswith("It was told so.")
    assert circles(what, "the 5-hour limit is reached", "writer on rack") == snapshot(
        "standby: the local model went round in circles: it made the same call of Read 3 times with"
        " the same result. writer on rack goes on."
    )


@given(st.text(min_size=1))
def test_the_notice_is_one_whole_thinking_block_with_our_mark(said):
    message = loads(assemble([begin(), *notice(said), settled(), messages.message_stop()]))

    assert [{"type": "thinking", "thinking": said, "signature": marks.NOTICE}] == message["content"]


@given(st.text(min_size=1))
def test_the_notice_does_not_reach_the_cloud(said):
    message = loads(assemble([begin(), *notice(said), settled(), messages.message_stop()]))
    text = {"type": "text", "text": "Hello"}
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [*message["content"], text]},
    ]

    cleaned = loads(clean(dumps({"messages": turns})).body)

    assert [text] == cleaned["messages"][1]["content"]
