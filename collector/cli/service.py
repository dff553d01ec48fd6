"""The running collector: the threads and what each does."""

import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Engine

from collector.checks import watch
from collector.checks.runner import Checks
from collector.checks.watch import Watch
from collector.cli import receipting, signing
from collector.cli.following import Following
from collector.cli.guarding import RETRY_S, guarded
from collector.cli.receipting import Receipting
from collector.cli.releasing import Releasing
from collector.cli.signing import Signing
from collector.evidence.downlink import Role
from collector.intake.admission import Admission
from collector.intake.intake import Intake
from collector.intake.judging import Here
from collector.intake.transport import Broker, Share, Transport
from collector.intervals.closed.closer import Closer
from collector.intervals.closed.rules import read_rules
from collector.intervals.follower import IntervalFollower
from collector.ledger.chain import ChainFollower
from collector.ledger.checkpoints import Checkpoints
from collector.ledger.followers import begin_again
from collector.orders import commands
from collector.orders.desk import Desk
from collector.orders.follower import OrderFollower
from collector.orders.permit.schedule_store import ScheduleFollower
from collector.orders.permit.schedules import Schedules
from collector.registry.configurations import Configurations
from collector.registry.keyring import Keyring
from collector.registry.keys import GatewayKeys
from collector.registry.offers import Offers, parts
from collector.registry.store import Registry
from collector.registry.tls_authority import certificate_ends_ms, ends_ms
from collector.series.embedded import EmbeddedSeries
from collector.series.follower import SeriesFollower
from collector.series.shipping import Shipper, Shipping
from collector.series.targets import open_influx
from collector.storage.leadership import AllDuties, Duties, Leadership
from collector.storage.settings import read_settings

log = structlog.get_logger()

_TICK_S = 0.1
_CHECK_S = 0.5
_LEAST_S = 0.02
_CHECKS_REST = 4
"""Times as long as the checks took."""
_OFFER_S = 2.0
_RELEASE_S = 0.5
"""Parts to a gateway are a second apart (`carrying.PART_MS`)."""
_SEND_S = 0.2
_TRIM_S = 3600.0
_NEAR_MS = 2 * 86_400_000
"""What the embedded series keeps where an InfluxDB has the rest."""
_STATUS_KEPT = 10_000
_PATIENCE_S = 10.0
_DESK, _OFFERS, _SHIPPING = "desk", "configurations", "shipping"


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
        *,
        is_intake_apart: bool = False,
        has_duties: bool = True,
    ) -> None:
        keyring = Keyring(directory)
        keyring.check_modes()
        configurations = Configurations(engine, keyring.root)
        self._engine = engine
        self._share = share
        is_alone = engine.dialect.name == "sqlite" or not has_duties
        self._duties: Duties = AllDuties(has=has_duties) if is_alone else Leadership(engine)
        self.registry = Registry(engine)
        self.series = EmbeddedSeries(directory)
        self.statuses: dict[str, dict[str, Any]] = {}
        keys = GatewayKeys(self.registry)
        admission = Admission(keys.is_known, keys.key_of)
        patience_s = 0 if share is None else _PATIENCE_S
        judge = Here(admission, keys.renew)
        self.intake = Intake(engine, judge, now_ms, patience_s=patience_s)
        deliveries = None if is_intake_apart else self.intake.queue
        client_id = f"{name}-desk" if is_intake_apart else name
        self._transport = Transport(broker, client_id, deliveries, self._status, share)
        self._checks = Checks(engine, self.registry, self.series)
        self._offers = Offers(engine)
        self._desk = Desk(engine, self.registry, self.series, keyring.signer(Role.ORDERS))
        self._schedules = Schedules(engine, self.registry, keyring.signer(Role.ORDERS))
        publish = self._transport.publish
        self._releasing = Releasing(engine, publish)
        signer = keyring.signer(Role.RECEIPTS)
        self._receipting = Receipting(engine, self.registry, signer, publish, now_ms)
        checkpoints = Checkpoints(engine, keyring.signer(Role.CHECKPOINTS), directory)
        self._signing = Signing(checkpoints, self.registry, self._duties, publish, now_ms)
        closer = Closer(engine, self.registry, read_rules(directory))
        self._following = Following(
            engine,
            self._duties,
            urgent=[
                ChainFollower(),
                IntervalFollower(configurations),
                OrderFollower(),
                ScheduleFollower(),
            ],
            patient=[SeriesFollower(self.series, configurations)],
            then={IntervalFollower.name: lambda: bool(closer.run(now_ms()))},
        )
        influx = open_influx(read_settings(directory).series.store, directory)
        self.shipper = None if influx is None else Shipper(engine, configurations, influx)
        if has_duties and self.series.is_empty():
            since_ms = None if self.shipper is None else now_ms() - _NEAR_MS
            begin_again(engine, SeriesFollower.name, since_ms)
        self.watch = Watch(
            engine,
            self.registry,
            directory,
            lambda: keyring.ends_ms() | ends_ms(directory) | _client_ends_ms(broker),
            self._transport.is_connected,
            now_ms,
        )
        self._stopping = threading.Event()
        self._series_done = threading.Event()
        self._taking = threading.Thread(target=self._take_in, name="intake")
        self._threads = [
            threading.Thread(target=target, name=target.__name__.strip("_"))
            for target in (
                self._check,
                self._order,
                self._send,
                self._sign,
                self._look,
                self._ship,
            )
        ]

    def start(self) -> None:
        others = [_DESK, signing.DUTY, receipting.DUTY, _OFFERS, _SHIPPING]
        self._duties.begin([*self._following.names, *others])
        self._transport.start()
        self._following.start()
        for thread in (self._taking, *self._threads):
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
        self._taking.join()
        self._following.finish()
        self._series_done.set()
        for thread in self._threads:
            thread.join()
        if self._share is not None:
            self._transport.stop()
        guarded("checkpoint", self._signing.sign)
        self._duties.end()
        self.series.close()
        if self.shipper is not None:
            self.shipper.close()
        log.info("collector.stopped", repeated=self.intake.repeated)

    def _status(self, gateway: str, status: dict[str, Any]) -> None:
        if len(self.statuses) < _STATUS_KEPT or gateway in self.statuses:
            self.statuses[gateway] = status | {"received_ms": now_ms()}
            log.info("gateway.status", gateway=gateway, status=status)

    def _take_in(self) -> None:
        while not (self._stopping.is_set() and self.intake.is_idle):
            taken = guarded("intake", lambda: self.intake.take(timeout_s=_TICK_S))
            if taken is None and self._stopping.is_set():
                return  # not committed, so not acknowledged: it is delivered again

    def _check(self) -> None:
        """Of very many sites more rarely, so that something is left for all others."""
        wait_s = _CHECK_S
        while not self._stopping.wait(wait_s):
            wait_s = _CHECK_S
            if self._duties.has(_DESK):
                began_s = time.monotonic()
                guarded("checks", lambda: self._checks.run(now_ms()))
                wait_s = max(_CHECK_S, _CHECKS_REST * (time.monotonic() - began_s))

    def _order(self) -> None:
        """Orders and schedules, and the commands that come of them.

        News is looked for often, so that an order is on its way at once, and its answer known.
        """
        wait_s, due_s = 0.0, time.monotonic()
        while not self._stopping.wait(wait_s):
            wait_s = _TICK_S
            if not self._duties.has(_DESK):
                continue
            began_s = time.monotonic()
            is_due = began_s >= due_s
            if is_due or guarded("orders", self._desk.has_news):
                run = partial(self._desk.run, now_ms(), is_for_news=not is_due)
                guarded("orders", run)
                # of very many parts it leaves others as much time as it took
                wait_s = max(_LEAST_S, time.monotonic() - began_s)
            if is_due:
                due_s = time.monotonic() + _CHECK_S
                guarded("schedules", lambda: self._schedules.run(now_ms()))
                guarded("schedules", self._publish_schedules)
            guarded("outbox", self._flush)

    def _send(self) -> None:
        """Receipts, checkpoints, configurations and releases, to whom they are due."""
        offered = released = receipted = round_s = 0.0
        trimmed = time.monotonic()
        while not self._stopping.wait(_SEND_S):
            now = time.monotonic()
            if self._duties.has(receipting.DUTY) and now - receipted >= round_s:
                receipted = now
                guarded("receipts", self._receipting.send)
                round_s = guarded("policy", self._receipting.round_s) or 0
            guarded("checkpoints", self._signing.publish)
            if self._duties.has(_OFFERS) and now - offered >= _OFFER_S:
                offered = now
                guarded("configurations", self._offer_configurations)
            if self._duties.has(_OFFERS) and now - released >= _RELEASE_S:
                released = now
                guarded("releases", lambda: self._releasing.run(self.statuses, now_ms()))
            if self.shipper is not None and now - trimmed >= _TRIM_S:
                trimmed = now
                guarded("trim", lambda: self.series.trim(now_ms() - _NEAR_MS))

    def _ship(self) -> None:
        if self.shipper is None:
            return
        while not self._duties.has(_SHIPPING):
            if self._series_done.wait(RETRY_S):
                return
        Shipping(self.shipper, now_ms).run(self._series_done)

    def _sign(self) -> None:
        """A checkpoint at once, over what a killed collector left, and then by the policy."""
        wait_s = 0.0
        while not self._stopping.wait(wait_s):
            wait_s = guarded("checkpoint", self._signing.sign) or RETRY_S

    def _look(self) -> None:
        while True:
            guarded("watch", self.watch.look)
            if self._stopping.wait(watch.PERIOD_S):
                return

    def _offer_configurations(self) -> None:
        for version, message in self._offers.due(self.statuses, now_ms()):
            topic = f"esep/v1/{version.gateway}/object"
            if not all(self._transport.publish(topic, part) for part in parts(message)):
                return
            self._offers.published(version, now_ms())
            log.info("configuration.sent", gateway=version.gateway, version=version.version)

    def _publish_schedules(self) -> None:
        for gateway, serial, message in self._schedules.due(now_ms()):
            topic = f"esep/v1/{gateway}/schedule"
            if not self._transport.publish(topic, message, retain=True):
                return
            self._schedules.published(gateway, serial, now_ms())

    def _flush(self) -> None:
        sent = []
        for identity, topic, message in commands.unsent(self._engine):
            if not self._transport.publish(topic, message):
                break
            sent.append(identity)
        commands.mark_sent(self._engine, sent, now_ms())


def _client_ends_ms(broker: Broker) -> dict[str, int]:
    return {} if broker.tls is None else {"broker": certificate_ends_ms(broker.tls.certificate)}
