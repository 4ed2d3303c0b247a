"""The folder that work is about: the top of a git repository, else the folder itself."""

from pathlib import Path

__all__ = ["project_of"]


def project_of(folder: Path) -> str:
    """Return the nearest folder upwards that holds a ``.git``; without one, the folder itself."""
    folder = folder.absolute()
    return str(next((one for one in (folder, *folder.parents) if _is_top(one)), folder))


def _is_top(folder: Path) -> bool:
    try:
        return (folder / ".git").exists()  # a file, in a worktree
    except OSError:  # not ours to look into
        return False
