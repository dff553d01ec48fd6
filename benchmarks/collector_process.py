"""A broker and a collector as an operator runs them, and what they take of the machine."""

import os
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.fleet import Fleet
from simulator import mosquitto
from simulator.certificates import Authority, Credential

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PATIENCE_S = 30


@dataclass(frozen=True)
class Used:
    """CPU seconds and the greatest resident memory so far."""

    cpu_s: float
    rss_mib: float


def esep(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "esep", *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class System:
    """One data directory; broker and collector are started on it again and again."""

    def __init__(self, folder: Path, fleet: Fleet, *, receipt_s: float, judges: int) -> None:
        self.directory, self._folder, self._judges = folder / "collector", folder, judges
        self._processes: list[subprocess.Popen[bytes]] = []
        self.collector: list[subprocess.Popen[bytes]] = []
        self._output = folder / "output.log"
        self.port = 0
        self._authority: Authority | None = None
        esep("collector", "init", self.directory, "--root-key", folder / "root.pem")
        fleet.write_register(folder / "register.toml", receipt_s)
        esep("registry", "import", self.directory, folder / "register.toml")
        esep("registry", "configure-all", self.directory, "--out", folder / "configurations")
        fleet.configured(folder / "configurations")

    def start(self, *, with_tls: bool) -> None:
        """Return when the collector is connected."""
        self.port = free_port()
        self._output.write_bytes(b"")
        self._authority = Authority("CA of the benchmark") if with_tls else None
        server = self._authority.issue("broker", "127.0.0.1") if self._authority else None
        broker = self._folder / f"broker-{self.port}"
        self._run(mosquitto.configure(broker, self.port, self._authority, server))
        self._await(self._listens)
        files: list[str] = []
        if self._authority is not None:
            certificate, key = self._authority.issue("esep-collector").write_pem(broker, "me")
            ca = str(broker / "ca.crt")
            files = ["--ca", ca, "--certificate", str(certificate), "--key", str(key)]
        common = [str(self.directory), "--broker", f"127.0.0.1:{self.port}", *files]
        esep_collector = [sys.executable, "-m", "esep", "collector"]
        self.collector = [
            self._run([*esep_collector, "run", *common, "--intake-apart"]),
            self._run([*esep_collector, "intake", *common, "--judges", str(self._judges)]),
        ]
        self._await(lambda: self._output.read_bytes().count(b'"broker.connected"') == 2)

    def credential(self, name: str) -> ssl.SSLContext | None:
        """What a client of that name connects with; None without TLS."""
        if self._authority is None:
            return None
        broker = self._folder / f"broker-{self.port}"
        issued: Credential = self._authority.issue(name)
        certificate, key = issued.write_pem(broker, name)
        context = ssl.create_default_context(cafile=str(broker / "ca.crt"))
        context.load_cert_chain(certificate, key)
        return context

    def stop(self) -> None:
        """At once: followers go on at the next start from where they are."""
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        self._processes.clear()

    def used(self) -> Used:
        """By the collector's processes, those that it has started included."""
        cpu_s = rss_kib = 0.0
        for pid in self._tree():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            cpu_s += (int(fields[11]) + int(fields[12])) / _TICKS
            status = Path(f"/proc/{pid}/status").read_text()
            rss_kib += int(status.partition("VmHWM:")[2].split()[0])
        return Used(cpu_s, rss_kib / 1024)

    def _tree(self) -> list[int]:
        pids = [process.pid for process in self.collector]
        for pid in pids:
            children = Path(f"/proc/{pid}/task/{pid}/children")
            pids += map(int, children.read_text().split()) if children.exists() else []
        return pids

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self._output.open("ab") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        self._processes.append(process)
        return process

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionRefusedError:
            return False
        return True

    def _await(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + _PATIENCE_S
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError(self._output.read_text()[-2000:])
            time.sleep(0.05)


class Ledger:
    """What of the collector's database is seen from outside."""

    def __init__(self, directory: Path) -> None:
        uri = f"file:{directory / 'collector.sqlite'}?mode=ro"
        self._connection = sqlite3.connect(uri, uri=True, isolation_level=None)

    def head(self) -> int:
        return self._one("SELECT max(position) FROM frame") or 0

    def names(self, after: int) -> list[tuple[int, bytes, int]]:
        """Position, gateway and seq."""
        query = "SELECT position, gateway, seq FROM frame WHERE position > ? ORDER BY position"
        return self._connection.execute(query, (after,)).fetchall()

    def cursor(self, follower: str) -> int:
        query = "SELECT position FROM follower WHERE name = ?"
        row = self._connection.execute(query, (follower,)).fetchone()
        return 0 if row is None else int(row[0])

    def faults(self) -> dict[str, int]:
        refused = "SELECT reason, count FROM refusal_count"
        found = "SELECT fault, count(*) FROM chain_fault GROUP BY fault"
        return dict([*self._connection.execute(refused), *self._connection.execute(found)])

    def _one(self, query: str) -> Any:
        return self._connection.execute(query).fetchone()[0]
