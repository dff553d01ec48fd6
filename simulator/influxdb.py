"""A real InfluxDB 1.x (`influxd`) in a folder, on the loopback, for tests and benchmarks."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

_READY_S = 30
_CONFIGURATION = """\
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
  max-row-limit = {max_rows}
"""


def find(name: str) -> str | None:
    """The path of a server's program, also where only root has it on his path."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    return shutil.which(name, path=path)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Server:
    """Answers on its port from `start` to `stop`, again and again."""

    def __init__(self, folder: Path, command: list[str], port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / "log"
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when it answers; raises RuntimeError when it does not."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)  # noqa: S603
        until = time.monotonic() + _READY_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(self._log.read_text()[-2000:]) from None
                time.sleep(0.02)
            else:
                return

    @property
    def cpu_s(self) -> float:
        """What the running server has used so far."""
        assert self._process is not None  # noqa: S101
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, *, kill: bool = False) -> None:
        if self._process is None:
            return
        (self._process.kill if kill else self._process.terminate)()
        self._process.wait(_READY_S)
        self._process = None


class Influxd(Server):
    """`program` is the path of influxd; its answers have at most so many rows, where it is set."""

    def __init__(self, folder: Path, program: str, max_rows: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        path = folder / "influxdb.conf"
        rpc = free_port()
        text = _CONFIGURATION.format(folder=folder, port=port, rpc=rpc, max_rows=max_rows)
        path.write_text(text)
        super().__init__(folder, [program, "-config", str(path)], port)
