"""What must hold of an installation, whatever was done to it."""

from typing import Any

from collector.evidence.frame import Event, EventCode, Interval
from installation.world import Installation
from simulator.demo import plan


def close_and_prove(installation: Installation) -> None:
    """All that the gateways made is held once; no receipt was early; no interval is missing."""
    statuses = installation.close_books()
    prove_frames(installation, statuses)
    prove_intervals(installation)
    assert installation.receipts_ahead == []


def prove_frames(installation: Installation, statuses: dict[str, dict[str, Any]]) -> None:
    """`statuses`: the last word of each gateway."""
    verdict = installation.verify()
    assert (verdict["faults"], verdict["gaps"]) == ([], 0)
    held = {(chain["gateway"], chain["stream"]): chain for chain in verdict["chains"]}
    assert len(held) == 2 * len(installation.gateways)
    for gateway, status in statuses.items():
        assert status["pending"] == [0, 0]
        for stream, (epoch, seq) in zip(("billing", "telemetry"), status["last"], strict=True):
            chain = held[gateway, stream]
            assert (chain["epoch"], chain["last"], chain["frames"]) == (epoch, seq, seq)
    assert verdict["frames"] == sum(chain["frames"] for chain in held.values())


def prove_intervals(installation: Installation) -> None:
    """Between two boots of a gateway each meter has every interval, and no task failed."""
    for site in installation.folders:
        last: dict[int, int] = {}
        for frame in sorted(installation.frames(site), key=lambda frame: frame.seq):
            for record in frame.records:
                if isinstance(record, Event):
                    assert record.code is not EventCode.FAULT, record
                    if record.code is EventCode.BOOT:
                        last.clear()
                elif isinstance(record, Interval):
                    before_ms = last.get(record.slot)
                    step_ms = plan.INTERVAL_S * 1000
                    assert before_ms in (None, record.boundary_ms - step_ms), (site, record)
                    assert record.quality is None, (site, record)
                    last[record.slot] = record.boundary_ms


def boots(installation: Installation, site: str) -> int:
    records = [record for frame in installation.frames(site) for record in frame.records]
    return sum(isinstance(each, Event) and each.code is EventCode.BOOT for each in records)
