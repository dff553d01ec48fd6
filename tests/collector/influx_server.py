"""A real InfluxDB 1.x on the loopback, and nginx before it that speaks as a 2.x does."""

from pathlib import Path
from uuid import uuid4

import urllib3
from absent import absent

from simulator import influxdb

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
    found = influxdb.find(name)
    if found is None:
        absent(f"{name} is not installed; as root on Debian: sh tests/parts.sh")
    return found


class Influxd(influxdb.Influxd):
    def __init__(self, folder: Path, max_rows: int = 0) -> None:
        super().__init__(folder, program("influxd"), max_rows)

    @staticmethod
    def database() -> str:
        """A name that no other test has."""
        return f"esep-{uuid4().hex[:12]}"

    def write(self, database: str, lines: str, precision: str = "ms") -> int:
        """As a stranger would; the status of the answer."""
        url = f"{self.url}/write?db={database}&precision={precision}"
        return urllib3.request("POST", url, body=lines.encode()).status


class Rewrite(influxdb.Server):
    def __init__(self, folder: Path, influxd: Influxd) -> None:
        front = influxdb.free_port()
        path = folder / "nginx.conf"
        path.write_text(_REWRITE.format(folder=folder, port=influxd.port, front=front))
        nginx = program("nginx")
        super().__init__(folder, [nginx, "-p", str(folder), "-c", str(path)], front)
