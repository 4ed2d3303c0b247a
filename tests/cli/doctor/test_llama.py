import pytest

from standby.cli.doctor.llama import program_on_path


@pytest.mark.parametrize(
    ("version", "grade"),
    [
        ("llama.cpp 4567 (a1b2c3d)", "warn"),
        ("llama.cpp 6749 (a1b2c3d)", "warn"),
        ("llama.cpp 6750 (a1b2c3d)", "ok"),
        ("llama.cpp 0.6.0 (build 11549, commit 7e4c0a9)", "ok"),
        ("llama.cpp 0.0.1 (build 5000, commit 7e4c0a9)", "warn"),
        ("llama.cpp 0.6.0-dev (build 0, commit unknown)", "ok"),  # it does not know
        ("llama.cpp of somebody", "ok"),
    ],
)
def test_a_program_from_before_prompts_were_kept_is_a_warning_with_the_build_that_is_wanted(
    version, grade
):
    (one,) = program_on_path(version)

    assert grade == one.grade
    assert version in one.words
    assert ("b6750" in one.words) == (grade == "warn")


def test_where_there_is_none_nothing_is_said():
    assert [] == list(program_on_path(""))
