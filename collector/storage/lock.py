"""One running collector for a data directory: two would share a client id and sign two trees."""

import fcntl
from pathlib import Path
from typing import TextIO


class InUseError(RuntimeError):
    """Another collector runs on this directory."""


COLLECTOR, INTAKE = "collector.lock", "intake.lock"


def take(directory: Path, name: str = COLLECTOR) -> TextIO:
    """Hold the directory until the file returned is closed or the process ends, however it ends."""
    file = (directory / name).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise InUseError(f"another collector runs on {directory}; stop it first") from None
    return file
