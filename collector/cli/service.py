"""The running collector: the threads and what each does."""

import sqlite3
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Engine

from collector.checks import watch
from collector.checks.runner import Checks
from collector.checks.watch import Watch
from collector.evidence.downlink import Role
from collector.intake import receipts
from collector.intake.admission import Admission
from collector.intake.intake import Intake
from collector.intake.judging import Here
from collector.intake.transport import Broker, Transport
from collector.intervals.follower import IntervalFollower
from collector.ledger import coverage
from collector.ledger.chain import ChainFollower
from collector.ledger.checkpoints import Checkpoints, InconsistentError
from collector.ledger.followers import Follower, Stride, begin_again, stride
from collector.orders import commands
from collector.orders.desk import Desk
from collector.orders.follower import OrderFollower
from collector.registry.configurations import Configurations
from collector.registry.keyring import Keyring
from collector.registry.keys import GatewayKeys
from collector.registry.offers import Offers, parts
from collector.registry.store import Registry
from collector.registry.tls_authority import certificate_ends_ms, ends_ms
from collector.series.embedded import EmbeddedSeries
from collector.series.follower import SeriesFollower
from collector.storage import reading

log = structlog.get_logger()

_TICK_S = 0.1
_CHECK_S = 0.5
_OFFER_S = 2.0
_RETRY_S = 1.0
_YIELD_S = 1.0
_ROUND_PARTS = 60
"""In how many parts of the interval between two receipts the gateways have their turns."""
_STATUS_KEPT = 10_000
_CHECKPOINT_TOPIC = "esep/v1/checkpoint"
_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Service:
    """Everything between the broker and the pages; each loop is a thread."""

    def __init__(
        self, directory: Path, engine: Engine, broker: Broker, *, is_intake_apart: bool = False
    ) -> None:
        keyring = Keyring(directory)
        keyring.check_modes()
        configurations = Configurations(engine, keyring.root)
        self._engine = engine
        self.registry = Registry(engine)
        self.series = EmbeddedSeries(directory)
        self.statuses: dict[str, dict[str, Any]] = {}
        keys = GatewayKeys(self.registry)
        admission = Admission(keys.is_known, keys.key_of)
        self.intake = Intake(engine, Here(admission, keys.renew), now_ms)
        deliveries = None if is_intake_apart else self.intake.queue
        client_id = "esep-collector-desk" if is_intake_apart else "esep-collector"
        self._transport = Transport(broker, client_id, deliveries, self._status)
        self._checks = Checks(engine, self.registry, self.series)
        self._offers = Offers(engine)
        self._desk = Desk(engine, self.registry, self.series, keyring.signer(Role.ORDERS))
        # at most one a second: the seconds of a start are above all numbers given before it
        self._least_receipt_number = now_ms() // 1000
        self._receipt_rounds = receipts.Rounds()
        self._receipt_signer = keyring.signer(Role.RECEIPTS)
        self._checkpoints = Checkpoints(engine, keyring.signer(Role.CHECKPOINTS), directory)
        self._checkpointed = 0
        self._unpublished: deque[bytes] = deque()
        self._followers: list[Follower] = [
            ChainFollower(),
            IntervalFollower(configurations),
            OrderFollower(),
        ]
        self._series_followers: list[Follower] = [SeriesFollower(self.series, configurations)]
        if self.series.points() == 0:
            begin_again(engine, SeriesFollower.name)
        self._strides: defaultdict[str, Stride] = defaultdict(Stride)
        self.watch = Watch(
            engine,
            self.registry,
            directory,
            lambda: keyring.ends_ms() | ends_ms(directory) | _client_ends_ms(broker),
            self._transport.is_connected,
            now_ms,
        )
        self._stopping = threading.Event()
        self._intake_done = threading.Event()
        self._followed = threading.Event()
        self._threads = [
            threading.Thread(target=target, name=target.__name__.strip("_"))
            for target in (self._take_in, self._follow, self._follow_series, self._sign)
        ]
        self._threads.append(threading.Thread(target=self._look, name="watch"))

    def start(self) -> None:
        self._transport.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take in what has been delivered, let the followers catch up, sign a checkpoint."""
        self._transport.stop()
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        guarded("checkpoint", self._checkpoint)
        self.series.close()
        log.info("collector.stopped", repeated=self.intake.repeated)

    def _status(self, gateway: str, status: dict[str, Any]) -> None:
        if len(self.statuses) < _STATUS_KEPT or gateway in self.statuses:
            self.statuses[gateway] = status | {"received_ms": now_ms()}
            log.info("gateway.status", gateway=gateway, status=status)

    def _take_in(self) -> None:
        while not (self._stopping.is_set() and self.intake.is_idle):
            taken = guarded("intake", lambda: self.intake.take(timeout_s=_TICK_S))
            if taken is None and self._stopping.is_set():
                break  # not committed, so not acknowledged: it is delivered again
        self._intake_done.set()

    def _follow(self) -> None:
        checked = receipted = offered = 0.0
        while not self._intake_done.is_set():
            moved = self._advance(self._followers)
            if moved:
                self._followed.clear()
            else:
                self._followed.set()
            now = time.monotonic()
            if now - checked >= _CHECK_S:
                checked = now
                guarded("checks", lambda: self._checks.run(now_ms()))
                guarded("orders", lambda: self._desk.run(now_ms()))
            guarded("outbox", self._flush)
            guarded("checkpoints", self._publish_checkpoints)
            if now - offered >= _OFFER_S:
                offered = now
                guarded("configurations", self._offer_configurations)
            if now - receipted >= self._receipt_s() / _ROUND_PARTS:
                receipted = now
                guarded("receipts", self._send_receipts)
            if not moved:
                self._stopping.wait(_TICK_S)
        while self._advance(self._followers):
            pass

    def _follow_series(self) -> None:
        """Receipts and orders come first: it waits until they have caught up, or a second."""
        while not self._intake_done.is_set():
            self._followed.wait(_YIELD_S)
            if not self._advance(self._series_followers):
                self._stopping.wait(_TICK_S)
        while self._advance(self._series_followers):
            pass

    def _sign(self) -> None:
        """A checkpoint at once, over what a killed collector left, and then by the policy."""
        wait_s = 0.0
        while not self._stopping.wait(wait_s):
            wait_s = guarded("checkpoint", self._checkpoint) or _RETRY_S

    def _look(self) -> None:
        while True:
            guarded("watch", self.watch.look)
            if self._stopping.wait(watch.PERIOD_S):
                return

    def _checkpoint(self) -> float:
        """Sign the tree if it grew; seconds until the next time."""
        signed = None
        try:
            signed = self._checkpoints.sign(now_ms())
        except InconsistentError as error:  # until a person sees to it
            log.error("checkpoint.refused", text=str(error))
        if signed is not None and signed[0] > self._checkpointed:
            self._checkpointed, message = signed
            self._unpublished.append(message)
            log.info("checkpoint.signed", frames=self._checkpointed)
        return float(self.registry.view().policy.checkpoint_s)

    def _advance(self, followers: list[Follower]) -> bool:
        """Whether any follower moved."""
        moved = False
        for follower in followers:
            paced = self._strides[follower.name]
            count = guarded(follower.name, partial(stride, self._engine, follower, paced))
            moved = bool(count) or moved
        return moved

    def _receipt_s(self) -> float:
        return float(self.registry.view().policy.receipt_s)

    def _send_receipts(self) -> None:
        with reading(self._engine) as connection:
            known = coverage.gateways(connection)
        due = self._receipt_rounds.due(known, time.time(), self._receipt_s())
        made = receipts.make(
            self._engine, self._receipt_signer, now_ms(), due, self._least_receipt_number
        )
        for gateway, message in made.items():
            self._transport.publish(f"esep/v1/{gateway.hex()}/receipt", message)

    def _offer_configurations(self) -> None:
        for version, message in self._offers.due(self.statuses, now_ms()):
            topic = f"esep/v1/{version.gateway}/object"
            if not all(self._transport.publish(topic, part) for part in parts(message)):
                return
            self._offers.published(version, now_ms())
            log.info("configuration.sent", gateway=version.gateway, version=version.version)

    def _publish_checkpoints(self) -> None:
        while self._unpublished:
            if not self._transport.publish(_CHECKPOINT_TOPIC, self._unpublished[0], retain=True):
                return
            self._unpublished.popleft()

    def _flush(self) -> None:
        for identity, topic, message in commands.unsent(self._engine):
            if not self._transport.publish(topic, message):
                return
            commands.mark_sent(self._engine, identity, now_ms())


def _client_ends_ms(broker: Broker) -> dict[str, int]:
    return {} if broker.tls is None else {"broker": certificate_ends_ms(broker.tls.certificate)}


def guarded(name: str, work: Callable[[], Any]) -> Any:
    """Run one piece of work; what fails is logged and tried again, and stops nothing else."""
    try:
        return work()
    except Exception as error:
        log.exception("collector.failed", part=name, error=str(error), advice=_advice(error))
        time.sleep(_RETRY_S)
        return None


def _advice(error: Exception) -> str | None:
    cause = getattr(error, "orig", error)
    if isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode & 0xFF in _DISK:
        return "make room on the collector's disk; until then the gateways keep what they measure"
    return None
