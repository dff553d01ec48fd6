"""What many gateways held during an outage arrives at once, behind what they make now."""

import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.collector_process import Ledger, System
from benchmarks.fleet import Fleet
from benchmarks.passage import Made
from benchmarks.senders import Crowd, connect, publish

_WINDOW = 20
_POLL_S = 0.02
_FRAMES_A_DAY = 1440
"""Of samples every 6 s, ten a frame."""


@dataclass(frozen=True)
class Drained:
    """`live_…_s`: from the moment a live frame is due until it is in the ledger."""

    gateways: int
    backlog_frames: int
    backlog_per_s: float
    live_frames: int
    live_p50_s: float
    live_p99_s: float
    live_greatest_s: float
    drain_s: float
    drained_frames_per_s: float
    a_day_s: float


def run(
    gateways: int, backlog_each: int, backlog_per_s: float, judges: int, say: Callable[[str], None]
) -> Drained:
    """Each gateway sends `backlog_per_s` frames of the outage a second, and a live one a minute."""
    with tempfile.TemporaryDirectory(prefix="esep-bench-") as folder:
        say(f"making {gateways} gateways")
        fleet = Fleet(gateways)
        system = System(Path(folder), fleet, receipt_s=60, judges=judges)
        say("signing what they hold")
        held = fleet.frames(gateways * backlog_each, 10)
        drain_s = backlog_each / backlog_per_s
        live = fleet.frames(max(gateways, int(gateways * drain_s / 60)), 10)
        system.start(with_tls=False)
        try:
            names = [gateway.id.hex() for gateway in fleet.gateways]
            senders = [connect(system.port, name, None, [], _WINDOW) for name in names]
            crowd = Crowd(senders, lambda _topic, _payload: None)
            say("the backlog arrives")
            return _drain(fleet, crowd, Ledger(system.directory), held, live, backlog_per_s)
        finally:
            system.stop()


def _drain(
    fleet: Fleet,
    crowd: Crowd,
    ledger: Ledger,
    held: list[Made],
    live: list[Made],
    backlog_per_s: float,
) -> Drained:
    number = len(fleet.gateways)
    sender = dict(zip((gateway.id for gateway in fleet.gateways), crowd.senders, strict=True))
    pace = number * backlog_per_s
    span_s = len(held) / pace
    waiting = sorted(
        [
            *((count / pace, 0, each) for count, each in enumerate(held)),
            *((count * span_s / len(live), 1, each) for count, each in enumerate(live)),
        ],
        key=lambda entry: entry[:2],
    )
    queue = deque(waiting)
    seen: list[tuple[int, float]] = []
    began, polled, head = time.monotonic(), 0.0, 0
    while head < len(waiting):
        now_s = time.monotonic() - began
        while queue and queue[0][0] <= now_s:
            _, _, (gateway, seq, message) = queue.popleft()
            packet = publish(gateway.frame_topic, seq % 65535 + 1, message)
            sender[gateway.id].waiting.append(packet)
        crowd.serve(0.001)
        if now_s - polled >= _POLL_S:
            polled = now_s
            if (newest := ledger.head()) > head:
                head = newest
                seen.append((head, time.monotonic() - began))
    drain_s = time.monotonic() - began
    due = {(each[0].id, each[1]): at_s for at_s, is_live, each in waiting if is_live}
    late_s, place = [], 0
    for position, gateway_id, seq in ledger.names(0):
        while seen[place][0] < position:
            place += 1
        if (gateway_id, seq) in due:
            late_s.append(seen[place][1] - due[gateway_id, seq])
    rate = len(held) / drain_s
    return Drained(
        gateways=number,
        backlog_frames=len(held),
        backlog_per_s=backlog_per_s,
        live_frames=len(live),
        live_p50_s=statistics.median(late_s),
        live_p99_s=statistics.quantiles(late_s, n=100)[98],
        live_greatest_s=max(late_s),
        drain_s=drain_s,
        drained_frames_per_s=rate,
        a_day_s=number * _FRAMES_A_DAY / rate,
    )
