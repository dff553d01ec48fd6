"""A collector that kills itself, as SIGKILL would, at a named step of its work.

Nothing of that is in the collector: the steps are found where its modules meet.
"""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client
from sqlalchemy import Engine, event

from collector.cli.collector import app
from collector.intake import receipts
from collector.intake.admission import Admission
from collector.intake.intake import Intake
from collector.intake.transport import Transport
from collector.intervals.closed.closer import Closer
from collector.intervals.follower import IntervalFollower
from collector.ledger.chain import ChainFollower
from collector.ledger.checkpoints import Checkpoints
from collector.ledger.ledger import Ledger
from collector.orders.follower import OrderFollower
from collector.series.embedded import EmbeddedSeries
from collector.series.follower import SeriesFollower


@dataclass(frozen=True)
class Step:
    """Before or after a call; `when` sees the call's arguments."""

    owner: Any
    call: str
    is_after: bool = True
    when: Callable[..., bool] = lambda *_: True


def _publishes(kind: str) -> Callable[..., bool]:
    return lambda _self, topic, *_rest: topic.endswith(kind)


STEPS = {
    "receive": Step(Transport, "_received", is_after=False),
    "admit": Step(Admission, "judge"),
    "append": Step(Ledger, "append"),
    "committed": Step(Intake, "_commit"),
    "acknowledge": Step(Client, "ack"),
    "follow chain": Step(ChainFollower, "follow"),
    "follow intervals": Step(IntervalFollower, "follow"),
    "intervals closed": Step(Closer, "run_within"),
    "follow orders": Step(OrderFollower, "follow"),
    "series written": Step(EmbeddedSeries, "write"),
    "follow series": Step(SeriesFollower, "follow"),
    "receipt numbered": Step(receipts, "make", when=lambda *args: bool(args[3])),
    "receipt sent": Step(Transport, "publish", when=_publishes("/receipt")),
    "checkpoint begun": Step(Checkpoints, "sign", is_after=False),
    "checkpoint copied": Step(Path, "rename", when=lambda _, name: name.suffix == ".cose"),
    "checkpoint sent": Step(Transport, "publish", when=_publishes("/checkpoint")),
}
COMMIT = "commit"
NAMES = [COMMIT, *STEPS]
"""Every named step; `commit` is before any commit of any part."""


class _Countdown:
    def __init__(self, count: int) -> None:
        self._left = count

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def run(arguments: list[str], log: Path, step: str | None = None, count: int = 1) -> None:
    """`esep collector` with these arguments; killed at the step's `count`th time."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output, stream.fileno())
    if step is not None:
        _arm(step, _Countdown(count))
    app(arguments)


def _arm(name: str, strike: _Countdown) -> None:
    if name == COMMIT:
        event.listen(Engine, "commit", lambda _connection: strike())
        return
    step = STEPS[name]
    original = getattr(step.owner, step.call)

    @wraps(original)
    def armed(*args: Any, **options: Any) -> Any:
        concerned = step.when(*args)
        if concerned and not step.is_after:
            strike()
        result = original(*args, **options)
        if concerned and step.is_after:
            strike()
        return result

    setattr(step.owner, step.call, armed)
