"""Who runs on a data directory: one collector, which would share a client id with a second one and
sign two trees; or workers, whose database tells them apart.
"""

import fcntl
from pathlib import Path
from typing import TextIO

RUNNING, ARCHIVING, INTAKE = "collector.lock", "archive.lock", "intake.lock"
_WHAT = {RUNNING: "collector runs", ARCHIVING: "process archives", INTAKE: "intake runs"}


class InUseError(RuntimeError):
    """Another process does on this directory what only one may do."""


def take(directory: Path, name: str = RUNNING) -> TextIO:
    """Hold the directory until the file returned is closed or the process ends, however it ends."""
    return _hold(directory, name, fcntl.LOCK_EX)


def share(directory: Path) -> TextIO:
    """The same beside others that share it."""
    return _hold(directory, RUNNING, fcntl.LOCK_SH)


def _hold(directory: Path, name: str, how: int) -> TextIO:
    file = (directory / name).open("w")
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise InUseError(f"another {_WHAT[name]} on {directory}; stop it first") from None
    return file
