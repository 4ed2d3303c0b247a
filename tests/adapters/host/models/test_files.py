"""The models on disk: whole or not there, and one file that says which is current."""

import os
import stat
import sys

import pytest

from standby.adapters.host.models.files import ModelFiles, ModelFilesError, digest_of
from standby.adapters.host.private import UnsafeFileError
from standby.core.models.revisions import Revision

DATA = b"GGUF weights"


@pytest.fixture
def files(tmp_path):
    return ModelFiles(tmp_path / "models")


def revision(digit, added_at=1.0):
    return Revision(digit * 64, 10, "maker/repo/x.gguf@main", "mit", "Q4_K_M", 8192, "", added_at)


def kept(files, name, digit, data=DATA, added_at=1.0):
    part = files.part(digit * 64)
    part.write_bytes(data)
    return files.keep(name, part, revision(digit, added_at))


def everything(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_is_kept_is_listed_and_lies_under_its_own_name(files):
    installed = kept(files, "coder", "a")

    assert (installed,) == files.installed()
    assert installed == files.named("coder")
    assert files.folder / "coder" / ("a" * 12) / "coder.gguf" == files.served()
    assert DATA == files.served().read_bytes()
    assert files.named("other") is None


@pytest.mark.skipif(sys.platform == "win32", reason="there are no modes there")
def test_nobody_else_may_enter(files):
    kept(files, "coder", "a")

    assert 0o700 == stat.S_IMODE(files.folder.stat().st_mode)
    assert 0o600 == stat.S_IMODE((files.folder / "models.json").stat().st_mode)
    assert 0o700 == stat.S_IMODE((files.folder / "coder").stat().st_mode)


def test_a_new_revision_stands_beside_the_old_one_and_the_switch_can_be_undone(files):
    kept(files, "coder", "a", b"old")
    kept(files, "coder", "b", b"new")
    assert b"new" == files.served().read_bytes()

    back = files.rollback("coder")

    assert ("a" * 64, "b" * 64) == (back.current.sha256, back.previous.sha256)
    assert b"old" == files.served().read_bytes()
    files.rollback("coder")
    assert b"new" == files.served().read_bytes()


def test_only_one_revision_before_is_kept(files):
    for digit in "abc":
        kept(files, "coder", digit)

    assert 2 == len(list((files.folder / "coder").iterdir()))
    assert ("c" * 64, "b" * 64) == (
        files.named("coder").current.sha256,
        files.named("coder").previous.sha256,
    )


def test_the_same_file_again_keeps_the_revision_before(files):
    kept(files, "coder", "a")
    kept(files, "coder", "b")
    kept(files, "coder", "b")

    assert "a" * 64 == files.named("coder").previous.sha256


def test_there_is_nothing_to_go_back_to_at_first(files):
    kept(files, "coder", "a")
    with pytest.raises(ModelFilesError, match="no revision to go back to"):
        files.rollback("coder")
    with pytest.raises(ModelFilesError, match=r"no model 'gone'.*coder"):
        files.rollback("gone")


def test_the_newest_is_served_unless_another_was_chosen(files):
    kept(files, "old", "a", added_at=1.0)
    kept(files, "new", "b", added_at=2.0)
    assert "new.gguf" == files.served().name

    files.choose("old")
    assert "old.gguf" == files.served().name
    assert "old" == files.chosen()

    files.choose("ollama/other")
    assert files.served() is None
    files.choose("")
    assert "new.gguf" == files.served().name


def test_what_is_removed_is_gone_with_all_of_it(files):
    kept(files, "coder", "a")
    kept(files, "coder", "b")
    files.choose("coder")
    files.remove("coder")

    assert ((), "", None) == (files.installed(), files.chosen(), files.served())
    assert [".lock", "models.json"] == everything(files.folder)


def test_a_file_that_vanished_is_not_served(files):
    kept(files, "coder", "a")
    files.served().unlink()

    assert files.served() is None


def test_a_persons_file_is_linked_and_theirs_stays(files, tmp_path):
    own = tmp_path / "Own Model.gguf"
    own.write_bytes(DATA)
    part = files.bring(own)

    assert DATA == part.read_bytes()
    assert os.path.samefile(part, own)
    files.keep("own", part, revision("a"))
    assert own.exists()


def test_a_file_on_another_disk_is_copied(files, tmp_path, monkeypatch):
    def no_links(*_arguments, **_named):
        raise OSError(18, "Invalid cross-device link")

    own = tmp_path / "own.gguf"
    own.write_bytes(DATA)
    monkeypatch.setattr(os, "link", no_links)

    assert DATA == files.bring(own).read_bytes()


def test_a_persons_file_may_be_a_symlink_into_a_cache(files, tmp_path):
    blob, link = tmp_path / "blob", tmp_path / "model.gguf"
    blob.write_bytes(DATA)
    link.symlink_to(blob)
    part = files.bring(link)

    assert not part.is_symlink()
    assert DATA == part.read_bytes()


def test_a_file_that_is_not_there_leaves_nothing(files, tmp_path):
    with pytest.raises(ModelFilesError, match="cannot be added: No such file"):
        files.bring(tmp_path / "gone.gguf")

    assert [] == everything(files.folder)


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".hidden", "x..y", "a\0b", "x" * 200])
def test_a_name_that_leads_elsewhere_is_refused(files, name):
    part = files.part("a" * 64)
    part.write_bytes(DATA)
    with pytest.raises(ModelFilesError, match="is not a name for a model"):
        files.keep(name, part, revision("a"))

    assert [f".{'a' * 64}.part"] == everything(files.folder)


@pytest.mark.skipif(sys.platform == "win32", reason="symlinks need a right there")
def test_no_symlink_is_followed(files, tmp_path):
    kept(files, "coder", "a")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (files.folder / "linked").symlink_to(elsewhere)
    (files.folder / f".{'b' * 64}.part").symlink_to(elsewhere / "x")

    with pytest.raises(UnsafeFileError, match="no symlink"):
        kept(files, "linked", "c")
    with pytest.raises(ModelFilesError, match="is not a file of ours"):
        files.part("b" * 64)
    assert [] == list(elsewhere.iterdir())


def test_one_process_changes_the_record_at_a_time(files):
    with files._changing(), pytest.raises(ModelFilesError, match="another command"):
        ModelFiles(files.folder).choose("coder")
    files.choose("coder")


def test_what_was_begun_long_ago_is_taken_away(files):
    old, new = files.part("a" * 64), files.part("b" * 64)
    for part in (old, new):
        part.write_bytes(DATA)
    os.utime(old, (1, 1))
    files.part("c" * 64)

    assert (False, True) == (old.exists(), new.exists())


def test_a_damaged_record_is_told_and_not_overwritten(files):
    kept(files, "coder", "a")
    record = files.folder / "models.json"
    record.write_bytes(b"{broken")
    with pytest.raises(ModelFilesError, match="is damaged"):
        files.choose("coder")

    assert b"{broken" == record.read_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b'{"models": {"../evil": {"current": {}, "previous": null}}}',
        b'{"models": {"x": {"current": {"sha256": "../../x"}, "previous": null}}}',
        b'{"models": {"x": 1}, "chosen": 1}',
    ],
)
def test_what_the_record_should_not_hold_is_left_out(files, data):
    files.choose("")
    (files.folder / "models.json").write_bytes(data)

    assert ((), "", None) == (files.installed(), files.chosen(), files.served())


def test_nothing_is_made_by_looking(files):
    assert ((), "", None) == (files.installed(), files.chosen(), files.served())
    assert not files.folder.exists()


def test_a_digest_is_that_of_the_bytes_and_its_progress_is_told(tmp_path):
    path, told = tmp_path / "x", []
    path.write_bytes(b"abc")

    assert digest_of(path, told.append).startswith("ba7816bf")
    assert [3] == told
    with pytest.raises(ModelFilesError, match="cannot be read"):
        ModelFiles(tmp_path).digest(tmp_path / "gone", told.append)


def test_every_file_is_found_the_kept_ones_and_those_laid_beside_them(files):
    kept(files, "coder", "1")
    new = kept(files, "coder", "2")
    beside = files.folder / "mine.gguf"
    beside.write_bytes(DATA)

    assert [files.path("coder", new.current), beside] == files.every()
