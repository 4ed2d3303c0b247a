"""The folders of a rehearsal: one of its own, with the user's settings and models in it."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from standby.adapters.host.paths import Paths

__all__ = ["furnish", "own_folder"]


@asynccontextmanager
async def own_folder(*, keep: bool) -> AsyncIterator[Path]:
    """Make a folder that only we can read; it goes in the end, unless it is to be kept."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="standby-drill-"))
    try:
        yield folder
    finally:
        if not keep:
            # Shielded: whoever is cancelled twice would take the removal back before it began.
            removal = partial(shutil.rmtree, folder, ignore_errors=True)
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, removal))


def furnish(own: Paths, user: Paths) -> None:
    """Give the gateway the user's settings and models: nothing is fetched twice."""
    own.make()
    if user.config_file.exists():
        shutil.copyfile(user.config_file, own.config_file)
    user.models.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        own.models.symlink_to(user.models, target_is_directory=True)
    except OSError:  # Windows, for those who may not
        own.models.mkdir(mode=0o700)
        for file in user.models.glob("*.gguf"):
            os.link(file, own.models / file.name)
