from standby.adapters.host.project import project_of


def test_a_folder_in_a_repository_belongs_to_its_top(tmp_path):
    deep = tmp_path / "top" / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "top" / ".git").mkdir()

    assert str(tmp_path / "top") == project_of(deep) == project_of(tmp_path / "top")


def test_a_worktree_is_a_project_of_its_own(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / ".git").write_text("gitdir: elsewhere")

    assert str(tmp_path / "tree") == project_of(tmp_path / "tree")


def test_without_a_repository_it_is_the_folder(tmp_path):
    assert str(tmp_path) == project_of(tmp_path)
