"""What the running collector measures of itself, for Prometheus; docs/metrics.md explains it."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Engine, func, select

from collector.checks.condition import Condition
from collector.checks.watch import Watch
from collector.intake import quarantine
from collector.intake.intake import Intake
from collector.ledger import flags
from collector.storage import reading
from collector.storage.tables import chain, chain_fault, order, outbox

CONTENT_TYPE = CONTENT_TYPE_LATEST

Samples = Mapping[Any, float]
"""A value for the values of its labels, a tuple of texts."""
_ONE: tuple[str, ...] = ()


def exposition(
    engine: Engine, watch: Watch, intake: Intake, statuses: Mapping[str, Mapping[str, Any]]
) -> Callable[[], bytes]:
    """What gives the figures of the moment, as text."""
    registry = CollectorRegistry()
    registry.register(_Figures(engine, watch, intake, statuses))
    ProcessCollector(registry=registry)
    return lambda: generate_latest(registry)


def _gauge(name: str, what: str, samples: Samples, *labels: str) -> Metric:
    family = GaugeMetricFamily(f"esep_{name}", what, labels=labels)
    for values, value in samples.items():
        family.add_metric(values, value)
    return family


def _counter(name: str, what: str, samples: Samples, *labels: str) -> Metric:
    family = CounterMetricFamily(f"esep_{name}", what, labels=labels)
    for values, value in samples.items():
        family.add_metric(values, value)
    return family


class _Figures(Collector):
    """Reads the database when it is asked, and of the processes' memory what is only there."""

    def __init__(
        self,
        engine: Engine,
        watch: Watch,
        intake: Intake,
        statuses: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._engine = engine
        self._watch = watch
        self._intake = intake
        self._statuses = statuses

    def describe(self) -> list[Metric]:
        return []  # else it would be asked at once, before there is anything

    def collect(self) -> Iterator[Metric]:
        yield from self._taken_in()
        yield from self._alarmed()
        if self._watch.condition is not None:
            yield from _own(self._watch.condition)
        with reading(self._engine) as connection:
            yield from _held(connection)

    def _taken_in(self) -> Iterator[Metric]:
        intake = self._intake
        waiting = intake.queue.qsize()
        yield _counter("intake_frames", "frames added to the ledger", {_ONE: intake.frames})
        yield _counter("intake_repeated", "frames that came again", {_ONE: intake.repeated})
        yield _gauge("intake_waiting", "messages received and not committed", {_ONE: waiting})
        online = sum(status.get("online") is True for status in list(self._statuses.values()))
        yield _gauge("gateways_online", "gateways whose last status says so", {_ONE: online})

    def _alarmed(self) -> Iterator[Metric]:
        watch = self._watch
        raised: Samples = {(name,): 1 for name in watch.alarms}
        yield _gauge("alarm", "1 while the alarm stands", raised, "alarm")
        yield _counter("clock_steps", "times the clock was set", {_ONE: watch.clock_steps})
        connected = float(watch.is_connected())
        yield _gauge("broker_connected", "1 while the broker is connected", {_ONE: connected})
        ready = float(not watch.unready())
        yield _gauge("ready", "1 while /readyz says so", {_ONE: ready})


def _own(condition: Condition) -> Iterator[Metric]:
    yield _gauge("ledger_position", "last position of the ledger", {_ONE: condition.head})
    frames = {(lag.follower,): lag.frames for lag in condition.lags}
    yield _gauge("follower_lag_frames", "frames a follower has before it", frames, "follower")
    seconds = {(lag.follower,): lag.seconds for lag in condition.lags}
    what = "how long the oldest frame before a follower waits"
    yield _gauge("follower_lag_seconds", what, seconds, "follower")
    free = {_ONE: condition.disk_free_bytes}
    yield _gauge("disk_free_bytes", "room on the disk of the data directory", free)
    ends = {(name,): ms / 1000 for name, ms in condition.certificates.items()}
    yield _gauge("certificate_end_seconds", "when it ends, Unix time", ends, "certificate")
    waiting = {_ONE: condition.unsigned_s}
    yield _gauge("checkpoint_due_seconds", "how long the oldest frame waits for one", waiting)
    if condition.checkpoint is not None:
        signed = condition.checkpoint
        yield _gauge("checkpoint_frames", "frames under the newest checkpoint", {_ONE: signed.size})
        age = {_ONE: time.time() - signed.at_ms / 1000}
        yield _gauge("checkpoint_age_seconds", "since the newest checkpoint was signed", age)
    if condition.clock_ahead_s is not None:
        ahead = {_ONE: condition.clock_ahead_s}
        yield _gauge("clock_ahead_seconds", "of the gateways' clocks, at the least", ahead)


def _held(connection: Connection) -> Iterator[Metric]:
    refused = {(reason,): count for reason, count in quarantine.counts(connection).items()}
    yield _counter("intake_refused", "messages refused, ever", refused, "reason")
    behind = chain.c.highest - chain.c.upto
    ragged = select(func.count(), func.coalesce(func.sum(behind), 0)).where(behind > 0)
    chains, frames = connection.execute(ragged).one()
    yield _gauge("chains_with_gaps", "chains that are not whole", {_ONE: chains})
    yield _gauge("chain_beyond_gap", "seqs from the first gap to the end", {_ONE: float(frames)})
    faults = _counts(connection, chain_fault.c.fault)
    yield _gauge("chain_faults", "forks, broken links and the like", faults, "fault")
    flagged = {(flag,): count for flag, count in flags.counts(connection).items()}
    yield _gauge("frames_flagged", "frames kept and not built upon", flagged, "flag")
    yield _gauge("orders", "orders by their step", _counts(connection, order.c.step), "step")
    unsent = connection.scalar(select(func.count()).where(outbox.c.sent_ms.is_(None))) or 0
    yield _gauge("outbox_waiting", "commands not handed to the broker", {_ONE: unsent})


def _counts(connection: Connection, column: Any) -> Samples:
    rows = connection.execute(select(column, func.count()).group_by(column))
    return {(str(value),): count for value, count in rows}
