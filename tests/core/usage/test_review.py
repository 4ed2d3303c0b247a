"""What is to be reviewed, and how the cloud is asked."""

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from standby.core.usage.deeds import Deed
from standby.core.usage.review import Done, prompt, reviewed
from standby.core.wire.json import dumps, loads

DONE = (
    Done(10.0, "/w", "local/coder", Deed("Write", "/w/src/a.py")),
    Done(20.0, "/w", "local/coder", Deed("Bash")),
    Done(30.0, "/w", "local/other", Deed("Edit", "/w/src/a.py")),
    Done(40.0, "/w", "local/other", Deed("Edit", "/etc/hosts")),
    Done(50.0, "/w", "local/other", Deed("Edit", "/w/src/a.py")),
)
ANSWERS = {"local": 6, "both": 1, "cloud": 4}


def test_calls_are_gathered_by_file():
    review = reviewed("s-1", DONE, ANSWERS)

    assert ("s-1", "/w", 7) == (review.session, review.project, review.local_answers)
    assert ("local/coder", "local/other") == review.models
    assert (10.0, 50.0, 1) == (review.first_at, review.last_at, review.commands)
    files = [(review.near(one.path), one.words, one.last_at) for one in review.files]
    assert [("src/a.py", "Write 1, Edit 2", 50.0), ("/etc/hosts", "Edit 1", 40.0)] == files


def test_without_deeds_there_is_nothing_to_review():
    assert reviewed("s-1", (), ANSWERS) is None


def test_the_prompt_names_the_project_and_each_file():
    asked = prompt(reviewed("s-1", DONE, ANSWERS), "28 Nov 10:00", "28 Nov 10:40")

    assert asked == snapshot("""\
While the cloud's quota was spent, a local model stood in for you in this project (/w): it gave 7 answers between 28 Nov 10:00 and 28 Nov 10:40, and made calls that change files. Review its work as you would that of a new colleague, before anybody builds on it.

* src/a.py (Write 1, Edit 2)
* /etc/hosts (Edit 1)
* besides, 1 command that may have changed something, without saying what

Read each of them as it is now, and what `git status` and `git diff` say of it where it is under git. A call may have been refused or have failed, and others may have changed the file since. Then say, the worst first: what is wrong, what is missing, what was changed and should not have been. Run the tests that concern it if there are any. Change nothing yourself before I say so.
""")  # noqa: E501


deeds = st.builds(Deed, st.sampled_from(["Write", "Bash"]), st.sampled_from(["", "a", "b", "/w/c"]))
done = st.lists(
    st.builds(Done, st.floats(0, 9), st.sampled_from(["", "/w"]), st.just("local/x"), deeds),
    min_size=1,
)


@given(done)
def test_no_deed_is_lost(some):
    review = reviewed("s", some, {})

    counted = sum(sum(one.tools.values()) for one in review.files) + review.commands
    assert len(some) == counted
    assert review.as_json() == loads(dumps(review.as_json()))
    assert all(review.near(one.path) in prompt(review, "then", "now") for one in review.files)
