"""The remotes of a folder come out of its own files."""

import pytest

from standby.adapters.host.git_remotes import git_remotes

CONFIG = """
[core]
\tbare = false
[remote "origin"]
\turl = git@github.com:acme/tool.git
\tfetch = +refs/heads/*:refs/remotes/origin/*
[remote "other"]
\turl = "https://example.org/x/tool"
\tpushurl = ssh://git@example.org/x/tool
"""
URLS = (
    "git@github.com:acme/tool.git",
    "https://example.org/x/tool",
    "ssh://git@example.org/x/tool",
)


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "tool" / ".git").mkdir(parents=True)
    (tmp_path / "tool" / ".git" / "config").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "tool" / "src").mkdir()
    return tmp_path / "tool"


def test_all_remotes_of_a_repository_are_found_from_any_folder_in_it(repository):
    assert URLS == git_remotes(str(repository))
    assert URLS == git_remotes(str(repository / "src" / "not there"))


def test_a_work_tree_has_those_of_its_repository(repository, tmp_path):
    beside = repository / ".git" / "worktrees" / "two"
    beside.mkdir(parents=True)
    (beside / "commondir").write_text("../..\n", encoding="utf-8")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / ".git").write_text(f"gitdir: {beside}\n", encoding="utf-8")

    assert URLS == git_remotes(str(tmp_path / "two"))


@pytest.mark.parametrize("project", ["", "relative/path", "/nowhere/at/all"])
def test_elsewhere_there_are_none(project):
    assert () == git_remotes(project)
