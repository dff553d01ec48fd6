"""Load without a valid licence in the past, which no look saw: its data came late.

Registers say in which intervals energy was drawn; samples, where there are any, say from which
second to which.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from sqlalchemy import Connection

from collector.checks import findings
from collector.checks.licence_load import Load, unlicensed
from collector.checks.load import LoadSample, loads
from collector.checks.states import Scene, State
from collector.intervals.snapshots import snapshots_between
from collector.model.energy import energy_in
from collector.model.records import Site, Tenancy
from collector.registry.view import View


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time through which the register says the same of a site."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """Intervals that follow each other, in each of which more was drawn than is allowed."""

    start_ms: int
    end_ms: int
    positions: tuple[int, ...]
    mean_w: Fraction
    """Of the interval with the most, beyond one step of each register."""

    def with_next(self, other: "Drawn") -> "Drawn":
        positions = (self.positions[0], other.positions[-1])
        return Drawn(self.start_ms, other.end_ms, positions, max(self.mean_w, other.mean_w))


def judge(scene: Scene) -> Iterator[State]:
    """Of each site in the last `look_back_s`; a load of now is seen now."""
    from_ms = max(scene.now_ms - scene.view.policy.data.look_back_s * 1000, 0)
    for site in scene.view.all(Site).values():
        for stretch in stretches(scene.view, site.name, from_ms, scene.now_ms):
            for load in unlicensed(scene.view, site, stretch.start_ms):
                yield from _past(scene, stretch, load)


def stretches(view: View, site: str, from_ms: int, until_ms: int) -> list[Stretch]:
    """From one moment until just before another, cut where the register says something else."""
    tenancies = [each for pair in view.tenancies_of(site) for each in pair]
    holders = {view.licensee_id(site)}
    holders |= {each.tenant for each in tenancies if isinstance(each, Tenancy)}
    courses = [*view.courses_of_site(site)]
    courses += [course for holder in holders for course in view.courses_of_licensee(holder)]
    dated = (*tenancies, *view.meters_between(site, from_ms, until_ms))
    turns = {span.start_ms for course in courses for span in course.spans}
    turns |= {at for each in dated for at in (each.valid_from, each.valid_until) if at is not None}
    cuts = [from_ms, *sorted(turn for turn in turns if from_ms < turn < until_ms), until_ms]
    return [Stretch(start_ms, end_ms) for start_ms, end_ms in pairwise(cuts)]


def _past(scene: Scene, stretch: Stretch, load: Load) -> Iterator[State]:
    interval_ms = scene.view.market.interval_s * 1000
    for drawn in intervals(scene.connection, load.signs, load.over_w, stretch, interval_ms):
        start_ms, end_ms = max(drawn.start_ms, stretch.start_ms), min(drawn.end_ms, stretch.end_ms)
        near = (start_ms - scene.hold_ms, end_ms + scene.hold_ms)
        known = findings.overlapping(scene.connection, load.code, load.subject, *near)
        if known is not None and known.last_ms >= end_ms - interval_ms - scene.hold_ms:
            continue
        first = _samples(scene, load, start_ms, min(start_ms + interval_ms, end_ms))
        last = _samples(scene, load, max(end_ms - interval_ms, start_ms), end_ms)
        is_whole = stretch.start_ms <= drawn.start_ms and drawn.end_ms <= stretch.end_ms
        if not is_whole and not first and not last:
            continue  # it may all have been drawn while that was allowed
        since_ms = first[0].at_ms if first else start_ms
        shown = (*first[:1], *last[-1:])
        yield load.state(
            since_ms if known is None else known.first_ms,
            max((each.power_w for each in shown if each.power_w is not None), default=drawn.mean_w),
            positions=(*(each.position for each in shown), *drawn.positions),
            last_ms=last[-1].at_ms if last else end_ms,
        )


def intervals(
    connection: Connection,
    signs: Mapping[str, int],
    over_w: Fraction,
    stretch: Stretch,
    interval_ms: int,
) -> list[Drawn]:
    """By registers at the boundaries of intervals; one step of each register decides nothing."""
    from_ms = stretch.start_ms - stretch.start_ms % interval_ms
    read = {
        meter: {
            each.at_ms: each
            for each in snapshots_between(connection, meter, from_ms, stretch.end_ms + interval_ms)
        }
        for meter in signs
    }
    found: list[Drawn] = []
    for start_ms in range(from_ms, stretch.end_ms, interval_ms):
        end_ms = start_ms + interval_ms
        pairs = {meter: (known.get(start_ms), known.get(end_ms)) for meter, known in read.items()}
        drawn_wh = -energy_in(over_w, interval_ms)
        positions = list[int]()
        for meter, (before, after) in pairs.items():
            if before is None or after is None or after.energy_wh < before.energy_wh:
                break
            drawn_wh += signs[meter] * (after.energy_wh - before.energy_wh) - after.quantum_wh
            positions += [before.position, after.position]
        else:
            if drawn_wh > 0:
                mean_w = over_w + drawn_wh * 3_600_000 / interval_ms
                one = Drawn(start_ms, end_ms, tuple(positions), mean_w)
                goes_on = bool(found) and found[-1].end_ms == start_ms
                found.append(found.pop().with_next(one) if goes_on else one)
    return found


def _samples(scene: Scene, load: Load, from_ms: int, until_ms: int) -> list[LoadSample]:
    """Those with load, in a time that is short."""
    apart_ms = scene.hold_ms
    points = sorted(
        (
            point
            for meter in load.signs
            for point in scene.series.window(meter, max(from_ms - apart_ms, 0), until_ms)
        ),
        key=lambda point: point.at_ms,
    )
    return [
        sample
        for sample in loads(points, load.signs, apart_ms)
        if sample.at_ms >= from_ms and sample.power_w is not None and sample.power_w > load.over_w
    ]
