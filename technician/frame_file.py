"""A file of frames as `esep collector take` reads it: each after its length in 4 bytes."""

import os
from hashlib import sha256
from pathlib import Path
from typing import Self

from collector.evidence.cose import MAX_MESSAGE
from collector.evidence.errors import EvidenceError
from collector.evidence.frame import Frame, Stream, read_frame
from technician.faults import BagError, Code

_LENGTH_BYTES = 4


class FrameFile:
    """Grows frame by frame, and is whole after each. One that is there already is gone on with."""

    def __init__(self, path: Path) -> None:
        """Raises BagError."""
        self.counts = dict.fromkeys(Stream, 0)
        self.added = 0
        self._last = dict.fromkeys(Stream, "")
        self._gateway: bytes | None = None
        self._have: set[bytes] = set()
        try:
            self._file = path.open("r+b" if path.exists() else "x+b")
        except OSError as error:
            raise BagError(Code.NO_FILE, f"{path}: {error.strerror}") from None
        try:
            self._take_up(path)
        except BagError:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def gateway(self) -> str | None:
        return self._gateway.hex() if self._gateway else None

    @property
    def last(self) -> tuple[str, str]:
        """SHA-256 of the newest frame here of each stream, in hex."""
        return self._last[Stream.BILLING], self._last[Stream.TELEMETRY]

    def add(self, message: bytes) -> None:
        """Durable on return; one that is here already is left out. Raises BagError."""
        try:
            frame = read_frame(message)[1]
        except EvidenceError as error:
            raise BagError(Code.BOARD_REFUSED, f"a frame of it is none: {error}") from None
        if self._gateway not in (None, frame.gateway):
            raise BagError(
                Code.OTHER_GATEWAY,
                f"the file is of {self.gateway}; this is {frame.gateway.hex()}",
            )
        if self._note(message, frame):
            self._file.write(len(message).to_bytes(_LENGTH_BYTES, "big") + message)
            self._file.flush()
            os.fsync(self._file.fileno())
            self.added += 1

    def _note(self, message: bytes, frame: Frame) -> bool:
        """Whether it was not here before."""
        self._gateway = frame.gateway
        digest = sha256(message).digest()
        self._last[frame.stream] = digest.hex()
        if digest in self._have:
            return False
        self._have.add(digest)
        self.counts[frame.stream] += 1
        return True

    def _take_up(self, path: Path) -> None:
        """What a pulled cable left half written goes."""
        while True:
            at = self._file.tell()
            size = int.from_bytes(self._file.read(_LENGTH_BYTES), "big")
            message = self._file.read(size) if 0 < size <= MAX_MESSAGE else b""
            if not size or len(message) < size:
                break
            try:
                self._note(message, read_frame(message)[1])
            except EvidenceError as error:
                raise BagError(Code.FILE_EXISTS, f"{path} is no dump: {error}") from None
        if at == 0 and path.stat().st_size > _LENGTH_BYTES + MAX_MESSAGE:
            raise BagError(Code.FILE_EXISTS, f"{path} is there already, and is no dump")
        self._file.seek(at)
        self._file.truncate()
