"""The running collector: the threads and what each does."""

import threading
import time
from collections import deque
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
from collector.evidence.frame import Frame
from collector.evidence.keys import PublicKey
from collector.intake import receipts
from collector.intake.admission import Admission
from collector.intake.intake import Intake
from collector.intake.transport import Broker, Share, Transport
from collector.intervals.follower import IntervalFollower
from collector.ledger.chain import ChainFollower
from collector.ledger.checkpoints import Checkpoints, InconsistentError
from collector.ledger.followers import Follower, advance, begin_again
from collector.orders import commands
from collector.orders.desk import Desk
from collector.orders.follower import OrderFollower
from collector.registry.configurations import Configurations
from collector.registry.keyring import Keyring
from collector.registry.offers import Offers, parts
from collector.registry.store import Registry
from collector.registry.tls_authority import certificate_ends_ms, ends_ms
from collector.series.embedded import EmbeddedSeries
from collector.series.follower import SeriesFollower
from collector.storage.errors import advice
from collector.storage.leadership import AllDuties, Duties, Leadership

log = structlog.get_logger()

_TICK_S = 0.1
_CHECK_S = 0.5
_OFFER_S = 2.0
_RETRY_S = 1.0
_STATUS_KEPT = 10_000
_PATIENCE_S = 10.0
_DESK, _CHECKPOINTS, _RECEIPTS, _OFFERS = "desk", "checkpoints", "receipts", "configurations"
_CHECKPOINT_TOPIC = "esep/v1/checkpoint"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Service:
    """Everything between the broker and the pages; each loop is a thread.

    On PostgreSQL others may run beside it: what only one may do is a duty. One of several workers
    has a `share` of the frames, and the name by which the broker knows it again.
    """

    def __init__(
        self,
        directory: Path,
        engine: Engine,
        broker: Broker,
        name: str = "esep-collector",
        share: Share | None = None,
    ) -> None:
        keyring = Keyring(directory)
        keyring.check_modes()
        configurations = Configurations(engine, keyring.root)
        self._engine = engine
        self._share = share
        self._duties: Duties = (
            AllDuties() if engine.dialect.name == "sqlite" else Leadership(engine)
        )
        self.registry = Registry(engine)
        self.series = EmbeddedSeries(directory)
        self.statuses: dict[str, dict[str, Any]] = {}
        admission = Admission(self._is_known, self._gateway_key)
        patience_s = 0 if share is None else _PATIENCE_S
        self.intake = Intake(engine, admission, now_ms, patience_s)
        self._transport = Transport(broker, name, self.intake.queue, self._status, share)
        self._checks = Checks(engine, self.registry, self.series)
        self._offers = Offers(engine)
        self._desk = Desk(engine, self.registry, self.series, keyring.signer(Role.ORDERS))
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
        self._threads = [
            threading.Thread(target=target, name=target.__name__.strip("_"))
            for target in (self._take_in, self._follow, self._follow_series, self._sign)
        ]
        self._threads.append(threading.Thread(target=self._look, name="watch"))

    def start(self) -> None:
        followers = [each.name for each in (*self._followers, *self._series_followers)]
        self._duties.begin([*followers, _DESK, _CHECKPOINTS, _RECEIPTS, _OFFERS])
        self._transport.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take in what has been delivered, let the followers catch up, sign a checkpoint.

        One of several leaves that to the others, and can still acknowledge.
        """
        if self._share is None:
            self._transport.stop()
        else:
            self._duties.end()
            self._transport.leave()
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        if self._share is not None:
            self._transport.stop()
        _guarded("checkpoint", self._checkpoint)
        self._duties.end()
        self.series.close()
        log.info("collector.stopped", repeated=self.intake.repeated)

    def _is_known(self, gateway: bytes) -> bool:
        return self.registry.view().knows(gateway)

    def _gateway_key(self, kid: bytes, frame: Frame) -> PublicKey | None:
        return self.registry.view().gateway_key(kid, frame)

    def _status(self, gateway: str, status: dict[str, Any]) -> None:
        if len(self.statuses) < _STATUS_KEPT or gateway in self.statuses:
            self.statuses[gateway] = status | {"received_ms": now_ms()}
            log.info("gateway.status", gateway=gateway, status=status)

    def _take_in(self) -> None:
        while not (self._stopping.is_set() and self.intake.is_idle):
            taken = _guarded("intake", lambda: self.intake.take(timeout_s=_TICK_S))
            if taken is None and self._stopping.is_set():
                break  # not committed, so not acknowledged: it is delivered again
        self._intake_done.set()

    def _follow(self) -> None:
        checked = receipted = offered = receipt_s = 0.0
        while not self._intake_done.is_set():
            moved = self._advance(self._followers)
            now = time.monotonic()
            if self._duties.has(_DESK):
                if now - checked >= _CHECK_S:
                    checked = now
                    _guarded("checks", lambda: self._checks.run(now_ms()))
                    _guarded("orders", lambda: self._desk.run(now_ms()))
                _guarded("outbox", self._flush)
            _guarded("checkpoints", self._publish_checkpoints)
            if self._duties.has(_OFFERS) and now - offered >= _OFFER_S:
                offered = now
                _guarded("configurations", self._offer_configurations)
            if self._duties.has(_RECEIPTS) and now - receipted >= receipt_s:
                receipted = now
                _guarded("receipts", self._send_receipts)
                receipt_s = _guarded("policy", self._receipt_s) or receipt_s
            if not moved:
                self._stopping.wait(_TICK_S)
        while self._advance(self._followers):
            pass

    def _follow_series(self) -> None:
        while not self._intake_done.is_set():
            if not self._advance(self._series_followers):
                self._stopping.wait(_TICK_S)
        while self._advance(self._series_followers):
            pass

    def _sign(self) -> None:
        """A checkpoint at once, over what a killed collector left, and then by the policy."""
        wait_s = 0.0
        while not self._stopping.wait(wait_s):
            wait_s = _guarded("checkpoint", self._checkpoint) or _RETRY_S

    def _look(self) -> None:
        while True:
            _guarded("watch", self.watch.look)
            if self._stopping.wait(watch.PERIOD_S):
                return

    def _checkpoint(self) -> float:
        """Sign the tree if it grew; seconds until the next time."""
        if not self._duties.has(_CHECKPOINTS):
            return _RETRY_S
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
            if not self._duties.has(follower.name):
                continue
            count = _guarded(follower.name, partial(advance, self._engine, follower))
            moved = bool(count) or moved
        return moved

    def _receipt_s(self) -> float:
        return float(self.registry.view().policy.receipt_s)

    def _send_receipts(self) -> None:
        made = receipts.make_all(self._engine, self._receipt_signer, now_ms())
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
        if not self._duties.has(_CHECKPOINTS):
            self._unpublished.clear()  # another's is newer
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


def _guarded(name: str, work: Callable[[], Any]) -> Any:
    """Run one piece of work; what fails is logged and tried again, and stops nothing else."""
    try:
        return work()
    except Exception as error:
        log.exception("collector.failed", part=name, error=str(error), advice=advice(error))
        time.sleep(_RETRY_S)
        return None
