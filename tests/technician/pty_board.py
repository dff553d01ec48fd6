"""A board at a pty: the real MicroPython at its prompt, the application's image at /rom.

What ends it, as a reset ends a board, starts it again; so does pulling the cable, if that is asked.
"""

import json
import os
import pty
import select
import subprocess
import sys
import threading
import tty
from pathlib import Path
from typing import Any

MICROPYTHON = Path(sys.executable).with_name("micropython")
_MOUNT = """
import os, sys, vfs
image = bytearray(os.stat({image!r})[6])
with open({image!r}, "rb") as file:
    file.readinto(image)
vfs.mount(vfs.VfsRom(image), "/rom")
sys.path[0] = "/rom"
"""
_LOOK_S = 0.2


class PtyBoard:
    """`port` is what a laptop opens. `pulled_after`: bytes to the laptop, then nothing any more."""

    def __init__(self, folder: Path, image: Path, bus: str | None = None) -> None:
        """`bus`: what plays its meters, which find in the file `line` how they are spoken to."""
        self.folder = folder
        self.board = folder / "unix-board.json"
        self.pulled_after: int | None = None
        self.starts = 0
        described: dict[str, Any] = {
            "dir": str(folder),
            "flash": str(folder / "flash.bin"),
            "flash_blocks": 64,
        }
        described |= {"stop": str(folder / "stop"), "name": "bench"}
        self._bus = pty.openpty()  # on which no meter answers
        described |= {"uarts": {"0": bus or os.ttyname(self._bus[1])}}
        described |= {"lines": {"0": str(folder / "line")}}
        described |= {"outputs": {"1": str(folder / "output")}, "contacts": {"1": os.devnull}}
        self.board.write_text(json.dumps(described))
        (folder / "mount.py").write_text(_MOUNT.format(image=str(image)))
        self._near, far = pty.openpty()
        tty.setraw(far)
        self._far = far  # stays open, or a laptop that goes would end the line
        self.port = os.ttyname(far)
        self._ended = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.stop()
        for end in (self._near, self._far, *self._bus):
            os.close(end)

    def stop(self) -> None:
        """Its prompt goes; its files and its bus stay."""
        self._ended.set()
        self._thread.join()

    def _live(self) -> None:
        while not self._ended.is_set():
            inside, outside = pty.openpty()
            tty.setraw(outside)
            self.starts += 1
            process = subprocess.Popen(
                [MICROPYTHON, "-X", "heapsize=700k", "-i", str(self.folder / "mount.py")],
                cwd=self.folder,
                env={**os.environ, "ESEP_BOARD": str(self.board)},
                stdin=outside,
                stdout=outside,
                stderr=outside,
                start_new_session=True,
            )
            os.close(outside)
            try:
                self._carry(inside, process)
            finally:
                process.kill()
                process.wait()
                os.close(inside)

    def _carry(self, inside: int, process: "subprocess.Popen[bytes]") -> None:
        while not self._ended.is_set() and process.poll() is None:
            for ready in select.select([self._near, inside], [], [], _LOOK_S)[0]:
                try:
                    data = os.read(ready, 1024)
                except OSError:
                    return  # MicroPython has gone
                if ready == inside and self.pulled_after is not None:
                    data = data[: max(0, self.pulled_after)]
                    self.pulled_after -= len(data)
                os.write(inside if ready == self._near else self._near, data)
