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
from typing import Any, Protocol

from simulator import mosquitto
from simulator.certificates import Authority, Credential

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PATIENCE_S = 120
_LISTENING = "0A"


@dataclass(frozen=True)
class Used:
    """CPU seconds and the greatest resident memory so far."""

    cpu_s: float
    rss_mib: float


class Registered(Protocol):
    """A fleet: what the operator's register has of it, and the configurations it was issued."""

    def write_register(self, path: Path, receipt_s: float) -> None: ...

    def configured(self, folder: Path) -> None: ...


@dataclass(frozen=True)
class Place:
    """Where broker and collector run: their address, and what a command there begins with."""

    host: str = "127.0.0.1"
    inside: tuple[str, ...] = ()


def esep(*arguments: str | Path) -> str:
    """What the verb printed; RuntimeError with what it said when it fails."""
    command = [sys.executable, "-m", "esep", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"esep {' '.join(map(str, arguments))}: {done.stderr or done.stdout}")
    return done.stdout


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class System:
    """One data directory; broker and collector are started on it again and again."""

    def __init__(
        self,
        folder: Path,
        fleet: Registered,
        *,
        receipt_s: float,
        judges: int,
        place: Place | None = None,
        verb: Callable[..., str] | None = None,
    ) -> None:
        """`verb`: runs a verb of `esep`; None: in a process of its own."""
        self.directory, self._folder, self._judges = folder / "collector", folder, judges
        self.place = place or Place()
        self._processes: list[subprocess.Popen[bytes]] = []
        self.collector: list[subprocess.Popen[bytes]] = []
        self._output = folder / "output.log"
        self.port = 0
        self.authority: Authority | None = None
        run = verb or esep
        run("collector", "init", self.directory, "--root-key", folder / "root.pem")
        fleet.write_register(folder / "register.toml", receipt_s)
        run("registry", "import", self.directory, folder / "register.toml")
        run("registry", "configure-all", self.directory, "--out", folder / "configurations")
        fleet.configured(folder / "configurations")

    def start(self, *, with_tls: bool) -> None:
        """Return when the collector is connected."""
        self.port = free_port()
        self._output.write_bytes(b"")
        self.authority = Authority("CA of the benchmark") if with_tls else None
        host = self.place.host
        server = self.authority.issue("broker", host) if self.authority else None
        broker = self._folder / f"broker-{self.port}"
        listener = f"{self.port} {host}"
        command = mosquitto.configure(broker, self.port, self.authority, server, listener=listener)
        pid = self._run(command).pid
        self._await(lambda: self._listens(pid))
        files: list[str] = []
        if self.ca is not None and self.authority is not None:
            certificate, key = self.authority.issue("esep-collector").write_pem(broker, "me")
            files = ["--ca", str(self.ca), "--certificate", str(certificate), "--key", str(key)]
        common = [str(self.directory), "--broker", f"{host}:{self.port}", *files]
        esep_collector = [sys.executable, "-m", "esep", "collector"]
        self.collector = [
            self._run([*esep_collector, "run", *common, "--intake-apart"]),
            self._run([*esep_collector, "intake", *common, "--judges", str(self._judges)]),
        ]
        self._await(lambda: self._output.read_bytes().count(b'"broker.connected"') == 2)

    @property
    def ca(self) -> Path | None:
        """The certificate by which a client knows the broker; None without TLS."""
        return self._folder / f"broker-{self.port}" / "ca.crt" if self.authority else None

    @property
    def output(self) -> str:
        """What broker and collector said."""
        return self._output.read_text()

    def credential(self, name: str) -> ssl.SSLContext | None:
        """What a client of that name connects with; None without TLS."""
        if self.authority is None or self.ca is None:
            return None
        issued: Credential = self.authority.issue(name)
        certificate, key = issued.write_pem(self.ca.parent, name)
        context = ssl.create_default_context(cafile=str(self.ca))
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
            whole = [*self.place.inside, *command]
            process = subprocess.Popen(whole, stdout=output, stderr=output)
        self._processes.append(process)
        return process

    def _listens(self, pid: int) -> bool:
        """Whether somebody does on the broker's port, where that process is."""
        rows = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
        sockets = [row.split() for row in rows]
        return any(
            each[3] == _LISTENING and int(each[1].partition(":")[2], 16) == self.port
            for each in sockets
        )

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
