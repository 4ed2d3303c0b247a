"""What is installed with us is what was looked at; what we ship is what the repository holds."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
PINNED = re.compile(r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,-]+\])?==[^\s;]+( ; .*)?")


def requirements(text):
    """Each requirement of a lock file as one line, comments left out."""
    joined = text.replace("\\\n", " ")
    lines = (line.strip() for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def unlocked(text):
    return [
        line.partition(" --hash")[0]
        for line in requirements(text)
        if not HASH.search(line) or not PINNED.fullmatch(line.partition("--hash")[0].strip())
    ]


def test_every_dependency_is_one_version_with_its_hashes():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")

    assert len(requirements(text)) > 20
    assert [] == unlocked(text)


@pytest.mark.parametrize(
    "line",
    ["aiohttp==3.14.0\n", "aiohttp>=3 --hash=sha256:" + "0" * 64, "git+https://example.com/x"],
)
def test_what_is_not_locked_is_found(line):
    assert 1 == len(unlocked(line))


def test_what_we_depend_on_is_locked_and_at_most_ten():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needs = project["dependencies"]
    # Of Python 3.14's own modules one is a package for older ones.
    current = [line for line in needs if "python_version < '3.14'" not in line]
    names = [re.split(r"[<>=!;\[ ]", line)[0] for line in needs]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")

    assert len(current) <= 10
    assert [] == [name for name in names if not re.search(rf"^{name}==", lock, re.MULTILINE)]


def test_installing_from_the_lock_demands_the_hashes():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    installs = [line for line in makefile.splitlines() if "--requirement requirements.lock" in line]
    assert installs
    assert all("--require-hashes" in line for line in installs)


@pytest.mark.timeout(60)
def test_the_wheel_holds_what_the_repository_does_and_nothing_that_runs_by_itself(tmp_path):
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "src/standby"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("this is no git repository: there is nothing to compare with")
    build = f"from hatchling.build import build_wheel; print(build_wheel({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", build], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")

    with zipfile.ZipFile(wheel) as archive:
        held = {
            name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name
        }
        metadata = [name for name in archive.namelist() if ".dist-info/" in name]
    ours = {
        path.removeprefix("src/"): (ROOT / path).read_bytes()
        for path in listed.stdout.splitlines()
        if (ROOT / path).is_file()
    }

    assert ours == held
    assert [] == [name for name in (*held, *metadata) if name.endswith((".pth", ".so", ".pyc"))]
    assert {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "LICENSE"} == {
        Path(name).name for name in metadata
    }
