"""What a call changes, as far as it says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.usage.deeds import Deed, deeds_of
from tests.fakes.json_text import VALUES


def changed(command):
    return [deed.path for deed in deeds_of("Bash", {"command": command})]


@pytest.mark.parametrize(
    ("tool", "given_", "path"),
    [
        ("Write", {"file_path": "/w/a.py", "content": "x"}, "/w/a.py"),
        ("Edit", {"file_path": "a.py", "old_string": "b", "new_string": "c"}, "a.py"),
        ("MultiEdit", {"file_path": "a.py", "edits": []}, "a.py"),
        ("NotebookEdit", {"notebook_path": "n.ipynb"}, "n.ipynb"),
        ("mcp__files__write_file", {"path": "a.txt"}, "a.txt"),
        ("str_replace_editor", {"path": "b.txt"}, "b.txt"),
        ("apply_patch", {"filename": "c.txt"}, "c.txt"),
    ],
)
def test_a_tool_that_writes_names_its_file(tool, given_, path):
    assert [Deed(tool, path)] == [*deeds_of(tool, given_)]


@pytest.mark.parametrize(
    ("tool", "given_"),
    [
        ("Read", {"file_path": "a.py"}),
        ("Grep", {"path": "src"}),
        ("Write", {"file_path": ""}),
        ("Write", {"file_path": 3}),
        ("Write", "a.py"),
        ("WebSearch", {"query": "x"}),
    ],
)
def test_what_only_looks_or_names_no_file_changes_none(tool, given_):
    assert [] == [*deeds_of(tool, given_)]


@pytest.mark.parametrize(
    ("command", "paths"),
    [
        ("echo x > a.txt", ["a.txt"]),
        ("echo x >> 'my notes.txt' 2>&1", ["my notes.txt"]),
        ("make 2>/dev/null", [""]),
        ("make 2> err.log && rm -rf build", ["err.log", "build"]),
        ("cat <<'EOF' > a.py\nrm nothing\nx > y\nEOF", ["a.py"]),
        ("cat > a.py <<EOF\nrm nothing\nEOF\ntouch b.py", ["a.py", "b.py"]),
        ("sed -i 's/a/b > c/' src/a.py", ["src/a.py"]),
        ("sed 's/a/b/' src/a.py", [""]),
        ("perl -i -pe 's/a/b/' a.pl", ["a.pl"]),
        ("ls | tee -a list.txt", ["list.txt"]),
        ("cp -r a b; mv c d", ["b", "c", "d"]),
        ("sudo FOO=1 /bin/rm 'a b'", ["a b"]),
        ("git mv old.py new.py; git rm gone.py", ["old.py", "new.py", "gone.py"]),
        ("git status", [""]),
        ("grep 'a > b' file && echo done", [""]),
        ("echo x > $OUT; echo y > `name`", [""]),
        ("pytest -q", [""]),
        ("", [""]),
        ("echo 'unclosed > a", ["a"]),
    ],
)
def test_a_command_says_what_it_changes_in_plain_cases(command, paths):
    assert paths == changed(command)


def test_a_file_counts_once_for_a_command_and_no_name_is_endless():
    assert ["a"] == changed("echo 1 > a; echo 2 > a")
    assert 1000 == len(changed("echo > " + "x" * 5000)[0])


@given(st.text(max_size=200))
def test_any_command_ends_and_says_something(command):
    deeds = [*deeds_of("Bash", {"command": command})]

    assert deeds
    assert all("Bash" == deed.tool for deed in deeds)


@given(st.sampled_from(["Write", "Bash", "Edit", "x"]), VALUES)
def test_nothing_that_a_model_writes_breaks_it(tool, value):
    for deed in deeds_of(tool, value):
        assert isinstance(deed.path, str)
