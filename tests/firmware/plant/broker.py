"""A broker in a process of its own, which can be killed and started again."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from absent import absent


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class Broker:
    """Mosquitto. The test is skipped where it is not installed, but not where CI=true."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self._command = self._configured(directory)
        self.start()

    def _configured(self, directory: Path) -> list[str | Path]:
        places = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
        program = shutil.which("mosquitto", path=places)
        if program is None:
            absent("mosquitto is not installed; as root on Debian: sh tests/parts.sh")
        config = directory / "mosquitto.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
        return [program, "-c", config]

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while True:  # a broker says nothing when it listens
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
