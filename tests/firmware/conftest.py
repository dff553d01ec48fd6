"""Runs the firmware's modules in the real MicroPython, with an ESP32's heap."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
FIRMWARE = HERE.parents[1] / "firmware"
MICROPYTHON = Path(sys.executable).with_name("micropython")
HEAP = "96wk"  # as many words as an ESP32's 96 KiB: more than sources that are compiled need


class Device:
    """A script of tests/firmware/device in MicroPython, which answers each request it is asked."""

    def __init__(self, script: str, *args: str, heap: str = HEAP) -> None:
        self._process = subprocess.Popen(
            [MICROPYTHON, "-X", f"heapsize={heap}", HERE / "device" / f"{script}.py", *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"MICROPYPATH": f".frozen:{FIRMWARE}:{HERE / 'device'}"},
        )

    def ask(self, *request: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        try:
            return json.loads(answer)
        except ValueError:  # MicroPython prints its tracebacks there too
            self._process.stdin.close()
            pytest.fail(answer + self._process.stdout.read())

    def close(self) -> None:
        with self._process:
            if self._process.stdin is not None:
                self._process.stdin.close()


@pytest.fixture(scope="module")
def start_device() -> Iterator[Callable[..., Device]]:
    """Starts a script with its arguments; it ends with the test module."""
    devices = []

    def start(script: str, *args: str, heap: str = HEAP) -> Device:
        devices.append(Device(script, *args, heap=heap))
        return devices[-1]

    yield start
    for device in devices:
        device.close()
