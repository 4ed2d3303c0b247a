import os
import sys

import psutil
import pytest

from standby.adapters.host.dialogue import Dialogue, DialogueError

pytestmark = pytest.mark.anyio

ECHO = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
DEAF = "import signal, time, sys; print('{}', flush=True); [signal.pause() for _ in iter(int, 1)]"
PATIENT_S = 30


async def started(tmp_path, code):
    environment = {"PATH": os.environ["PATH"]}
    return await Dialogue.start(
        [sys.executable, "-c", code], environment, folder=tmp_path, log=tmp_path / "log"
    )


async def test_what_is_told_is_heard_by_the_program_and_what_it_says_by_us(tmp_path):
    dialogue = await started(tmp_path, ECHO)
    await dialogue.tell({"words": "ä\n"}, PATIENT_S)

    assert {"words": "ä\n"} == await dialogue.hear(PATIENT_S)
    await dialogue.stop()


async def test_a_program_sees_nothing_of_our_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "mine")
    dialogue = await started(
        tmp_path, "import json, os; print(json.dumps('ANTHROPIC_API_KEY' in os.environ))"
    )

    assert (await dialogue.hear(PATIENT_S)) is False
    await dialogue.stop()


@pytest.mark.parametrize(
    ("code", "within_s", "words"),
    [
        ("pass", PATIENT_S, "it has ended"),
        ("print('{\"half\":', end='')", PATIENT_S, "it has ended"),
        ("print('hello')", PATIENT_S, "it said b'hello"),
        (ECHO, 0.05, "it said nothing for 0.05 s"),
    ],
)
async def test_a_program_that_does_not_answer_in_json_and_in_time_is_an_error(
    tmp_path, code, within_s, words
):
    dialogue = await started(tmp_path, code)
    with pytest.raises(DialogueError, match=words):
        await dialogue.hear(within_s)
    await dialogue.stop()


async def test_its_complaints_are_in_the_log(tmp_path):
    dialogue = await started(tmp_path, "import sys; sys.exit('out of order')")
    with pytest.raises(DialogueError):
        await dialogue.hear(PATIENT_S)
    await dialogue.stop()

    assert "out of order\n" == (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("code", "grace_s"), [(ECHO, PATIENT_S), (DEAF, 0.1)], ids=["hears", "is deaf"]
)
async def test_stopped_it_is_gone_whether_or_not_it_hears(tmp_path, code, grace_s):
    dialogue = await started(tmp_path, code)
    pid = dialogue._process.pid
    if code == DEAF:
        await dialogue.hear(PATIENT_S)
    await dialogue.stop(grace_s)

    assert not psutil.pid_exists(pid)


async def test_a_program_that_does_not_listen_is_not_waited_for(tmp_path):
    dialogue = await started(tmp_path, DEAF)
    try:
        await dialogue.hear(PATIENT_S)
        with pytest.raises(DialogueError, match=r"it did not listen for 0\.2 s"):
            await dialogue.tell({"words": "more than a pipe holds" * 50_000}, 0.2)
    finally:
        await dialogue.stop(0.1)
