"""Which borders a request lies behind."""

import pytest

from standby.core.policy.privacy import Border, Privacy, borders_of, normal_remote

SECRET = Border(Privacy.LOCAL_ONLY, path="/work/secret")
ACME = Border(Privacy.CLOUD_ONLY, remote="github.com/acme")


@pytest.mark.parametrize(
    ("project", "inside"),
    [
        ("/work/secret", True),
        ("/work/secret/", True),
        ("/work/secret/deep/er", True),
        ("/work/secrets", False),
        ("/work", False),
        ("", False),
    ],
)
def test_a_folder_holds_all_below_it(project, inside):
    assert inside == bool(borders_of([SECRET], project, (), b"{}"))


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("git@github.com:acme/tool.git", True),
        ("https://github.com/Acme/tool", True),
        ("ssh://git@github.com:22/acme/tool.git/", True),
        ("https://user:word@github.com/acme/tool", True),
        ("https://github.com/acmeish/tool", False),
        ("https://example.org/acme/tool", False),
    ],
)
def test_a_remote_holds_all_that_begins_like_it(url, inside):
    assert inside == bool(borders_of([ACME], "/anywhere", [url], b"{}"))


def test_a_body_that_names_the_folder_is_behind_its_border():
    assert (SECRET,) == borders_of([SECRET], "", (), b'{"x": "cd /work/secret/src"}')
    assert (SECRET,) == borders_of([SECRET], "/elsewhere", (), b'{"x": "/work/secret"}')
    assert () == borders_of([ACME], "", (), b"github.com/acme")


def test_a_folder_of_windows_is_known_as_json_writes_it():
    border = Border(Privacy.LOCAL_ONLY, path="C:\\work")

    assert border.mentioned(b'{"x": "C:\\\\work\\\\a.py"}')
    assert border.holds("C:\\work\\deep", ())


def test_all_borders_hold_at_once():
    both = borders_of([SECRET, ACME], "/work/secret", ["git@github.com:acme/x"], b"")

    assert (SECRET, ACME) == both
    assert "/work/secret is local-only" == SECRET.words
    assert "github.com/acme is cloud-only" == ACME.words


def test_a_remote_is_written_one_way():
    assert "github.com/acme" == normal_remote("https://github.com/acme/")
    assert "github.com/a/b" == normal_remote("github.com:a/b.git")
