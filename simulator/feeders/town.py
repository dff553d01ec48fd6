"""Feeders drawn at random, with what is known of each, and the file a substation would give."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from simulator.feeders.loads import MINING, ORDINARY, Load, weather

FIRST_DAY = datetime(2026, 11, 2, tzinfo=timezone(timedelta(hours=5)))
"""A Monday."""
SHARES = (0.05, 0.10, 0.20, 0.30, 0.50, 0.70, 0.95)


OFTEN = {
    "dwellings": 8, "shops": 5, "school": 3, "works": 4, "pumps": 2, "greenhouse": 1,
    "data_centre": 1, "depot": 1,
}  # fmt: skip
"""How often each kind is met; a guess."""


@dataclass(frozen=True)
class Feeder:
    """`mining`: the kind of it, None on an honest feeder; `share`: of the feeder's energy."""

    name: str
    kinds: tuple[str, ...]
    mining: str | None
    share: float
    energy_kwh: tuple[float, ...]
    power_factor: tuple[float, ...]


def town(seed: int, honest: int, mined: int, days: int) -> Iterator[Feeder]:
    """So many feeders without mining, then so many with; each by a seed of its own."""
    for number in range(honest):
        yield _draw(_source(f"{seed}/{number}"), f"h{number:04}", None, 0.0, days)
    kinds = list(MINING)
    for number in range(mined):
        kind = kinds[number % len(kinds)]
        share = SHARES[number // len(kinds) % len(SHARES)]
        draw = _source(f"{seed}/mined/{number}")
        yield _draw(draw, f"m{number:04}", kind, share, days)


def rows(feeders: Sequence[Feeder]) -> Iterator[str]:
    """CSV: quarter hours as `esep collector feeder-import` takes them."""
    yield "feeder,time,energy_kwh,power_factor"
    for feeder in feeders:
        pairs = zip(feeder.energy_kwh, feeder.power_factor, strict=True)
        for number, (energy_kwh, factor) in enumerate(pairs):
            start = FIRST_DAY + timedelta(minutes=15 * number)
            yield f"{feeder.name},{start.isoformat()},{energy_kwh:.2f},{factor:.3f}"


def _draw(draw: random.Random, name: str, mining: str | None, share: float, days: int) -> Feeder:
    span = weather(draw, days)
    kinds = _ordinary(draw)
    loads = [ORDINARY[kind](draw, span) for kind in kinds]
    if mining is not None:
        ordinary_kwh = sum(sum(load.power_kw) for load in loads)
        machines = MINING[mining](draw, span)
        size = ordinary_kwh * share / (1 - share) / sum(machines.power_kw)
        loads.append(Load(tuple(size * each for each in machines.power_kw), machines.power_factor))
    energy, factors = [], []
    for number in range(span.quarters):
        active = sum(load.power_kw[number] for load in loads)
        reactive = sum(
            load.power_kw[number] * math.tan(math.acos(load.power_factor[number])) for load in loads
        )
        apparent = math.hypot(active, reactive)
        energy.append(active / 4)
        factors.append(active / apparent if apparent else 1.0)
    return Feeder(name, tuple(kinds), mining, share, tuple(energy), tuple(factors))


def _ordinary(draw: random.Random) -> list[str]:
    """One to four, each once."""
    count, found = draw.choice([1, 2, 2, 3, 4]), []
    left = dict(OFTEN)
    for _ in range(count):
        [kind] = draw.choices(list(left), list(left.values()))
        found.append(kind)
        del left[kind]
    return found


def _source(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311
