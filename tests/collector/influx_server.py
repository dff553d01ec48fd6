"""A real InfluxDB 1.x on the loopback, and nginx before it that speaks as a 2.x does."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from uuid import uuid4

import pytest
import urllib3

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
"""
# A database for a bucket; 1.x takes a precision that it does not know for nanoseconds.
_REWRITE = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 64m;
  map $arg_precision $precision {{ default n; ns n; us u; ms ms; s s; }}
  upstream influxdb {{ server 127.0.0.1:{port}; keepalive 4; }}
  server {{
    listen 127.0.0.1:{front};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    location = /api/v2/write {{
      rewrite ^ /write?db=$arg_bucket&precision=$precision? break;
      proxy_pass http://influxdb;
    }}
    location = /query {{ proxy_pass http://influxdb; }}
  }}
}}
"""


def program(name: str) -> str:
    """Its path; the test is skipped without it, but not where CI=true."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    found = shutil.which(name, path=path)
    if found is None:
        missing = f"{name} is not installed; as root on Debian: sh tests/parts.sh"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """A server that answers on a port from `start` to `stop`, again and again."""

    def __init__(self, folder: Path, command: list[str], port: int) -> None:
        self.folder = folder
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        until = time.monotonic() + _READY_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    pytest.fail((self.folder / "log").read_text()[-2000:])
                time.sleep(0.02)
            else:
                return

    def stop(self, *, kill: bool = False) -> None:
        if self._process is None:
            return
        (self._process.kill if kill else self._process.terminate)()
        self._process.wait(_READY_S)
        self._process = None


class Influxd(Process):
    def __init__(self, folder: Path) -> None:
        port = free_port()
        path = folder / "influxdb.conf"
        path.write_text(_CONFIGURATION.format(folder=folder, port=port, rpc=free_port()))
        super().__init__(folder, [program("influxd"), "-config", str(path)], port)

    @staticmethod
    def database() -> str:
        """A name that no other test has."""
        return f"esep-{uuid4().hex[:12]}"

    def write(self, database: str, lines: str, precision: str = "ms") -> int:
        """As a stranger would; the status of the answer."""
        url = f"{self.url}/write?db={database}&precision={precision}"
        return urllib3.request("POST", url, body=lines.encode()).status


class Rewrite(Process):
    def __init__(self, folder: Path, influxd: Influxd) -> None:
        front = free_port()
        path = folder / "nginx.conf"
        path.write_text(_REWRITE.format(folder=folder, port=influxd.port, front=front))
        nginx = program("nginx")
        super().__init__(folder, [nginx, "-p", str(folder), "-c", str(path)], front)
