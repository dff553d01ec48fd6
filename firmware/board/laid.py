"""Settings that a technician lays down as files: on trial until a start with them came to its end.

They are used in place of the copies, which they replace when the start has judged them all, and
are then removed; refused, they are removed too, and the copies are as they were.
"""

import errno
import os

_NO_FILE = (errno.ENOENT, errno.ENODEV)


class Laid:
    def __init__(self, settings, folder: str) -> None:
        self._settings = settings
        self._folder = folder
        self._sizes: dict = {}  # of those on trial
        self._refused: list = []  # a damaged file system may not let go of them

    def has(self, name: str) -> bool:
        """Whether a file bears the name, and is on trial from now on."""
        if name in self._sizes:
            return True
        if name in self._refused:
            return False
        try:
            size = os.stat(self._folder + name)[6]
            is_kept = self._settings.holds(name, size, self._reader(name))
        except OSError as error:
            if error.errno not in _NO_FILE:
                self._refuse(name, error)
            return False
        if is_kept:
            self._remove(name)
            return False
        self._sizes[name] = size
        return True

    def pieces(self, name: str):
        """As Settings.pieces, of one on trial; an empty one is none."""
        size = self._sizes[name]
        return (size, self._reader(name)) if size else None

    def drop(self, name: str) -> None:
        if self.has(name):
            del self._sizes[name]
            self._remove(name)

    def on_trial(self) -> bool:
        return bool(self._sizes)

    def settle(self) -> None:
        """They replace the copies."""
        for name, size in self._sizes.items():
            try:
                self._settings.put(name, size, self._reader(name))
                self._remove(name)
            except OSError as error:
                self._settings.faults.append("%s as laid down was not kept: %s" % (name, error))
        self._sizes.clear()

    def refuse(self, why) -> bool:
        """Whether any is on trial, and copies are there to go on with."""
        if not any(self._settings.has_copy(name) for name in self._sizes):
            return False
        self._refuse(", ".join(sorted(self._sizes)), why)
        for name in self._sizes:
            self._refused.append(name)
            self._remove(name)
        self._sizes.clear()
        return True

    def _refuse(self, what, why):
        self._settings.faults.append("%s as laid down is refused: %s" % (what, why))

    def _remove(self, name):
        try:
            os.remove(self._folder + name)
        except OSError:
            pass  # the next start looks at it again

    def _reader(self, name):
        def read(at, count):
            with open(self._folder + name, "rb") as file:
                file.seek(at)
                return file.read(count)

        return read
