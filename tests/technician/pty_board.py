"""A board at a pty: the real MicroPython at its prompt, the application's image at /rom.

What ends it, as a reset ends a board, starts it again. A cable that is pulled takes the port away,
and the board does not notice.
"""

import json
import os
import pty
import select
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path
from typing import Any

MICROPYTHON = Path(sys.executable).with_name("micropython")
SLOT_BLOCKS = 48
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
    """`port` is what a laptop opens. `pulled_after`: bytes to it, and the cable comes out."""

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
        self._bus = list(pty.openpty())  # on which no meter answers
        described |= {"uarts": {"0": bus or os.ttyname(self._bus[1])}}
        described |= {"lines": {"0": str(folder / "line")}}
        described |= {"outputs": {"1": str(folder / "output")}, "contacts": {"1": os.devnull}}
        described |= {"slots": str(folder / "slots.bin"), "slot_blocks": SLOT_BLOCKS}
        self.board.write_text(json.dumps(described))
        (folder / "mount.py").write_text(_MOUNT.format(image=str(image)))
        self.port = str(folder / "tty")
        self._wanted = threading.Event()  # the cable is to be in
        self._cable: tuple[int, int] | None = None  # the second stays open when a laptop goes
        self._ended = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._plug()
        self.start()

    def start(self) -> None:
        """A prompt; also after `stop`."""
        self._ended.clear()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def plug_in(self, pulled_after: int | None = None) -> None:
        """The cable again; to come out once more after so many bytes."""
        while self._cable is not None:
            time.sleep(_LOOK_S / 10)
        self.pulled_after = pulled_after
        self._wanted.set()
        while self._cable is None:
            time.sleep(_LOOK_S / 10)

    def close(self) -> None:
        """May be done again."""
        self.stop()
        self._pull()
        while self._bus:
            os.close(self._bus.pop())

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
            if self._wanted.is_set():
                self._wanted.clear()
                self._plug()
            near = self._cable[0] if self._cable else None
            ends = [inside] if near is None else [inside, near]
            for ready in select.select(ends, [], [], _LOOK_S)[0]:
                try:
                    data = os.read(ready, 1024)
                except OSError:
                    return  # MicroPython has gone
                if ready == near:
                    os.write(inside, data)
                elif near is not None:
                    self._to_laptop(near, data)

    def _to_laptop(self, near: int, data: bytes) -> None:
        if self.pulled_after is None:
            os.write(near, data)
            return
        data = data[: max(0, self.pulled_after)]
        self.pulled_after -= len(data)
        os.write(near, data)
        if not self.pulled_after:
            time.sleep(_LOOK_S)  # what came before is read: a port that goes takes it along
            self._pull()

    def _plug(self) -> None:
        near, far = pty.openpty()
        tty.setraw(far)
        Path(self.port).symlink_to(os.ttyname(far))
        self._cable = near, far

    def _pull(self) -> None:
        if self._cable is not None:
            Path(self.port).unlink()
            for end in self._cable:
                os.close(end)
            self._cable = None
