"""What the tests of flashing use: a mock chip as a program, a cable that is pulled, base images."""

import hashlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from technician.boards import Board
from technician.partition_table import TABLE_OFFSET

MOCK_CHIP = Path(__file__).with_name("mock_chip.py")
_WAIT_S = 20


class MockChip:
    """A chip that listens at `port`, and keeps its flash while it runs."""

    def __init__(self, folder: Path, chip: str, megabytes: int, before: bytes = b"") -> None:
        self._dump = folder / "dump"
        port_file = folder / "port"
        arguments = [chip, str(megabytes), str(port_file), str(self._dump)]
        if before:
            (folder / "before").write_bytes(before)
            arguments.append(str(folder / "before"))
        self.process = subprocess.Popen(
            [sys.executable, str(MOCK_CHIP), *arguments], stdout=subprocess.DEVNULL
        )
        _await(port_file)
        self.port = int(port_file.read_text())

    @property
    def url(self) -> str:
        return f"socket://127.0.0.1:{self.port}"

    def flash(self) -> bytes:
        self._dump.unlink(missing_ok=True)
        os.kill(self.process.pid, signal.SIGUSR1)
        _await(self._dump)
        return self._dump.read_bytes()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def mock_chip(folder: Path, chip: str, megabytes: int, before: bytes = b"") -> Iterator[MockChip]:
    running = MockChip(folder, chip, megabytes, before)
    try:
        yield running
    finally:
        running.stop()


def _await(file: Path) -> None:
    until = time.monotonic() + _WAIT_S
    while not (file.exists() and file.stat().st_size):
        if time.monotonic() > until:
            raise TimeoutError(file)
        time.sleep(0.01)


class Cable:
    """Leads to a port, and is pulled when so many bytes have gone down it; `length` counts them."""

    def __init__(self, port: int, pulled_after: int | None = None) -> None:
        self.length = 0
        self._target = port
        self._after = pulled_after
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    @property
    def is_pulled(self) -> bool:
        return self._after is not None and self.length >= self._after

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            threading.Thread(target=self._pump, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near, False), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, down: bool) -> None:
        try:
            while data := source.recv(1024):
                if down:
                    self.length += len(data)
                if self.is_pulled:
                    self.close()
                    break
                sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def cable(port: int, pulled_after: int | None = None) -> Iterator[Cable]:
    laid = Cable(port, pulled_after)
    try:
        yield laid
    finally:
        laid.close()


def application(chip_number: int, body: bytes, flash_size: int = 2) -> bytes:
    """An image of one segment as a chip's ROM checks it, its SHA-256 behind."""
    body += bytes(-len(body) % 4)
    head = struct.pack("<BBBBI", 0xE9, 1, 2, flash_size << 4, 0x40080000)
    extended = struct.pack("<BBBBHBHHIB", 0xEE, 0, 0, 0, chip_number, 0, 0, 0xFFFF, 0, 1)
    image = head + extended + struct.pack("<II", 0x3FFB0000, len(body)) + body
    checksum = 0xEF
    for byte in body:
        checksum ^= byte
    image += bytes(15 - len(image) % 16) + bytes([checksum])
    return image + hashlib.sha256(image).digest()


def base_image(board: Board, body: bytes = b"", chip_number: int | None = None) -> bytes:
    """As a build of MicroPython leaves it: from the bootloader's place on."""
    number = board.chip.image_id if chip_number is None else chip_number
    start = board.chip.bootloader_offset
    bootloader = application(number, b"bootloader" * 100)
    table = b"\xaa\x50a table that nobody uses"
    content = bootloader.ljust(TABLE_OFFSET - start, b"\xff") + table
    return content.ljust(0x10000 - start, b"\xff") + application(number, body)
