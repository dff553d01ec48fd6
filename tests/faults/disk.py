"""A disk that can be filled: a small tmpfs where we may mount one, else a limit of file sizes."""

import errno
import resource
import subprocess
from pathlib import Path
from typing import Self

_SIZE = "48m"


class Disk:
    """At `path`. Without the right to mount, the processes that shall find it full are limited."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_mounted = False
        self._filler = path / "filler"
        self._limited: int | None = None

    def __enter__(self) -> Self:
        self.path.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(self.path)]
        done = subprocess.run(command, capture_output=True, check=False)
        self._is_mounted = done.returncode == 0
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_mounted:
            subprocess.run(["umount", str(self.path)], check=True)

    def fill(self, pid: int) -> None:
        """From now on the process cannot make a file longer."""
        if not self._is_mounted:
            self._limited = pid
            limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, limits[1]))
            return
        with self._filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def make_room(self) -> None:
        if self._limited is not None:
            limits = resource.prlimit(self._limited, resource.RLIMIT_FSIZE)
            resource.prlimit(self._limited, resource.RLIMIT_FSIZE, (limits[1], limits[1]))
            self._limited = None
        self._filler.unlink(missing_ok=True)
