"""The corpus: what models write is called as it was meant, and what only shows a call is not."""

import json
import random

import pytest

from standby.core.dialects.written.choose import FORMATS
from tests.fakes.toolcalls import FOLDER, cases, figures, is_right, outcome, pieces_of

CASES = cases()
DECOYS = [case for case in CASES if case["kind"] == "decoy"]
TEXTS = [case for case in CASES if case["answer"] is not None]


def ids(chosen):
    return {"argvalues": chosen, "ids": [case["id"] for case in chosen]}


def test_the_corpus_is_large_and_each_case_is_one_of_its_own():
    assert len(CASES) >= 300
    assert len(CASES) == len({case["id"] for case in CASES})
    assert len(CASES) == len(
        {json.dumps([case["answer"], case.get("name"), case.get("arguments")]) for case in CASES}
    )


def test_every_format_has_cases():
    files = {path.stem for path in FOLDER.glob("*.json")}

    assert {one.name for one in FORMATS} <= files


def test_nineteen_in_twenty_come_out_as_they_were_meant_and_no_decoy_is_called():
    found = figures()
    for kind, (right, whole) in found.items():
        print(f"{kind}: {right} of {whole}, {right / whole:.1%}")  # noqa: T201 - shown by -rP
    good, broken, decoys = (found[kind] for kind in ("good", "broken", "decoy"))

    assert good[0] == good[1], "what is written properly is always understood"
    assert (good[0] + broken[0]) / (good[1] + broken[1]) >= 0.95
    assert decoys[0] == decoys[1]


@pytest.mark.parametrize("case", **ids(DECOYS))
def test_what_only_shows_a_call_stays_text(case):
    assert is_right(case, outcome(pieces_of(case)))


@pytest.mark.parametrize("case", **ids([case for case in CASES if "said" in case]))
def test_the_words_beside_a_call_stay_and_the_thinking_is_thinking(case):
    found = outcome(pieces_of(case))

    if case["kind"] == "good" and case["said"]:
        assert case["said"].strip() == found.said.strip()
    if found.calls:
        assert "<tool_call" not in found.said
        assert "tool_use" == found.reason
    assert case.get("thought", found.thought).strip() == found.thought.strip()


@pytest.mark.parametrize("case", **ids(TEXTS))
def test_how_an_answer_is_cut_does_not_matter(case):
    text = case["answer"]
    whole = outcome(pieces_of(case))
    dice = random.Random(case["id"])  # noqa: S311 - the same cuts in every run
    some = sorted(dice.sample(range(1, len(text)), min(6, len(text) - 1)))

    assert whole == outcome(pieces_of(case, range(1, len(text))))
    assert whole == outcome(pieces_of(case, some))


@pytest.mark.parametrize("case", **ids([c for c in TEXTS if c["kind"] == "good"]))
def test_an_answer_that_ran_out_of_room_never_calls_more_than_was_written(case):
    text = case["answer"]
    wanted = [(call["name"], call["input"]) for call in case["calls"]]
    for end in range(1, len(text), max(1, len(text) // 12)):
        found = outcome([{"content": text[:end]}], finish="length")

        assert list(found.calls) == wanted[: len(found.calls)]
