"""Several workers with a real broker and PostgreSQL between them, and gateways that are honest."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from collector_world import (
    AUTHORITY,
    DEMO,
    LICENSEE,
    POLICY,
    TestGateway,
    gateway_record,
    meter_record,
    site_record,
)
from installation import mosquitto
from installation.postgresql import PostgreSQL
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from senders import Sender
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from collector.cli.service import now_ms
from collector.cli.verdict import Verdict
from collector.cli.verify import verify_directory
from collector.evidence.cose import message_hash
from collector.evidence.downlink import Role
from collector.evidence.frame import Stream
from collector.ledger.followers import position_of
from collector.ledger.ledger import Ledger
from collector.model.records import Record
from collector.registry.configuration import compile_configuration
from collector.registry.configurations import Configurations
from collector.registry.keyring import Keyring
from collector.registry.store import Registry
from collector.storage import open_database, reading
from collector.storage.tables import frame as frame_table
from simulator.demo.programs import Program, esep, free_port

PATIENCE_S = 150
FOLLOWERS = ("chain", "intervals", "orders", "schedules", "series")
_LOOK_S = 0.1


class Plant:
    """A broker, a server, a collector's directory, workers and gateways."""

    def __init__(self, folder: Path, server: PostgreSQL, gateways: int) -> None:
        self._broker_program = mosquitto.find()
        self.folder = folder
        self.server = server
        self.directory = folder / "collector"
        self.port = free_port()
        self.workers: dict[str, Program] = {}
        self.facts: list[tuple[str, dict[str, Any]]] = []
        self.receipts_ahead: list[tuple[bytes, Stream, int]] = []
        self.database = server.new()
        url = server.url(self.database)
        esep("collector", "init", self.directory, "--database", url)
        self.engine = open_database(self.directory)
        self.registry = Registry(self.engine)
        self.gateways = [TestGateway() for _ in range(gateways)]
        self._register()
        self._broker = self._start_broker()
        self.senders = [Sender(gateway, self.port, self.check_receipt) for gateway in self.gateways]

    @classmethod
    @contextmanager
    def running(cls, folder: Path, server: PostgreSQL, gateways: int) -> "Iterator[Plant]":
        plant = cls(folder, server, gateways)
        with ExitStack() as stack:
            stack.callback(plant.close)
            yield plant

    def _register(self) -> None:
        policy = POLICY.model_copy(update={"receipt_s": Decimal("0.5"), "checkpoint_s": Decimal(2)})
        records: list[Record] = [DEMO, policy, AUTHORITY, LICENSEE]
        for number, gateway in enumerate(self.gateways):
            site = f"site-{number}"
            records += [
                site_record(gateway, site),
                gateway_record(gateway, site),
                meter_record(gateway, f"meter-{number}", 0, "delivery", site),
            ]
        self.registry.record(records, bytes(32), now_ms())
        keyring = Keyring(self.directory)
        signer = keyring.signer(Role.CONFIGURATION)
        for gateway in self.gateways:
            issued_ms = now_ms()
            message = compile_configuration(
                self.registry.view(), gateway.id.hex(), issued_ms, signer
            )
            configurations = Configurations(self.engine, keyring.root)
            gateway.configuration = configurations.store(message, issued_ms)

    def _start_broker(self) -> "subprocess.Popen[bytes]":
        path = self.folder / "mosquitto.conf"
        path.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
            "max_inflight_messages 0\nlog_type error\n"
        )
        broker = subprocess.Popen([self._broker_program, "-c", path])
        probe = Client(CallbackAPIVersion.VERSION2)
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                probe.connect("127.0.0.1", self.port)
            except OSError:
                time.sleep(_LOOK_S)
            else:
                probe.disconnect()
                return broker
        raise AssertionError("the broker does not answer")

    def kill_broker(self) -> None:
        self._broker.kill()
        self._broker.wait()

    def start_broker(self) -> None:
        self._broker = self._start_broker()

    def start(self, name: str, *more: str) -> None:
        command = [sys.executable, "-m", "esep", "collector", "work", str(self.directory)]
        options = ["--broker", f"127.0.0.1:{self.port}", "--name", name]
        log = self.folder / f"{name}.log"
        self.workers[name] = Program(name, [*command, *options, *more], log)

    def await_fact(self, name: str, event: str, **fields: Any) -> dict[str, Any]:
        """What a worker says next of that kind."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            fact = self.workers[name].next_line(PATIENCE_S)
            self.facts.append((name, fact))
            if fact.get("event") == event and fields.items() <= fact.items():
                return fact
        raise AssertionError(f"{name} did not say {event}; it said {self.facts[-20:]}")

    def listen(self) -> None:
        """Take what the workers have said since."""
        for name, worker in self.workers.items():
            while not worker.lines.empty():
                self.facts.append((name, worker.lines.get()))

    def leader(self, duty: str) -> str | None:
        """Who took it last."""
        self.listen()
        took = [
            name
            for name, fact in self.facts
            if fact.get("event") == "leadership.taken" and fact["duty"] == duty
        ]
        return took[-1] if took else None

    def check_receipt(self, gateway: bytes, stream: Stream, upto: int) -> None:
        """At the moment a receipt passes, everything that it covers must be in the ledger."""
        while True:
            try:
                if self.held(gateway, stream, upto) < upto:
                    self.receipts_ahead.append((gateway, stream, upto))
                return
            except DBAPIError:  # the server starts again
                time.sleep(_LOOK_S)

    def held(self, gateway: bytes, stream: Stream, upto: int = 2**32) -> int:
        """How many frames of a stream are in the ledger, each name once."""
        query = select(func.count(func.distinct(frame_table.c.seq))).where(
            frame_table.c.gateway == gateway,
            frame_table.c.stream == int(stream),
            frame_table.c.seq <= upto,
        )
        with reading(self.engine) as connection:
            return connection.scalar(query) or 0

    def send(self, seconds: float, rate: float = 12.0) -> None:
        """Frames of every gateway at a rate a second, resent like a journal would."""
        until, step_s = time.monotonic() + seconds, 1 / rate
        due = time.monotonic()
        while time.monotonic() < until:
            for sender in self.senders:
                sender.step()
                sender.resend()
            due += step_s
            time.sleep(max(due - time.monotonic(), 0))

    def await_frames(self) -> None:
        """Until everything sent is in the ledger."""
        until = time.monotonic() + PATIENCE_S
        while len(self.frames()) < len(self.sent()):
            assert time.monotonic() < until, "frames are missing"
            time.sleep(_LOOK_S)

    def settle(self) -> None:
        """Until everything sent has its receipt and is followed to the head."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            for sender in self.senders:
                sender.resend()
            if all(sender.is_covered for sender in self.senders) and self._is_followed():
                return
            time.sleep(_LOOK_S)
        missing = {sender.gateway.id.hex(): sender.uncovered for sender in self.senders}
        raise AssertionError(f"without a receipt: {missing}; cursors {self.cursors()}")

    def cursors(self) -> dict[str, int]:
        with reading(self.engine) as connection:
            return {name: position_of(connection, name) or 0 for name in FOLLOWERS}

    def _is_followed(self) -> bool:
        head = Ledger(self.engine).head()
        return all(position == head for position in self.cursors().values())

    def frames(self) -> list[tuple[bytes, int, int, bytes]]:
        """Gateway, stream, seq and hash of every frame, by position."""
        query = select(
            frame_table.c.gateway, frame_table.c.stream, frame_table.c.seq, frame_table.c.hash
        )
        with reading(self.engine) as connection:
            return [tuple(row) for row in connection.execute(query.order_by("position"))]

    def sent(self) -> set[tuple[bytes, int, int, bytes]]:
        return {
            (sender.gateway.id, stream, seq, message_hash(message))
            for sender in self.senders
            for (stream, seq), message in sender.sent.items()
        }

    def verify(self) -> Verdict:
        return verify_directory(self.engine, Keyring(self.directory).root)

    def stop_workers(self) -> dict[str, int]:
        """The exit code of each."""
        codes = {name: worker.stop() for name, worker in self.workers.items()}
        self.listen()
        return codes

    def close(self) -> None:
        for sender in self.senders:
            sender.close()
        for worker in self.workers.values():
            worker.kill()
        self.kill_broker()
        self.engine.dispose()
        self.server.drop(self.database)
