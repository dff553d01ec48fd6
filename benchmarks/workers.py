"""Processes that answer one JSON line with another: the clients, and the line itself."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware"
_SCRIPTS = ROOT / "tests" / "firmware" / "device"
_HEAP = "64wk"  # as many words as an ESP32's 64 KiB


class WorkerError(RuntimeError):
    """A process said something that is no answer; the text is what it said."""


class Worker:
    def __init__(self, command: list[str], env: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT
        )

    def tell(self, request: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        try:
            return json.loads(line)
        except ValueError:
            self.close()
            raise WorkerError(line + self._rest) from None

    def ask(self, request: Any) -> Any:
        self.tell(request)
        return self.hear()

    def close(self) -> None:
        """End its input and wait for it."""
        self._rest, _ = self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._process.returncode is None:
            if kind is not None:
                self._process.kill()
            self.close()


def micropython(script: str, *args: str, firmware: Path = FIRMWARE, heap: str = _HEAP) -> Worker:
    """A script of tests/firmware/device on the firmware's modules, source or bytecode."""
    binary = Path(sys.executable).with_name("micropython")
    command = [str(binary), "-X", f"heapsize={heap}", str(_SCRIPTS / f"{script}.py"), *args]
    return Worker(command, {"MICROPYPATH": f".frozen:{firmware}:{_SCRIPTS}"})


def python(module: str, *args: str) -> Worker:
    return Worker([sys.executable, "-m", module, *args], os.environ)
