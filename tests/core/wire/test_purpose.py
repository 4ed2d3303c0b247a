import pytest
from hypothesis import given

from standby.core.wire.asked import read
from standby.core.wire.json import dumps
from standby.core.wire.purpose import Purpose, purpose_of
from tests.fakes.agents import TOOLS, request, said
from tests.fakes.conversations import odd_requests
from tests.fakes.sidecalls import CLASSIFIER, HI, MAIN, QUOTA, SEARCH, SUMMARY, TITLE

MAIN_CLASS = (("X-Claude-Code-Request-Class", "main"),)
AUXILIARY = (("x-claude-code-request-class", "auxiliary"),)
SIDE_REPLY = (("x-claude-code-request-class", "side_reply"),)
AGENT = (("x-claude-code-agent-id", "a1"),)


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        pytest.param(MAIN, (), Purpose.WORK, id="work"),
        pytest.param(MAIN, AGENT, Purpose.SUBAGENT, id="a subagent by its id"),
        pytest.param(
            MAIN,
            (("x-claude-code-request-class", "subagent"),),
            Purpose.SUBAGENT,
            id="a subagent by its class",
        ),
        pytest.param(TITLE, (), Purpose.TITLE, id="a title"),
        pytest.param(TITLE, MAIN_CLASS, Purpose.TITLE, id="a title beside the main turn"),
        pytest.param(CLASSIFIER, (), Purpose.CLASSIFIER, id="the classifier"),
        pytest.param(
            CLASSIFIER, MAIN_CLASS, Purpose.CLASSIFIER, id="the classifier, however named"
        ),
        pytest.param(SEARCH, (), Purpose.WEB_SEARCH, id="a search"),
        pytest.param(SUMMARY, (), Purpose.COMPACTION, id="a compaction by its words"),
        pytest.param(SUMMARY, AGENT, Purpose.COMPACTION, id="a subagent's compaction"),
        pytest.param(SUMMARY, MAIN_CLASS, Purpose.WORK, id="those words from a person"),
        pytest.param(
            MAIN, (("x-claude-code-compaction", "auto"),), Purpose.COMPACTION, id="by its header"
        ),
        pytest.param(
            MAIN,
            (("x-claude-code-request-class", "compaction"),),
            Purpose.COMPACTION,
            id="by its class",
        ),
        pytest.param(MAIN, AUXILIARY, Purpose.ASIDE, id="an aside by its class and its tools"),
        pytest.param(MAIN, SIDE_REPLY, Purpose.ASIDE, id="a side reply"),
        pytest.param(
            {**MAIN, "tools": []}, AUXILIARY, Purpose.SIDE_CALL, id="a call of the client's own"
        ),
        pytest.param(HI, AUXILIARY, Purpose.MODEL_PROBE, id="a model probe, named"),
        pytest.param(SEARCH, AUXILIARY, Purpose.WEB_SEARCH, id="a search, named"),
        pytest.param(QUOTA, (), Purpose.QUOTA_PROBE, id="a look at the quota"),
        pytest.param(QUOTA, MAIN_CLASS, Purpose.QUOTA_PROBE, id="a look at the quota, named"),
        pytest.param(HI, (), Purpose.MODEL_PROBE, id="a model probe"),
        pytest.param({**HI, "max_tokens": 2}, (), Purpose.WORK, id="a person who says Hi"),
        pytest.param({**HI, "tools": TOOLS}, (), Purpose.WORK, id="an agent that is told Hi"),
        pytest.param({**QUOTA, "system": "s"}, (), Purpose.WORK, id="quota, with a system prompt"),
        pytest.param({**TITLE, "tools": TOOLS}, (), Purpose.WORK, id="a title with tools"),
        pytest.param(
            {**TITLE, "output_config": {}}, (), Purpose.WORK, id="a title in no form at all"
        ),
        pytest.param(
            {**SEARCH, "tools": [*SEARCH["tools"], *TOOLS]},
            (),
            Purpose.WORK,
            id="an agent's search",
        ),
    ],
)
def test_what_a_request_is_for(body, headers, expected):
    assert expected is purpose_of(body, headers)
    assert expected is read(dumps(body), headers).purpose


def test_only_the_last_words_of_the_user_make_a_compaction():
    earlier = request([SUMMARY["messages"][-1], said("and now?")])

    assert Purpose.WORK is purpose_of(earlier)


@given(odd_requests)
def test_any_request_is_for_something(body):
    assert purpose_of(body) in Purpose
