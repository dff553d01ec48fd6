"""Loads of a feeder over some days, each kind as it is known for; power in kW, with its noise."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

QUARTERS = 96

_DWELLINGS = (
    0.55, 0.48, 0.44, 0.42, 0.43, 0.52, 0.75, 1.00, 1.00, 0.90, 0.85, 0.85,
    0.90, 0.88, 0.85, 0.88, 1.00, 1.25, 1.55, 1.75, 1.75, 1.55, 1.15, 0.80,
)  # fmt: skip
_IMITATED = (
    0.72, 0.68, 0.66, 0.65, 0.66, 0.70, 0.78, 0.86, 0.90, 0.90, 0.88, 0.87,
    0.88, 0.87, 0.86, 0.87, 0.90, 0.95, 1.00, 1.00, 1.00, 0.97, 0.88, 0.78,
)  # fmt: skip


@dataclass(frozen=True)
class Span:
    """Some days, the first of which is a Monday; `cold`: of each quarter, from 0 to 1."""

    days: int
    cold: tuple[float, ...]

    @property
    def quarters(self) -> int:
        return self.days * QUARTERS

    def moments(self) -> Iterator[tuple[int, float, bool]]:
        """Number, hour of the day, whether it is a weekend's."""
        for number in range(self.quarters):
            day, quarter = divmod(number, QUARTERS)
            yield number, quarter / 4, day % 7 > 4


@dataclass(frozen=True)
class Load:
    power_kw: tuple[float, ...]
    power_factor: tuple[float, ...]


Kind = Callable[[random.Random, Span], Load]


def weather(draw: random.Random, days: int) -> Span:
    """Days that are warmer or colder than the one before, and their nights."""
    level, cold = 0.5, []
    for _ in range(days):
        level = min(max(level + draw.gauss(0, 0.15), 0.05), 0.95)
        cold += [
            min(max(level - 0.2 * math.cos((q / 4 - 3) / 24 * math.tau) * -1, 0.0), 1.0)
            for q in range(QUARTERS)
        ]
    return Span(days, tuple(cold))


def dwellings(draw: random.Random, span: Span) -> Load:
    homes = draw.randint(60, 400)
    noise = _wander(draw, span.quarters, 1.2 / math.sqrt(homes), 0.6)
    heated = draw.uniform(0, 0.6)
    days = [draw.gauss(1, 0.04) for _ in range(span.days)]
    power = []
    for number, hour, is_weekend in span.moments():
        late = 0.7 if is_weekend and hour < 9 else 1.0
        curve = _between(_DWELLINGS, hour) * late + heated * span.cold[number]
        power.append(max(0.6 * homes * curve * days[number // QUARTERS] * noise[number], 0))
    return Load(tuple(power), _factors(draw, span, draw.uniform(0.92, 0.97), 0.008))


def shops(draw: random.Random, span: Span) -> Load:
    opens, closes = draw.choice([(8, 20), (9, 21), (9, 22)])
    base = draw.uniform(0.2, 0.4)
    noise = _wander(draw, span.quarters, 0.06, 0.5)
    size = draw.uniform(50, 300)
    power = [
        size * (base + (1 - base) * _open(hour, opens, closes, 0.5)) * noise[number]
        for number, hour, _ in span.moments()
    ]
    return Load(tuple(power), _factors(draw, span, draw.uniform(0.88, 0.95), 0.012))


def school(draw: random.Random, span: Span) -> Load:
    noise = _wander(draw, span.quarters, 0.07, 0.5)
    size = draw.uniform(30, 150)
    power = [
        size * (0.15 + 0.85 * (0 if rests else _open(hour, 7.5, 17, 1))) * noise[number]
        for number, hour, rests in span.moments()
    ]
    return Load(tuple(power), _factors(draw, span, draw.uniform(0.90, 0.95), 0.012))


def works(draw: random.Random, span: Span) -> Load:
    """One, two or three shifts, with breaks; the third also on weekends."""
    shifts = draw.choice([1, 2, 3])
    starts, ends = (0, 24) if shifts == 3 else (7, 7 + 8.5 * shifts)
    noise = _wander(draw, span.quarters, 0.07, 0.7)
    size = draw.uniform(150, 900)
    power = []
    for number, hour, rests in span.moments():
        runs = 1.0 if shifts == 3 else _open(hour, starts, ends, 0.25)
        if rests and shifts < 3:
            runs = 0.1
        if (hour - 7) % 8 >= 3.75 and (hour - 7) % 8 < 4.25:
            runs *= 0.75
        power.append(size * (0.12 + 0.88 * runs) * noise[number])
    return Load(tuple(power), _factors(draw, span, draw.uniform(0.80, 0.92), 0.015))


def pumps(draw: random.Random, span: Span) -> Load:
    """Some equal ones, of which as many run as water is drawn."""
    count, size = draw.randint(2, 5), draw.uniform(30, 110)
    noise = _wander(draw, span.quarters, 0.12, 0.8)
    power = []
    for number, hour, _ in span.moments():
        wanted = 0.35 + 0.4 * _between(_DWELLINGS, hour) * noise[number]
        running = min(max(round(wanted * count), 1), count)
        power.append(running * size * draw.gauss(1, 0.01))
    return Load(tuple(power), _factors(draw, span, draw.uniform(0.80, 0.88), 0.010))


def greenhouse(draw: random.Random, span: Span) -> Load:
    """Lamps for so many hours through the night, and heating."""
    lit_from, lit_h = draw.uniform(18, 23), draw.uniform(10, 16)
    size = draw.uniform(100, 600)
    noise = _wander(draw, span.quarters, 0.02, 0.5)
    power = []
    for number, hour, _ in span.moments():
        is_lit = (hour - lit_from) % 24 < lit_h
        power.append(size * (0.15 + 0.75 * is_lit + 0.3 * span.cold[number]) * noise[number])
    return Load(tuple(power), _factors(draw, span, draw.uniform(0.90, 0.96), 0.006))


def data_centre(draw: random.Random, span: Span) -> Load:
    """Not mining: its work follows its users a little, its cooling the weather."""
    size = draw.uniform(200, 1200)
    follows = draw.uniform(0.01, 0.10)
    noise = _wander(draw, span.quarters, draw.uniform(0.005, 0.015), 0.9)
    cooled = draw.uniform(0.05, 0.15)
    power = []
    for number, hour, rests in span.moments():
        users = follows * (_between(_DWELLINGS, hour) - 1) * (0.7 if rests else 1)
        power.append(size * (1 + users + cooled * (0.5 - span.cold[number])) * noise[number])
    return Load(tuple(power), _factors(draw, span, draw.uniform(0.95, 0.99), 0.003))


def depot(draw: random.Random, span: Span) -> Load:
    """Electric buses: they charge at night, in blocks, some also at noon."""
    size = draw.uniform(100, 800)
    power = []
    begins = [draw.gauss(21.5, 0.5) for _ in range(span.days + 1)]
    fill = [draw.uniform(0.6, 1.0) for _ in range(span.days + 1)]
    for number, hour, rests in span.moments():
        night = number // QUARTERS + (hour >= 12)
        into = (hour - begins[night]) % 24
        level = fill[night] * (1 if into < 3.5 else max(0.0, 1 - (into - 3.5) / 4))
        noon = 0.35 if 11.5 <= hour < 13 and not rests else 0.0
        power.append(size * (0.05 + max(level, noon)) * draw.gauss(1, 0.03))
    return Load(tuple(power), _factors(draw, span, draw.uniform(0.95, 0.98), 0.006))


def mining(draw: random.Random, span: Span) -> Load:
    """Day and night, at one power; now and then a rack stands still for hours."""
    return _machines(draw, span, lambda _number, _hour: 1.0)


def cooled_mining(draw: random.Random, span: Span) -> Load:
    """With air conditioning, which follows the warmth outside."""
    share = draw.uniform(0.05, 0.20)
    return _machines(draw, span, lambda number, _hour: 1 + share * (0.5 - span.cold[number]))


def curtailed_mining(draw: random.Random, span: Span) -> Load:
    """Off in the hours in which power is dear, or somebody may look."""
    starts, lasts = draw.choice([8, 17, 18]), draw.choice([3, 4, 6])
    left = draw.uniform(0.02, 0.3)
    return _machines(draw, span, lambda _n, hour: left if (hour - starts) % 24 < lasts else 1.0)


def disguised_mining(draw: random.Random, span: Span) -> Load:
    """It acts out the day curve of a street; every day anew, by a little."""
    days = [draw.gauss(1, 0.02) for _ in range(span.days)]
    depth = draw.uniform(0.5, 1.2)
    return _machines(
        draw,
        span,
        lambda n, hour: (1 - depth * (1 - _between(_IMITATED, hour))) * days[n // QUARTERS],
    )


ORDINARY: dict[str, Kind] = {
    kind.__name__: kind
    for kind in (dwellings, shops, school, works, pumps, greenhouse, data_centre, depot)
}
MINING: dict[str, Kind] = {
    kind.__name__: kind for kind in (mining, cooled_mining, curtailed_mining, disguised_mining)
}


def _machines(draw: random.Random, span: Span, level: Callable[[int, float], float]) -> Load:
    steady = _wander(draw, span.quarters, draw.uniform(0.001, 0.004), 0.3)
    power, standing, until = [], 0.0, 0
    for number, hour, _ in span.moments():
        if number >= until and draw.random() < 0.01:
            standing, until = draw.uniform(0.0, 0.05), number + draw.randint(4, 60)
        elif number >= until:
            standing = 0.0
        power.append(level(number, hour) * (1 - standing) * steady[number])
    return Load(tuple(power), _factors(draw, span, draw.uniform(0.94, 0.99), 0.002))


def _wander(draw: random.Random, count: int, deviation: float, keeps: float) -> list[float]:
    """About one, with a memory."""
    value, found = 0.0, []
    fresh = deviation * math.sqrt(1 - keeps * keeps)
    for _ in range(count):
        value = keeps * value + draw.gauss(0, fresh)
        found.append(max(1 + value, 0.0))
    return found


def _factors(draw: random.Random, span: Span, mean: float, deviation: float) -> tuple[float, ...]:
    wandered = _wander(draw, span.quarters, deviation, 0.7)
    return tuple(min(max(mean * each, 0.5), 1.0) for each in wandered)


def _between(curve: Sequence[float], hour: float) -> float:
    """Between the full hours of a day by a straight line."""
    whole = int(hour)
    part = hour - whole
    return curve[whole % 24] * (1 - part) + curve[(whole + 1) % 24] * part


def _open(hour: float, opens: float, closes: float, ramp_h: float) -> float:
    return min(max((hour - opens) / ramp_h, 0), max((closes - hour) / ramp_h, 0), 1.0)
