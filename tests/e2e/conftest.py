"""What all end-to-end tests share: a fake cloud, the real client, an empty environment."""

import os
import shutil

import pytest

from standby.testing.cloud import FakeCloud
from tests.prepare import binary


@pytest.fixture(scope="session")
def anyio_backend():
    """One loop: what is tested is another process, which chooses its own."""
    return "asyncio"


@pytest.fixture(autouse=True)
def no_credentials_of_the_machine(monkeypatch):
    """The SDK takes from the environment what it is not told."""
    for name in [name for name in os.environ if name.startswith(("ANTHROPIC_", "STANDBY_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
async def cloud():
    async with FakeCloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
async def cloud_of_all():
    """One cloud for all tests of a file, for those that ask of it no more than to be there."""
    async with FakeCloud() as cloud:
        yield cloud


@pytest.fixture
def the_real_client():
    """Skip a test where Claude Code is not installed; where all must run, fail."""
    if binary() is not None:
        return
    why = "Claude Code is not installed: `python -m tests.prepare` fetches it"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture
def tmux():
    """Skip a test where there is no terminal to be had; where all must run, fail."""
    if shutil.which("tmux") is not None:
        return
    why = "tmux is not installed: `python -m tests.prepare` tries to"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)
