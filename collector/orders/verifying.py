"""The samples that a drop is judged by, from the meters of a part's stages and of its site."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction

from collector.checks.meters import POWER
from collector.model.order import DropResult, Step
from collector.model.records import Meter
from collector.orders import verification
from collector.orders.order import Part
from collector.orders.verification import Samples
from collector.registry.view import View
from collector.series.store import SeriesStore


@dataclass(frozen=True)
class Verdict:
    result: DropResult
    details: dict[str, object]


def judge(view: View, series: SeriesStore, part: Part, now_ms: int) -> Verdict | None:
    """None while there are too few samples and time for more."""
    policy = view.policy
    metered = view.meters_of(part.cut.site, now_ms)
    stage = _samples(
        view, series, part, [meter for meter in metered if meter.point in part.cut.stages]
    )
    boundary = _samples(
        view, series, part, [meter for meter in metered if meter.point == "delivery"]
    )
    if verification.enough([*stage, *boundary], policy):
        drop = verification.judge(stage, boundary, policy)
        watts = {name: round(value, 1) for name, value in asdict(drop).items() if name != "result"}
        return Verdict(drop.result, watts)
    if now_ms >= part.steps[Step.APPLIED].recorded_ms + policy.verify_timeout_s * 1000:
        return Verdict(DropResult.UNVERIFIABLE, {"reason": "too few fresh samples"})
    return None


def _samples(view: View, series: SeriesStore, part: Part, meters: Sequence[Meter]) -> list[Samples]:
    # the gateway's clock, which times the samples, may be behind ours
    issued_ms = min(part.steps[step].at_ms for step in (Step.ISSUED, Step.RECEIVED))
    settled_ms = part.steps[Step.APPLIED].at_ms + int(Fraction(view.policy.settle_s) * 1000)
    before_ms = issued_ms - view.policy.before_window_s * 1000
    far_ms = settled_ms + view.policy.verify_timeout_s * 1000
    return [
        Samples(
            _power(series, meter, before_ms, issued_ms), _power(series, meter, settled_ms, far_ms)
        )
        for meter in meters
    ]


def _power(series: SeriesStore, meter: Meter, from_ms: int, until_ms: int) -> list[float]:
    window = series.window(meter.serial, from_ms, until_ms)
    powers = (point.believed(POWER) for point in window)
    return [power_w for power_w in powers if power_w is not None]
