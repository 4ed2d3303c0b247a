"""A decision as it is kept: facts, votes and order, and no word of a prompt."""

import os
from pathlib import Path

import pytest
from hypothesis import given

from standby.core.policy.decide import decide
from standby.core.policy.explained import explained, lines
from standby.core.policy.features import Features
from standby.core.policy.modes import Mode, SecondOpinion
from standby.core.policy.pace import Pace
from standby.core.policy.thread import Thread
from standby.core.wire.json import dumps, loads
from tests.core.policy.test_decide import CLOUD, LOCAL, asked, candidates, facts
from tests.fakes.circles import STUCK
from tests.fakes.rooms import RULES
from tests.fakes.turns_of_work import says

BEGIN = "<!-- what `standby explain` prints, written by its test -->"
END = "<!-- end of what it prints -->"
BEGIN_CIRCLES = "<!-- what `standby explain` prints of circles, written by its test -->"
END_CIRCLES = "<!-- end of what it prints of circles -->"
CANARY = "Rename `canary` to `b`."


def told(**changes):
    known = asked(**changes)
    decision = decide(known, [CLOUD, LOCAL], RULES.values())
    return explained(known, decision, read=True)


@given(facts, candidates)
def test_what_is_kept_can_be_written_down_and_read_again(known, who):
    said = explained(known, decide(known, who, RULES.values()), read=True)

    assert said == loads(dumps(said))
    assert [*lines(said)]


def test_facts_votes_and_order_are_told_and_no_word_of_the_prompt():
    said = told(
        mode=Mode.SPARE,
        pace=Pace(4, "90% of 5h is used with 50% of it passed"),
        features=Features({"messages": [says(CANARY)]}, 400),
    )
    words = [" ".join(line) for line in lines(said)]

    assert ["ollama", "cloud"] == said["order"]
    assert any(line.startswith("kind of work mechanical edit (") for line in words)
    assert any(line.startswith("sparing +250 ollama: to spare the quota") for line in words)
    assert "order ollama, then cloud" in words
    assert "canary" not in str(said)


def test_circles_are_told():
    said = in_circles()
    words = [" ".join(line) for line in lines(said)]

    assert "round in circles it made the same call of Read 3 times with the same result" in words
    assert any(line.startswith("loop +20000 cloud: the local model goes round") for line in words)
    assert "order cloud, then ollama" in words
    assert "a.py" not in str(said)


def in_circles():
    return told(
        features=Features({"messages": STUCK}, 40_000),
        thread=Thread("ollama"),
        second_opinion=SecondOpinion.CLOUD,
    )


def spared():
    return told(
        mode=Mode.SPARE,
        pace=Pace(4, "90% of 5h is used with 50% of it passed"),
        features=Features({"messages": [says(CANARY)]}, 40_000),
    )


@pytest.mark.parametrize(
    ("said", "begin", "end"),
    [(spared(), BEGIN, END), (in_circles(), BEGIN_CIRCLES, END_CIRCLES)],
    ids=["spared", "circles"],
)
def test_the_guide_shows_what_is_printed(said, begin, end):
    rows = [*lines(said)]
    width = max(len(name) for name, _ in rows)
    shown = "\n".join(f"    {name:<{width}}  {words}".rstrip() for name, words in rows)

    page = Path(__file__).parents[3] / "docs" / "policy.md"
    text = page.read_text(encoding="utf-8")
    before, mark, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    wanted = f"{before}{mark}\n\n{shown}\n\n{closed}{after}"
    if os.environ.get("STANDBY_WRITE_DOCS"):
        page.write_text(wanted, encoding="utf-8")
    assert wanted == page.read_text(encoding="utf-8"), "STANDBY_WRITE_DOCS=1 writes it anew"


def test_a_veto_is_told_as_one():
    words = [" ".join(line) for line in lines(told(mode=Mode.LOCAL))]

    assert "mode not cloud: the user has switched the cloud off" in words


def test_of_a_body_that_was_not_read_nothing_is_told():
    known = asked()
    said = explained(known, decide(known, [CLOUD], RULES.values()), read=False)

    assert "not read: nothing but the quota decides" == said["facts"]["body"]
    assert "purpose" not in said["facts"]


def test_what_is_no_explanation_has_no_lines():
    assert [] == [*lines({"facts": 3})]
