"""Turns in which a local model calls tools, as a client sends them back."""

from itertools import count

from tests.fakes.turns_of_work import says

OURS, THEIRS = "toolu_sb", "toolu_01"
LONG = "a line of some file that says more than a few words do, and again\n" * 3


def made(name="Read", given=None, result="ok", *, failed=False, number=0, prefix=OURS):
    """Return a call and its result, as two messages."""
    call = f"{prefix}{number}"
    use = {"type": "tool_use", "id": call, "name": name, "input": given or {}}
    came = {"type": "tool_result", "tool_use_id": call, "content": result}
    came |= {"is_error": True} if failed else {}
    return [{"role": "assistant", "content": [use]}, {"role": "user", "content": [came]}]


def turn(*steps, words="Do it", prefix=OURS):
    """Return a turn: what a person says, and what came of it, a dict of ``made`` for each step."""
    numbers = count(1)
    told = [says(words)]
    for step in steps:
        told += made(**{"prefix": prefix, "number": next(numbers), **step})
    return told


def read(path="a.py", result=LONG, **more):
    return {"name": "Read", "given": {"file_path": path}, "result": result, **more}


def bash(command="make", result="done", **more):
    return {"name": "Bash", "given": {"command": command}, "result": result, **more}


STUCK = turn(read(), read(), read())
"""A turn in the middle of which the same file was read three times."""
