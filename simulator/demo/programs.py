"""The demo's other programs, each a process of its own."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator import micropython


class ProgramError(RuntimeError):
    """One of the demo's programs did not do its part."""


class Program:
    """A process that writes JSON lines; what it writes to standard error goes to a log file."""

    def __init__(
        self, name: str, command: list[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self.log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **(environment or {})},
                process_group=0,  # Ctrl-C is ours to hand on
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101
        for line in self._process.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                message = None
            if isinstance(message, dict):
                self.lines.put(message)
            else:
                with self.log.open("ab") as log:
                    log.write(line)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def next_line(self, timeout_s: float) -> dict[str, Any]:
        """The next JSON line; ProgramError when none comes."""
        try:
            return self.lines.get(timeout=timeout_s)
        except queue.Empty:
            raise ProgramError(f"{self.name} says nothing; see {self.log}") from None

    def ask(self, command: Mapping[str, Any], timeout_s: float = 10) -> dict[str, Any]:
        """Write a command to standard input and return the answer."""
        assert self._process.stdin is not None  # noqa: S101
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        self._process.stdin.flush()
        answer = self.next_line(timeout_s)
        if "error" in answer:
            raise ProgramError(f"{self.name}: {answer['error']}")
        return answer

    def kill(self) -> None:
        """SIGKILL: no word of farewell."""
        self._process.kill()
        self._process.wait()

    def wait(self, timeout_s: float) -> None:
        """Until it has ended by itself; ProgramError when it does not."""
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise ProgramError(f"{self.name} does not end; see {self.log}") from None
        if code != 0:
            raise ProgramError(f"{self.name} ended with exit code {code}; see {self.log}")

    def stop(self, number: int = signal.SIGTERM, timeout_s: float = 15) -> int:
        """End it in order; its exit code. One that does not end is killed."""
        if self.is_running:
            self._process.send_signal(number)
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self._process.returncode
        self._reader.join(timeout=5)
        return code


def esep(*arguments: str | Path) -> str:
    """Run a verb of `esep` to its end and return what it printed; ProgramError if it fails."""
    command = [sys.executable, "-m", "esep", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise ProgramError(f"esep {' '.join(map(str, arguments))}: {done.stderr or done.stdout}")
    return done.stdout


def enrol(image: Path, board: Path) -> dict[str, Any]:
    """Have a gateway make its key; the JSON line that offers it."""
    done = subprocess.run(  # noqa: S603
        micropython.command(image, "enrol"),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ESEP_BOARD": str(board)},
    )
    if done.returncode != 0:
        raise ProgramError(f"{board} cannot be enrolled: {done.stderr or done.stdout}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
