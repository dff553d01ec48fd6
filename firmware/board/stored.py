"""What every board does with its settings: they are opened when needed, and forgotten after."""

import gc
import sys


class Stored:
    def __init__(self, open_device, folder: str):
        """`open_device()` gives the partition; in `folder` a technician lays files down."""
        self._open_device = open_device
        self._folder = folder
        self._opened: list = []

    def settings(self):
        if not self._opened:
            from board.settings import Settings

            self._opened.append(Settings(self._open_device(), self._folder))
        return self._opened[0]

    def forget_settings(self):
        """Give back their memory; they can be opened again."""
        self._opened.clear()
        package = sys.modules["board"]
        for name in ("settings", "staging", "laid"):
            if sys.modules.pop("board." + name, None):
                delattr(package, name)
        gc.collect()

    def staging(self):
        from board.staging import Staging

        return Staging(self._open_device())

    def read_setting(self, name):
        """The bytes of a setting, or None when there is none. A path is a file that has no copy."""
        if not name.startswith("/"):
            return self.settings().read(name)
        try:
            with open(name, "rb") as file:
                return file.read()
        except OSError:
            return None

    def write_setting(self, name, data):
        """Replace a setting as one step that power loss cannot halve; b"" destroys it."""
        self.settings().write(name, data)

    def forget_old(self):
        """Leave nothing in flash of settings that were replaced. Whether nothing is left."""
        return self.settings().forget_old()

    def refuse_laid(self, why):
        """Whether files were on trial: from now on there is what they were laid over."""
        if not self.settings().laid.refuse(why):
            return False
        self._describe()
        return True

    def _describe(self):
        """Take up what the settings say of the board itself."""
