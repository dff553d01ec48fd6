"""esptool, run as a program: it is GPL, and nothing of it is imported."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from technician.faults import BagError, Code

_MOST_LINES = 8
_CHIP = re.compile(r"^Detecting chip type\.\.\. (ESP\S+)|^Connected to (ESP\S+) on")
_FLASH = re.compile(r"^Detected flash size: (\d+)(KB|MB)")
_MAC = re.compile(r"^MAC: +([0-9a-f:]{17})")
_PIECE = re.compile(r"^Writing '.*' at 0x([0-9a-f]+)\.\.\.")
_WRITING = re.compile(r"^Writing at 0x([0-9a-f]+) ")
_SKIPPED = re.compile(r" at 0x([0-9a-f]+) already in flash, skipping")
_SIGNS = (
    # what esptool says, and what it means; the first that is found counts
    (re.compile(r"Could not open|port is busy|doesn't exist"), Code.PORT_GONE),
    (re.compile(r"Failed to connect|No serial data received"), Code.NO_ANSWER),
    (
        re.compile(r"Verification failed|digest mismatch|MD5 of file does not match"),
        Code.NOT_VERIFIED,
    ),
    (
        re.compile(
            r"serial exception|[Ss]erial data stream stopped|stopped responding|"
            r"[Dd]evice not configured|Input/output error|disconnected|Packet content transfer|"
            r"[Tt]imed? ?out|[Ii]nvalid head of packet|Failed to write|reset by peer|Broken pipe"
        ),
        Code.CABLE,
    ),
)


@dataclass(frozen=True)
class Piece:
    """What is to be in flash from `offset` on."""

    what: str
    offset: int
    content: bytes

    @property
    def end(self) -> int:
        return self.offset + len(self.content)


@dataclass(frozen=True)
class Found:
    """What is at the other end of the cable. `chip` as esptool names it."""

    chip: str
    flash_bytes: int
    mac: str


class Esptool:
    """`port`: also a URL of pyserial's. Each call is a run of the program, and raises BagError."""

    def __init__(self, port: str, baud: int) -> None:
        self._port = port
        self._baud = baud
        beside = Path(sys.executable).with_name("esptool")
        program = str(beside) if beside.exists() else shutil.which("esptool")
        if program is None:
            raise BagError(Code.NO_ESPTOOL, "the program esptool is not on this laptop")
        self._program = program

    def find(self) -> Found:
        lines = self._at_port("flash-id")
        chip, flash, mac = (_first(pattern, lines) for pattern in (_CHIP, _FLASH, _MAC))
        if chip is None or flash is None:
            raise BagError(Code.ESPTOOL_FAILED, _tail(lines))
        unit = 1024 if flash[2] == "KB" else 1024 * 1024
        return Found(chip[1] or chip[2], int(flash[1]) * unit, "" if mac is None else mac[1])

    def read(self, offset: int, size: int) -> bytes:
        """Slowly, by the chip's ROM: for a few KiB."""
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch, "read")
            self._at_port("--no-stub", "read-flash", hex(offset), hex(size), str(out))
            return out.read_bytes()

    def erase(self, offset: int, size: int) -> None:
        self._at_port("erase-region", hex(offset), hex(size))

    def write(self, pieces: Sequence[Piece], told: Callable[[int], None]) -> set[int]:
        """Write what is not there already; `told(address)`: all before it is right.

        The offsets of the pieces that were there. Each that is written is verified by its MD5.
        """
        there: set[int] = set()

        def heard(line: str) -> None:
            if skipped := _SKIPPED.search(line):
                there.add(int(skipped[1], 16))
            for pattern in (_PIECE, _WRITING):
                if found := pattern.search(line):
                    told(int(found[1], 16))

        with _files(pieces) as arguments:
            self._at_port("write-flash", "--skip-flashed", *arguments, heard=heard)
        return there

    def verify(self, pieces: Sequence[Piece]) -> None:
        with _files(pieces) as arguments:
            self._at_port("verify-flash", *arguments)

    def with_flash_size(self, bootloader: bytes, chip: str, offset: int, flash_mb: int) -> bytes:
        """The bootloader, told how large the flash is, with its hash made anew."""
        with tempfile.TemporaryDirectory() as scratch:
            given, out = Path(scratch, "given"), Path(scratch, "out")
            given.write_bytes(bootloader)
            size = ["--flash-size", f"{flash_mb}MB", "--target-offset", hex(offset)]
            self._run("--chip", chip, "merge-bin", "-o", str(out), *size, hex(offset), str(given))
            return out.read_bytes()

    def _at_port(self, *arguments: str, heard: Callable[[str], None] | None = None) -> list[str]:
        return self._run("--port", self._port, "--baud", str(self._baud), *arguments, heard=heard)

    def _run(self, *arguments: str, heard: Callable[[str], None] | None = None) -> list[str]:
        lines: list[str] = []
        # An esptool.cfg where the technician happens to be is not ours.
        with (
            tempfile.TemporaryDirectory() as scratch,
            subprocess.Popen(  # noqa: S603
                [self._program, *arguments],
                cwd=scratch,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                errors="replace",
            ) as process,
        ):
            try:
                for line in process.stdout or ():
                    lines.append(line.rstrip())
                    if heard is not None:
                        heard(line)
            except BaseException:
                process.terminate()
                raise
        if process.returncode != 0:
            raise _meant(lines)
        return lines


@contextmanager
def _files(pieces: Iterable[Piece]) -> Iterator[list[str]]:
    """The pieces as files, and the arguments that name them."""
    with tempfile.TemporaryDirectory() as scratch:
        arguments = []
        for piece in pieces:
            file = Path(scratch, f"{piece.offset:08x}")
            file.write_bytes(piece.content)
            arguments += [hex(piece.offset), str(file)]
        yield arguments


def _first(pattern: re.Pattern[str], lines: Iterable[str]) -> re.Match[str] | None:
    return next((found for line in lines if (found := pattern.search(line))), None)


def _meant(lines: Sequence[str]) -> BagError:
    text = "\n".join(lines)
    code = next((code for sign, code in _SIGNS if sign.search(text)), Code.ESPTOOL_FAILED)
    return BagError(code, _tail(lines))


def _tail(lines: Sequence[str]) -> str:
    said = [line for line in lines if line.strip()]
    errors = [line for line in said if "error" in line.lower()]
    return "esptool says: " + " / ".join(errors[:2] or said[-_MOST_LINES:] or ["nothing"])
