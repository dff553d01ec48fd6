"""What a gateway did while its network was out, by its own signed frames. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.evidence.frame import Event, EventCode, Frame, Quality, Sample
from technician.checks.outcome import Outcome

_CHECK = "offline"
_BEGUN = ("epoch", "billing", "telemetry", "from_ms")
_FAIL_SAFE = 2
"""Of the limiter's permit states (docs/limiter.md)."""
_HELD = (0, 1)
"""Results of a schedule event: observed, enforced."""


@dataclass(frozen=True)
class Kept:
    """Frames made since, of both streams, and how many frames in all have no receipt."""

    billing: Sequence[Frame]
    telemetry: Sequence[Frame]
    pending: tuple[int, int]


def begun(last: Sequence[int], now_ms: int, offline_s: int) -> Outcome:
    """Not judged yet: from here on. `last`: epoch, and newest seq of billing and telemetry."""
    facts: dict[str, str | int] = dict(zip(_BEGUN, (*last, now_ms), strict=True))
    why = f"the gateway restarts without network; wait {offline_s} s"
    return Outcome(_CHECK, None, why, "then do this step again, with the network still out", facts)


def beginning(facts: Mapping[str, str | int]) -> dict[str, int] | None:
    """Where it was begun, by an earlier outcome; None: it is to begin."""
    found = {name: value for name in _BEGUN if type(value := facts.get(name)) is int}
    return found if len(found) == len(_BEGUN) else None


def judge(
    kept: Kept, slots: Sequence[int], start: Mapping[str, int], now_ms: int, least_s: int
) -> Outcome:
    """It started, read every meter well, and kept all; a limit that it holds is the fail-safe's.

    What only needs time goes on from the same beginning.
    """
    offline_s = (now_ms - start["from_ms"]) // 1000
    events = [each for frame in kept.billing for each in frame.records if isinstance(each, Event)]
    samples = [
        each for frame in kept.telemetry for each in frame.records if isinstance(each, Sample)
    ]
    good = {slot: sum(_is_good(each) for each in samples if each.slot == slot) for slot in slots}
    limit = _limit(events)
    facts: dict[str, str | int] = {
        "offline_s": offline_s,
        "frames": len(kept.billing) + len(kept.telemetry),
        "readings": sum(good.values()),
        "limit": limit,
    }

    def failed(why: str, cure: str) -> Outcome:
        return Outcome(_CHECK, False, why, cure, facts)

    def waits(why: str, cure: str) -> Outcome:
        return Outcome(_CHECK, None, why, cure, {**facts, **start})

    if offline_s < least_s:
        return waits(f"only {offline_s} s of {least_s} s", "wait, then do this step again")
    if len(kept.billing) > kept.pending[0] or len(kept.telemetry) > kept.pending[1]:
        return failed("a receipt came: the network was not out", "pull it, and begin again")
    if not any(each.code is EventCode.BOOT for each in events):
        return failed("it did not start by itself", "look at its supply and its log")
    if silent := [slot for slot, count in good.items() if not count]:
        return failed(f"no good reading of slot {silent[0]}", "look at the bus, and at this meter")
    if limit == "schedule":
        return waits("its limit is not the fail-safe's yet", "give the heartbeat its time")
    return Outcome(_CHECK, True, f"{facts['frames']} frames kept, every meter read", None, facts)


def _limit(events: Sequence[Event]) -> str:
    """What holds: none, schedule, fail-safe."""
    held = [each for each in events if each.code is EventCode.SCHEDULE and each.detail[2] in _HELD]
    if not held:
        return "none"
    permits = [each.detail[1][0] for each in events if each.code is EventCode.LIMITER]
    return "fail-safe" if permits and permits[-1] >= _FAIL_SAFE else "schedule"


def _is_good(sample: Sample) -> bool:
    return sample.quality is None or any(each == Quality.GOOD for each in sample.quality)
