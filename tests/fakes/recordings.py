"""Real exchanges that lie beside the repository, if somebody put them there."""

import functools
import gzip
import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / ".." / "shared" / "recordings"


@functools.cache
def recorded(name):
    """The exchanges of one file; the test is skipped where there are none."""
    path = FOLDER / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"no recordings: {name}.jsonl.gz is not in ../shared/recordings")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
