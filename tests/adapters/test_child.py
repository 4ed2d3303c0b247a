import os
import signal
import stat
import sys

import anyio
import psutil
import pytest

from standby.adapters.child import Child, clean_environment, ran

pytestmark = pytest.mark.anyio

LISTENS = "import sys; print('ready', flush=True); sys.stdin.read()"
DEAF = "import sys, time; print('ready', flush=True); time.sleep(60)"


async def spawn(code):
    return await Child.spawn((sys.executable, "-c", code), {"PATH": os.environ["PATH"]})


async def test_its_first_line_is_heard_and_heard_again():
    child = await spawn(LISTENS)
    try:
        assert child.alive
        assert "ready" == (await child.first_line()).strip()
        assert "ready" == (await child.first_line()).strip()
    finally:
        await child.stop()
    assert not child.alive


async def test_it_ends_when_its_stdin_closes():
    child = await spawn(LISTENS)
    await child.first_line()
    with anyio.fail_after(40):
        await child.stop(grace_s=30)
    assert "it ended with code 0" == child.epitaph()


async def test_one_that_does_not_hear_is_ended_by_force():
    child = await spawn(DEAF)
    await child.first_line()
    process = psutil.Process(child.pid)
    await child.stop(grace_s=0.2)

    assert not child.alive
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


async def test_one_that_ends_without_a_line_is_heard_to():
    child = await spawn("import sys; sys.stderr.write('note\\nerror: no luck\\n'); sys.exit(4)")
    assert "" == await child.first_line()
    assert "it ended with code 4: error: no luck" == child.epitaph()
    assert b"note" in child.tail
    await child.stop()


async def test_what_it_says_is_kept_to_the_last_64_kib():
    child = await spawn("import sys; sys.stderr.write('x' * 500_000 + 'the end')")
    assert "" == await child.first_line()
    assert 64 * 1024 == len(child.tail)
    assert child.tail.endswith(b"the end")
    await child.stop()


async def test_a_program_that_is_not_there_is_an_error():
    with pytest.raises(OSError):  # noqa: PT011 - which one depends on the system
        await Child.spawn(("/no/such/program",), {})


def test_only_what_a_program_needs_is_left_of_an_environment():
    whole = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "CUDA_VISIBLE_DEVICES": "0",
        "ANTHROPIC_API_KEY": "canary",
        "ANTHROPIC_AUTH_TOKEN": "canary",
        "HTTPS_PROXY": "canary",
        "OPENAI_API_KEY": "canary",
        "PYTHONPATH": "canary",
        "LD_PRELOAD": "canary",
        "LLAMA_ARG_HOST": "canary",
    }

    assert {
        "PATH": "/bin",
        "LC_ALL": "C",
        "CUDA_VISIBLE_DEVICES": "0",
        "KEY": "1",
    } == clean_environment(whole, KEY="1")


def python(code):
    return (sys.executable, "-c", code)


def test_what_a_program_says_is_had_with_how_it_ended(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary")
    code = "import os, sys; print([*os.environ], sys.stdin.read()); sys.exit(3)"
    done = ran(python(code), 30)

    assert 3 == done.returncode
    assert b"PATH" in done.stdout
    assert b"ANTHROPIC_API_KEY" not in done.stdout


def test_of_a_program_that_hangs_or_is_not_there_nothing_is_had():
    assert ran(python("import time; time.sleep(60)"), 0.2) is None
    assert ran(("/no/such/program",), 30) is None


KEEPER = (sys.executable, "-P", "-m", "standby.adapters.keeper", "--")


@pytest.mark.parametrize("how", ["stdin", "SIGTERM"])
async def test_what_a_keeper_runs_ends_with_it(how):
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    child = await Child.spawn((*KEEPER, sys.executable, "-c", code), {"PATH": os.environ["PATH"]})
    try:
        process = psutil.Process(int(await child.first_line()))
        if how == "SIGTERM":
            os.kill(child.pid, signal.SIGTERM)
            assert await child.ended(30)
    finally:
        await child.stop(grace_s=30)

    with anyio.fail_after(30):
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            await anyio.lowlevel.checkpoint()


async def test_a_keeper_returns_the_code_of_what_it_ran():
    child = await Child.spawn((*KEEPER, sys.executable, "-c", "exit(7)"), {})
    assert await child.ended(30)
    assert child.epitaph().startswith("it ended with code 7")
    await child.stop()


@pytest.mark.skipif(os.name == "nt", reason="the system has no such limit")
async def test_what_a_keeper_runs_can_write_no_file_that_is_too_large_and_is_not_ended_by_it(
    tmp_path,
):
    limited = (*KEEPER[:-1], "--most-file-bytes", "1000", "--")
    writes = ("dd", "if=/dev/zero", f"of={tmp_path}/file", "bs=5000", "count=1")
    child = await Child.spawn((*limited, *writes), {"PATH": os.environ["PATH"]})
    assert await child.ended(10)
    await child.stop()

    assert child.epitaph().startswith("it ended with code 1:"), "and by no signal"
    status = os.stat(tmp_path / "file")
    assert (1000, 0o600) == (status.st_size, stat.S_IMODE(status.st_mode))


async def test_a_keeper_says_when_there_is_nothing_to_run():
    child = await Child.spawn((*KEEPER, "/no/such/program"), {})
    await child.first_line()
    assert "it ended with code 127: error: '/no/such/program' cannot be run" in child.epitaph()
    await child.stop()


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be stopped there")
async def test_what_a_keeper_runs_ends_with_it_although_it_hears_nothing_any_more():
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    child = await Child.spawn((*KEEPER, sys.executable, "-c", code), {"PATH": os.environ["PATH"]})
    process = psutil.Process(int(await child.first_line()))
    process.suspend()
    await child.stop()

    with anyio.fail_after(30):
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            await anyio.lowlevel.checkpoint()


async def test_one_that_was_ended_for_a_reason_has_it_for_its_epitaph():
    child = await Child.spawn(python("import sys; sys.stdin.read()"), {})
    await child.stop(why="it was in the way")
    await child.stop(why="twice")

    assert "it was in the way" == child.epitaph()
