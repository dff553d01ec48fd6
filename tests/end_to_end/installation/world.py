"""The demo's programs with a real broker between them, and what a test asks of them."""

import json
import queue
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Engine, func, select

from collector.evidence.cose import ContentType, parse
from collector.evidence.errors import EvidenceError
from collector.evidence.frame import Event, EventCode, Frame, Stream, read_frame
from collector.intake.admission import Admission, Delivery
from collector.ledger.ledger import Entry, Ledger
from collector.registry.store import Registry
from collector.storage import open_database, reading
from collector.storage.tables import frame as frame_table
from installation import mosquitto
from installation.certificates import Authority, Credential
from installation.client import Client, tls_context
from simulator import micropython
from simulator.demo import plan
from simulator.demo.plan import SitePlan, Timeline
from simulator.demo.programs import ProgramError, esep
from simulator.demo.world import World

HOST = "127.0.0.1"
BROKER_NAME = "broker.test"
PATIENCE_S = 40
_PERIODS = 90

Fact = dict[str, Any]
Name = tuple[str, int, Stream]
"""Gateway, epoch, stream: a chain."""


class Installation(World):
    """`facts` is what the collectors said since the beginning, `watcher` sees every message."""

    watcher: Client

    def __init__(self, directory: Path, sites: list[SitePlan]) -> None:
        mosquitto.find()
        super().__init__(directory, sites, seed=1)
        self.authority = Authority("CA of the test")
        self.is_open = False
        self.facts: list[Fact] = []
        self.receipts_ahead: list[tuple[Name, int]] = []
        self._settings = directory / "broker"

    @property
    def engine(self) -> Engine:
        return self._engine

    def open(self) -> None:
        """Start everything, and switch the sites on once each meter has been read."""
        ready = self.build()
        period_ms = plan.PERIOD_S * 1000
        this_period_ms = time.time_ns() // 1_000_000 // period_ms * period_ms
        self.register(ready, Timeline(this_period_ms, _PERIODS))
        self._engine = open_database(self.evidence)
        for gateway in self.gateways:
            self.provision(gateway, self.authority.issue(gateway))
        self.start_broker()
        self.watcher = self.connect(mosquitto.WATCHER, "esep/v1/#")
        self.watcher.on_message = self._check_receipt
        self.start_collector(None)
        self.await_fact("broker.connected")
        self.start_gateways()
        for site in self.sites:
            for meter in site.meters:
                self.await_fact("meter.first_reading", meter=meter.serial)
        self.simulator.ask({"cmd": "energise"})
        self.is_open = True

    def reopen(self) -> None:
        """After the books were closed."""
        mark = self.take_facts()
        self.start_collector(None)
        self.await_fact("broker.connected", after=mark)
        for site in self.folders:
            self.boot_gateway(site)
        self.await_receipts()
        self.is_open = True

    # ---- programs --------------------------------------------------------------------------

    def provision(self, gateway: str, credential: Credential) -> None:
        """Give a gateway the way to the broker and a certificate for it."""
        settings = self.folders[self.gateways[gateway]].settings
        (settings / "ca.der").write_bytes(self.authority.certificate(Encoding.DER))
        (settings / "client.der").write_bytes(credential.certificate(Encoding.DER))
        (settings / "client-key.der").write_bytes(credential.key(Encoding.DER))
        network = {
            "host": HOST,
            "port": self.port,
            "keepalive_s": 15,
            "tls": {
                "ca": "ca.der",
                "cert": "client.der",
                "key": "client-key.der",
                "hostname": BROKER_NAME,
            },
        }
        (settings / "network.json").write_text(json.dumps(network))

    def start_broker(self, *hosts: str) -> None:
        """`hosts` are the names and addresses in the broker's certificate, else its own."""
        server = self.authority.issue("broker", *(hosts or (BROKER_NAME, HOST)))
        command = mosquitto.configure(self._settings, self.port, self.authority, server)
        self.broker = self._start("broker", command)
        self._await_port()

    def start_collector(self, http: str | None, *options: str | Path) -> None:
        ca = self._settings / "ca.crt"
        certificate, key = self._pem(mosquitto.COLLECTOR)
        tls = ("--ca", ca, "--certificate", certificate, "--key", key)
        super().start_collector(http, *tls, *options)

    def connect(self, name: str, *topics: str) -> Client:
        """A client whose certificate bears a name."""
        certificate, key = self._pem(name)
        return Client(self.port, tls_context(self._settings / "ca.crt", certificate, key), topics)

    def boot_gateway(self, site: str) -> None:
        """Start a gateway and wait until it has said so over the wire."""
        mark = len(self.watcher.messages)
        self.start_gateway(site)
        gateway = next(name for name, its in self.gateways.items() if its == site)

        def is_boot(topic: str, payload: bytes) -> bool:
            if topic != f"esep/v1/{gateway}/frame":
                return False
            first = read_frame(payload)[1].records[0]
            return isinstance(first, Event) and first.code is EventCode.BOOT

        self.watcher.await_message(is_boot, mark)

    def kill_gateway(self, site: str) -> None:
        self.kill(self.gateway_programs[site])

    def hand_over(self, site: str, out: Path) -> None:
        """What a technician does at a gateway that is stopped."""
        command = [*micropython.command(self._firmware, "handover"), str(out)]
        board = {"ESEP_BOARD": str(self.folders[site].board)}
        done = subprocess.run(command, env=board, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def start_collector_without_certificate(self) -> None:
        super().start_collector(None)

    def stop_collector(self) -> None:
        assert self.collector.stop() == 0, f"see {self.collector.log}"
        self._running.remove(self.collector)

    def close(self) -> None:
        if hasattr(self, "watcher"):
            self.watcher.close()
        super().close()
        if hasattr(self, "_engine"):
            self._engine.dispose()

    def _pem(self, name: str) -> tuple[Path, Path]:
        return self.authority.issue(name).write_pem(self._settings, name)

    def _await_port(self) -> None:
        until = time.monotonic() + PATIENCE_S
        while self.broker.is_running and time.monotonic() < until:
            try:
                socket.create_connection((HOST, self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise ProgramError(f"the broker does not listen; see {self.broker.log}")

    # ---- what they say ---------------------------------------------------------------------

    def await_fact(
        self,
        event: str,
        where: Callable[[Fact], Any] = bool,
        *,
        after: int = 0,
        patience_s: float = PATIENCE_S,
        **fields: Any,
    ) -> Fact:
        """The first fact since `after` (a length of `facts`) of that event, with those fields."""
        until = time.monotonic() + patience_s
        at = after
        while True:
            while at < len(self.facts):
                fact = self.facts[at]
                at += 1
                if fact["event"] == event and fields.items() <= fact.items() and where(fact):
                    return fact
            if self.next_fact(max(until - time.monotonic(), 0)) is None:
                told = "\n".join(map(str, self.facts[-20:]))
                raise AssertionError(
                    f"no {event} {fields} came in {patience_s} s; logs in {self.logs};"
                    f" the last facts were:\n{told}"
                )

    def next_fact(self, timeout_s: float) -> Fact | None:
        """Take the collector's next fact, if one comes in time."""
        try:
            fact = self.collector.lines.get(timeout=timeout_s)
        except queue.Empty:
            return None
        self.facts.append(fact)
        return fact

    def take_facts(self) -> int:
        """Take what has been said so far; how many facts there are now."""
        while self.next_fact(0) is not None:
            pass
        return len(self.facts)

    def gateway_log(self, site: str) -> str:
        return (self.logs / f"gateway-{site}.log").read_text(errors="replace")

    def await_log(self, site: str, text: str, after: int = 0) -> None:
        """Until a text is in a gateway's log, `after` so many characters."""
        until = time.monotonic() + PATIENCE_S
        while text not in self.gateway_log(site)[after:]:
            told = self.gateway_log(site)[after:]
            assert time.monotonic() < until, f"{text!r} is not in the log of {site}:\n{told}"
            time.sleep(0.05)

    # ---- what they hold --------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        return list(Ledger(self.engine).entries())

    def frames(self, site: str, stream: Stream = Stream.BILLING) -> list[Frame]:
        """The frames of a gateway's stream in the ledger, in the order they came."""
        frames = [entry.frame for entry in self.entries()]
        return [
            frame
            for frame in frames
            if self.gateways[frame.gateway.hex()] == site and frame.stream is stream
        ]

    def await_frame(self, site: str | None = None, after: int | None = None) -> bytes:
        """The next frame on the wire, of a site's gateway or of any."""

        def wanted(topic: str, payload: bytes) -> bytes | None:
            if not topic.endswith("/frame"):
                return None
            is_its = site is None or self.gateways.get(topic.split("/")[2]) == site
            return payload if is_its else None

        mark = len(self.watcher.messages) if after is None else after
        frame: bytes = self.watcher.await_message(wanted, mark)
        return frame

    def await_receipts(self) -> None:
        """Until receipts cover every frame that has been on the wire."""
        for name, seq in self._newest_frames().items():

            def covers(topic: str, payload: bytes, name: Name = name, seq: int = seq) -> bool:
                return _covered(topic, payload).get(name, 0) >= seq

            self.watcher.await_message(covers, patience_s=PATIENCE_S)

    def close_books(self) -> dict[str, dict[str, Any]]:
        """Let the gateways hand over and end, then the collector; each gateway's last status."""
        self.is_open = False
        mark = self.take_facts()
        self.stop_gateways()
        last = {}
        for gateway in self.gateways:
            fact = self.await_fact(
                "gateway.status",
                lambda fact: not fact["status"]["online"] and "pending" in fact["status"],
                after=mark,
                gateway=gateway,
            )
            last[gateway] = fact["status"]
        self.stop_collector()
        self.take_facts()
        return last

    def verify(self) -> dict[str, Any]:
        """What `esep collector verify` finds; it fails when something does not hold."""
        verdict: dict[str, Any] = json.loads(esep("collector", "verify", self.evidence, "--json"))
        return verdict

    def status(self) -> dict[str, Any]:
        """What `esep collector status` says."""
        status: dict[str, Any] = json.loads(esep("collector", "status", self.evidence, "--json"))
        return status

    def audit(self) -> str:
        """Export the evidence and have the auditor judge it; fails when it does not hold."""
        out = self.directory / "export"
        esep("collector", "export", self.evidence, out)
        command = [sys.executable, "-m", "auditor", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _newest_frames(self) -> dict[Name, int]:
        """The highest seq of each chain among the true frames on the wire."""
        view = Registry(self.engine).view()
        admission = Admission(view.knows, view.gateway_key)
        newest: dict[Name, int] = {}
        for topic, payload in list(self.watcher.messages):
            try:
                frame = admission.judge(Delivery.of(topic, payload)).frame
            except EvidenceError:
                continue
            name = frame.gateway.hex(), frame.epoch, frame.stream
            newest[name] = max(newest.get(name, 0), frame.seq)
        return newest

    def _check_receipt(self, message: tuple[str, bytes]) -> None:
        """At the moment a receipt passes, everything that it covers must be in the ledger."""
        for name, upto in _covered(*message).items():
            if self._held(name, upto) < upto:
                self.receipts_ahead.append((name, upto))

    def _held(self, name: Name, upto: int) -> int:
        """How many of the frames 1…upto of a chain are in the ledger."""
        gateway, epoch, stream = name
        query = select(func.count(func.distinct(frame_table.c.seq))).where(
            frame_table.c.gateway == bytes.fromhex(gateway),
            frame_table.c.epoch == epoch,
            frame_table.c.stream == int(stream),
            frame_table.c.seq <= upto,
        )
        with reading(self.engine) as connection:
            return connection.scalar(query) or 0


def _covered(topic: str, message: bytes) -> dict[Name, int]:
    """By chain the seq up to which a message is a receipt; nothing when it is none."""
    try:
        body = parse(message, ContentType.RECEIPT).payload
    except EvidenceError:
        return {}
    gateway = topic.split("/")[2]
    return {
        (gateway, epoch, stream): upto
        for stream, (epoch, upto, *_) in zip(Stream, body[4], strict=True)
    }
