"""A run as people and programs read it."""

import pytest

from standby.core.wire.json import dumps, loads
from standby.testing.judge import Finding, Saw
from standby.testing.kit import Result
from standby.testing.matrix import BEGIN, END, Matrix, UnmarkedError, placed
from standby.testing.modes import chosen

PLAIN, STREAM = chosen(["cloud/five_hour/*"])
ENGINE = chosen(["engine/crash_500/plain"])[0]
RIGHT = Result(PLAIN, Finding(Saw.STAND_IN), 0.02, (), asks=1, back_s=0.25, grew_mib=1.0)
WRONG = Result(STREAM, Finding(Saw.HUNG), 20.0, ("hangs", "a redirect was followed"))
THIRD = Result(ENGINE, Finding(Saw.VERBATIM, "429"), 0.1, ())
MATRIX = Matrix("standby 1", (RIGHT, WRONG, THIRD), 21.0, 1_795_000_000.0)


def test_a_fault_is_a_row_and_a_way_of_asking_is_a_column():
    page = MATRIX.as_markdown()

    assert "**2 of 3 right.**" in page
    assert (
        "| `five_hour` | answered whole by the stand-in, asked once, back after 0.2 s"
        " | **wrong**: hangs |" in page
    )
    assert "| `crash_500` | the cloud's own error, to the byte |  |" in page
    assert "* `cloud/five_hour/stream`: hangs; a redirect was followed" in page
    assert "The longest answer took 20.0 s" in page


def test_for_programs_it_is_one_value():
    value = loads(dumps(MATRIX.as_json()))

    assert (2, 3) == (value["right"], value["of"])
    assert [True, False, True] == [one["right"] for one in value["results"]]
    assert ["hangs", "a redirect was followed"] == value["results"][1]["wrongs"]


def test_it_goes_between_the_marks_of_a_page_again_and_again():
    page = f"# Before\n\n{BEGIN}\nold\n{END}\n\nAfter\n"
    once = placed(page, MATRIX)

    assert once == placed(once, MATRIX)
    assert once.startswith("# Before\n")
    assert once.endswith(f"\n{END}\n\nAfter\n")
    assert "old" not in once


@pytest.mark.parametrize("page", ["", BEGIN, END, "# No marks"])
def test_a_page_without_marks_is_left_alone(page):
    with pytest.raises(UnmarkedError, match="faults:begin"):
        placed(page, MATRIX)
