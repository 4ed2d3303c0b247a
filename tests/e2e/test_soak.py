"""The soak of `make soak`, for a few seconds: nothing is lost while everything fails at random."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_answer_is_lost_while_everything_fails_at_random(tmp_path):
    figures = tmp_path / "figures.json"
    program = [sys.executable, "bench/soak.py", "--seconds", "8", "--clients", "25"]
    done = subprocess.run(
        [*program, "--json", str(figures)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    found = json.loads(figures.read_text(encoding="utf-8"))

    assert (0, []) == (done.returncode, found["wrongs"]), done.stderr[-2000:]
    assert found["asked"] == found["booked"] > 50
    assert len(found["failed"]) >= 3
