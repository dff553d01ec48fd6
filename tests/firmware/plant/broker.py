"""An amqtt broker in a process of its own, which can be killed and started again."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

CONFIG = {
    "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
}


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class Broker:
    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self._config = directory / "broker.yaml"
        listeners = {"default": {"type": "tcp", "bind": f"127.0.0.1:{self.port}"}}
        self._config.write_text(json.dumps({**CONFIG, "listeners": listeners}))
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [Path(sys.executable).with_name("amqtt"), "-c", self._config],
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
