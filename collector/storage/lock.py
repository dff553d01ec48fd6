"""Who runs on a data directory: one collector, which would share a client id with a second one and
sign two trees; or workers, whose database tells them apart.
"""

import fcntl
from pathlib import Path
from typing import TextIO


class InUseError(RuntimeError):
    """Another collector runs on this directory."""


def take(directory: Path) -> TextIO:
    """Hold the directory until the file returned is closed or the process ends, however it ends."""
    return _hold(directory, fcntl.LOCK_EX)


def share(directory: Path) -> TextIO:
    """The same beside others that share it."""
    return _hold(directory, fcntl.LOCK_SH)


def _hold(directory: Path, how: int) -> TextIO:
    file = (directory / "collector.lock").open("w")
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise InUseError(f"another collector runs on {directory}; stop it first") from None
    return file
