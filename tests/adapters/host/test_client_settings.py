import pytest

from standby.adapters.host.client_settings import ClientSettings, client_settings


@pytest.fixture
def own(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / ".claude").mkdir(parents=True)
    return folder


def read(own, project):
    return client_settings({"CLAUDE_CONFIG_DIR": str(own)}, project)


def test_without_files_there_is_nothing(own, project):
    assert read(own, project) == ()


def test_the_strongest_comes_first(own, project):
    files = [
        project / ".claude" / "settings.local.json",
        project / ".claude" / "settings.json",
        own / "settings.json",
    ]
    for file in files:
        file.write_text('{"env": {"A": "b", "B": 1}}')

    assert [ClientSettings(file, {"A": "b"}) for file in files] == list(read(own, project))


@pytest.mark.parametrize("text", ["{}", "[]", '{"env": 3}', '{"env": {}}', '"text"'])
def test_settings_without_variables_have_none(own, project, text):
    (own / "settings.json").write_text(text)

    assert read(own, project) == (ClientSettings(own / "settings.json"),)


def test_a_file_that_is_no_json_is_a_problem_in_words(own, project):
    (own / "settings.json").write_text("{oops")
    (found,) = read(own, project)

    assert found.problem.startswith("it is not JSON")


def test_reading_changes_nothing(own, project):
    file = own / "settings.json"
    file.write_text('{"env": {"A": "b"}}')
    before = (file.read_bytes(), file.stat().st_mtime_ns)

    read(own, project)

    assert before == (file.read_bytes(), file.stat().st_mtime_ns)
    assert [file] == list(own.iterdir())


@pytest.mark.parametrize(
    ("text", "expected"),
    [('{"statusLine": {"type": "command"}}', True), ('{"env": {"statusLine": "no"}}', False)],
)
def test_whether_there_is_a_status_line_is_told(own, project, text, expected):
    (own / "settings.json").write_text(text)
    (found,) = read(own, project)

    assert expected == found.status_line
