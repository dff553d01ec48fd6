"""A board's console, by mpremote's protocol: programs of the image are run, settings laid down."""

import io
import json
import struct
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from types import TracebackType
from typing import Any, Self

from mpremote.transport import TransportError, TransportExecError  # type: ignore[import-untyped]
from mpremote.transport_serial import SerialTransport  # type: ignore[import-untyped]
from serial import SerialException

from technician.faults import BagError, Code

_BAUD = 115_200
_PATIENCE_S = 60
"""A key and a signature in a slow interpreter."""
_SILENCE_S = 2
"""Between two characters of an answer."""
_PROMPT_S = 20
_ATTEMPTS = 4
_END_OF_LINE = ord("\n")
_FORGET = """
import asyncio, gc, sys
asyncio.new_event_loop()
for name in list(sys.modules):
    if name.split(".")[0] in ("gateway", "board", "start"):
        del sys.modules[name]
gc.collect()
"""
"""What was interrupted leaves tasks that would go on, and locks that nobody would open."""
_LOST = (TransportError, SerialException, OSError, struct.error)


class Console:
    """The board at a port. Its programs are not reset by coming: what runs is interrupted."""

    def __init__(self, port: str) -> None:
        """Raises BagError."""
        try:
            self._board = SerialTransport(port, _BAUD, timeout=_SILENCE_S)
        except _LOST as error:
            raise BagError(Code.PORT_GONE, f"{port}: {error}") from None
        try:
            self._enter()
            self._board.exec_raw(_FORGET, timeout=_PROMPT_S)
        except _LOST as error:
            self._close()
            raise BagError(Code.NO_CONSOLE, f"nothing answers at {port}: {error}") from None

    def _enter(self) -> None:
        """A board that is just starting does not hear what it is told: it is told again."""
        for attempt in range(_ATTEMPTS):
            try:
                with redirect_stdout(io.StringIO()):  # mpremote prints what it did not understand
                    self._board.enter_raw_repl(
                        soft_reset=False, timeout_overall=_PROMPT_S / _ATTEMPTS
                    )
                return
            except TransportError:
                if attempt == _ATTEMPTS - 1:
                    raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is None:
            with suppress(*_LOST):  # it was reset, or the cable is out: all is done
                self._board.exit_raw_repl()
        self._close()

    def run(self, module: str, *arguments: object) -> Any:
        """What a program prints as a line of JSON; anything else is why not. Raises BagError."""
        return self.call(module, "main", *arguments)

    def call(self, module: str, function: str, *arguments: object) -> Any:
        """As `run`, of any function."""
        printed = self._exec(f"__import__({module!r}).{function}(*{arguments!r})")
        lines = [line for line in printed.splitlines() if line.strip()]
        if not lines or not lines[-1].startswith("{"):
            raise BagError(Code.BOARD_REFUSED, " / ".join(lines) or f"{module} says nothing")
        try:
            return json.loads(lines[-1])
        except ValueError:
            raise BagError(Code.CABLE, f"{module} was heard in part: {lines[-1][:80]}") from None

    def converse(self, call: str, hear: Callable[[dict[str, Any]], None]) -> None:
        """Run a call of the image; each line of JSON that it prints is heard as it comes.

        Any other line is why not. Raises BagError.
        """
        begun, refused = bytearray(), list[str]()

        def take(data: bytes) -> None:
            begun.extend(data)
            while (end := begun.find(b"\n")) >= 0:
                line = begun[:end].decode(errors="replace").strip()
                del begun[: end + 1]
                if line.startswith("{"):
                    hear(_fact(line))
                elif line:
                    refused.append(line)

        self._exec(call, take)
        if refused:
            raise BagError(Code.BOARD_REFUSED, " / ".join(refused))

    def lay(self, name: str, content: bytes) -> None:
        """A file for the next start, which judges it, and puts it into the settings."""
        try:
            self._board.fs_writefile(name, content)
            if self._board.fs_readfile(name) != content:
                raise BagError(Code.CABLE, f"{name} does not read back as it was written")
        except _LOST as error:
            raise _lost(error) from None

    def stream(self, call: str, hear: Callable[[bytes], None]) -> None:
        """What `module.function(…)` prints, line by line as it comes. Raises BagError."""
        line = bytearray()

        def consume(data: bytes) -> None:
            for byte in data.replace(b"\x04", b""):
                if byte == _END_OF_LINE:
                    hear(bytes(line.strip()))
                    line.clear()
                else:
                    line.append(byte)

        module = call.partition(".")[0]
        try:
            _, told = self._board.exec_raw(
                f"import {module}\n{call}", timeout=_PATIENCE_S, data_consumer=consume
            )
        except _LOST as error:
            raise _lost(error) from None
        if told:
            raise BagError(
                Code.BOARD_REFUSED, told.decode(errors="replace").strip().split("\n")[-1]
            )

    def back_to_work(self) -> None:
        """The board starts anew, and counts that as no failure."""
        try:
            self._board.exec_raw_no_follow("import leave\nleave.main()")
        except _LOST as error:
            raise _lost(error) from None

    def reset(self) -> None:
        """The board starts anew, and with what was laid down."""
        try:
            self._board.exec_raw_no_follow("from board import Board\nBoard().reset()")
        except _LOST as error:
            raise _lost(error) from None

    def _exec(self, code: str, take: Callable[[bytes], None] | None = None) -> str:
        try:
            output, told = self._board.exec_raw(code, timeout=_PATIENCE_S, data_consumer=take)
        except _LOST as error:
            raise _lost(error) from None
        if told:
            last = told.decode(errors="replace").strip().splitlines()[-1]
            raise BagError(Code.BOARD_REFUSED, last)
        return str(output.decode(errors="replace"))

    def _close(self) -> None:
        with suppress(OSError):  # a cable that is out
            self._board.close()


def _fact(line: str) -> dict[str, Any]:
    try:
        fact: dict[str, Any] = json.loads(line)
    except ValueError:
        raise BagError(Code.CABLE, f"the board was heard in part: {line[:80]}") from None
    return fact


def _lost(error: Exception) -> BagError:
    if isinstance(error, TransportExecError):
        return BagError(Code.BOARD_REFUSED, str(error.error_output).strip().splitlines()[-1])
    return BagError(Code.CABLE, str(error) or "the board fell silent")
