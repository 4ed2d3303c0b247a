"""The threat model names a test for each point, and the tests are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
POINTS = [*map(str, range(1, 41)), *(f"F{number}" for number in range(1, 18))]
ROW = re.compile(r"^\| (F?\d+) \| ([^|]+) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def named():
    text = (ROOT / "THREAT_MODEL.md").read_text(encoding="utf-8")
    return [(point, TEST.findall(tests)) for point, _, tests in ROW.findall(text)]


@cache
def found_in(path):
    """The tests of a file that are not skipped whatever happens."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = (
        one for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return {
        one.name: any(isinstance(node, ast.Assert | ast.With | ast.AsyncWith | ast.Match)
                      for node in ast.walk(one))
        for one in functions
        if not any("mark.skip(" in ast.unparse(mark) for mark in one.decorator_list)
    }  # fmt: skip


def test_every_point_is_there_once_and_in_order():
    assert POINTS == [point for point, _ in named()]


@pytest.mark.parametrize(("point", "tests"), named(), ids=POINTS)
def test_every_point_has_tests_that_exist_and_can_fail(point, tests):
    assert tests, f"point {point} has no test"
    for path, name in tests:
        assert (ROOT / path).is_file(), path
        assert name in found_in(path), f"{path} has no {name}"
        assert found_in(path)[name], f"{name} asserts nothing"
