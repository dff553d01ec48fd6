"""The last minutes of a site's power against its allowance, as points of polylines."""

from collections.abc import Callable, Iterable, Sequence

from collector.checks.meters import POWER
from collector.model.records import Market, Meter
from collector.series.store import Point, SeriesStore
from collector.web.view_model import SparkPart

WINDOW_S = 180
GAP_MS = 30_000
"""Readings farther apart than this are not joined."""
WIDTH, HEIGHT = 600, 100
_HEADROOM = 1.15

Total = tuple[int, float | None]


def draw(
    series: SeriesStore,
    meters: Sequence[Meter],
    market: Market | None,
    allowed_w: Callable[[int], float],
    now_ms: int,
) -> SparkPart:
    """`allowed_w` answers for the start of a period."""
    from_ms = now_ms - WINDOW_S * 1000
    windows = [series.window(meter.serial, from_ms, now_ms + 1) for meter in meters]
    segments = _segments(totals(windows))
    starts = _period_starts(market, from_ms, now_ms)
    allowed = [(start_ms, allowed_w(start_ms)) for start_ms in starts]
    highest = max(
        [watts for segment in segments for _, watts in segment] + [watts for _, watts in allowed],
        default=0.0,
    )
    top_w = max(highest * _HEADROOM, 1.0)

    def point(at_ms: int, watts: float) -> str:
        x = (at_ms - from_ms) * WIDTH / (now_ms - from_ms)
        return f"{min(max(x, 0), WIDTH):.1f},{HEIGHT - watts * HEIGHT / top_w:.1f}"

    stairs = [
        point(at_ms, watts)
        for (start_ms, watts), end_ms in zip(allowed, [*starts[1:], now_ms], strict=True)
        for at_ms in (start_ms, end_ms)
    ]
    return SparkPart(
        power=tuple(" ".join(point(*total) for total in segment) for segment in segments),
        allowed=" ".join(stairs),
        periods=tuple(
            (start_ms - from_ms) * WIDTH // (now_ms - from_ms)
            for start_ms in starts
            if start_ms > from_ms
        ),
        top_w=round(top_w),
        window_s=WINDOW_S,
    )


def totals(windows: Sequence[Iterable[Point]]) -> list[Total]:
    """The summed power at each reading; None where one meter's last value is too old."""
    readings = sorted(
        (point.at_ms, index, point.values.get(POWER))
        for index, window in enumerate(windows)
        for point in window
    )
    last: dict[int, tuple[int, float | None]] = {}
    sums: dict[int, float | None] = {}
    for at_ms, index, watts in readings:
        last[index] = (at_ms, watts)
        values = [value for read_ms, value in last.values() if at_ms - read_ms <= GAP_MS]
        known = [value for value in values if value is not None]
        sums[at_ms] = sum(known) if len(known) == len(windows) else None
    return list(sums.items())


def _segments(sums: Iterable[Total]) -> list[list[tuple[int, float]]]:
    """Unbroken stretches: apart where a sum is missing or readings stand too far apart."""
    segments: list[list[tuple[int, float]]] = []
    broken = True
    for at_ms, watts in sums:
        if watts is None:
            broken = True
            continue
        if broken or at_ms - segments[-1][-1][0] > GAP_MS:
            segments.append([])
        segments[-1].append((at_ms, watts))
        broken = False
    return segments


def _period_starts(market: Market | None, from_ms: int, now_ms: int) -> list[int]:
    if market is None:
        return []
    return list(range(market.period_start(from_ms), now_ms, market.period_ms))
