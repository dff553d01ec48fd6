"""One running collector for a data directory: two would share a client id and sign two trees."""

import fcntl
from pathlib import Path
from typing import TextIO

RUNNING, ARCHIVING, INTAKE = "collector.lock", "archive.lock", "intake.lock"
_WHAT = {RUNNING: "collector runs", ARCHIVING: "process archives", INTAKE: "intake runs"}


class InUseError(RuntimeError):
    """Another process does on this directory what only one may do."""


def take(directory: Path, name: str = RUNNING) -> TextIO:
    """Hold the directory until the file returned is closed or the process ends, however it ends."""
    file = (directory / name).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise InUseError(f"another {_WHAT[name]} on {directory}; stop it first") from None
    return file
