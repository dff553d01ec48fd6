"""A board's console, by mpremote's protocol: programs of the image are run, settings laid down."""

import io
import json
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
_PROMPT_S = 10
_LOST = (TransportError, SerialException, OSError)


class Console:
    """The board at a port. Its programs are not reset by coming: what runs is interrupted."""

    def __init__(self, port: str) -> None:
        """Raises BagError."""
        try:
            self._board = SerialTransport(port, _BAUD, timeout=_SILENCE_S)
        except _LOST as error:
            raise BagError(Code.PORT_GONE, f"{port}: {error}") from None
        try:
            with redirect_stdout(io.StringIO()):  # mpremote prints what it did not understand
                self._board.enter_raw_repl(soft_reset=False, timeout_overall=_PROMPT_S)
        except _LOST as error:
            self._close()
            raise BagError(Code.NO_CONSOLE, f"nothing answers at {port}: {error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is None:
            with suppress(*_LOST):  # it was reset, or the cable is out: all is done
                self._board.exit_raw_repl()
        self._close()

    def run(self, module: str) -> Any:
        """What a program prints as a line of JSON; anything else is why not. Raises BagError."""
        return self.call(module, "main")

    def call(self, module: str, function: str, *arguments: int | bytes) -> Any:
        """As `run`, of any function."""
        listed = ", ".join(
            str(each) if isinstance(each, int) else f"bytes.fromhex('{each.hex()}')"
            for each in arguments
        )
        printed = self._exec(f"__import__({module!r}).{function}({listed})")
        lines = [line for line in printed.splitlines() if line.strip()]
        if not lines or not lines[-1].startswith("{"):
            raise BagError(Code.BOARD_REFUSED, " / ".join(lines) or f"{module} says nothing")
        try:
            return json.loads(lines[-1])
        except ValueError:
            raise BagError(Code.CABLE, f"{module} was heard in part: {lines[-1][:80]}") from None

    def lay(self, name: str, content: bytes) -> None:
        """A file for the next start, which judges it, and puts it into the settings."""
        try:
            self._board.fs_writefile(name, content)
            if self._board.fs_readfile(name) != content:
                raise BagError(Code.CABLE, f"{name} does not read back as it was written")
        except _LOST as error:
            raise _lost(error) from None

    def reset(self) -> None:
        """The board starts anew, and with what was laid down."""
        try:
            self._board.exec_raw_no_follow("from board import Board\nBoard().reset()")
        except _LOST as error:
            raise _lost(error) from None

    def _exec(self, code: str) -> str:
        try:
            output, told = self._board.exec_raw(code, timeout=_PATIENCE_S)
        except _LOST as error:
            raise _lost(error) from None
        if told:
            last = told.decode(errors="replace").strip().splitlines()[-1]
            raise BagError(Code.BOARD_REFUSED, last)
        return str(output.decode(errors="replace"))

    def _close(self) -> None:
        with suppress(OSError):  # a cable that is out
            self._board.close()


def _lost(error: Exception) -> BagError:
    if isinstance(error, TransportExecError):
        return BagError(Code.BOARD_REFUSED, str(error.error_output).strip().splitlines()[-1])
    return BagError(Code.CABLE, str(error) or "the board fell silent")
