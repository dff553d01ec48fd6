"""When many sites, or their gateways, fall silent by one cause: a pure rule.

Sites belong together that fell silent within `window_ms`, if they are at least `least`, or every
watched site of their scope and at least three. The scope is one zone, or all zones when at least
half of the watched sites of two or more fell: then the cause is on our side of them, the broker,
the way to it, or the collector. A storm goes on while its sites that are still silent are so many;
fewer are told one by one again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_FEW = 3


@dataclass(frozen=True, slots=True)
class Silence:
    """A site, or what else is watched there, of which nothing has come since then."""

    subject: str
    zone: str
    since_ms: int
    details: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """Of its own finding."""


@dataclass(frozen=True)
class Rule:
    least: int
    window_ms: int


@dataclass(frozen=True)
class Storm:
    """`zone` is None for all of them. `first_ms` names it, and stays what it was at first."""

    zone: str | None
    first_ms: int
    silences: tuple[Silence, ...]


@dataclass(frozen=True)
class Ongoing:
    """A storm as it was known before: since when each of its sites is silent."""

    zone: str | None
    first_ms: int
    since_ms: Mapping[str, int] = field(default_factory=dict)


def group(
    silences: Iterable[Silence],
    watched: Mapping[str, int],
    ongoing: Sequence[Ongoing],
    rule: Rule,
) -> tuple[list[Storm], list[Silence]]:
    """Storms, and what is silent by itself; `watched`: how many sites of each zone are read."""
    left = sorted(silences, key=lambda silence: (silence.since_ms, silence.subject))
    storms: list[Storm] = []
    for known in ongoing:
        mine = [silence for silence in left if _belongs(silence, known, rule)]
        if _are_many(len(mine), _watched_in(watched, known.zone), rule):
            storms.append(Storm(known.zone, known.first_ms, tuple(mine)))
            taken = set(mine)
            left = [silence for silence in left if silence not in taken]
    new, left = _new(left, watched, rule)
    return [*storms, *new], left


def _belongs(silence: Silence, known: Ongoing, rule: Rule) -> bool:
    if known.since_ms.get(silence.subject) == silence.since_ms:
        return True
    is_near = abs(silence.since_ms - known.first_ms) <= rule.window_ms
    return is_near and known.zone in (None, silence.zone)


def _are_many(count: int, watched: int, rule: Rule) -> bool:
    return count >= rule.least or (count >= _FEW and count == watched)


def _watched_in(watched: Mapping[str, int], zone: str | None) -> int:
    return sum(watched.values()) if zone is None else watched.get(zone, 0)


def _new(
    left: list[Silence], watched: Mapping[str, int], rule: Rule
) -> tuple[list[Storm], list[Silence]]:
    """Of those in order of time: window by window, the earliest first."""
    storms: list[Storm] = []
    alone: list[Silence] = []
    start = 0
    while start < len(left):
        until_ms = left[start].since_ms + rule.window_ms
        end = start
        while end < len(left) and left[end].since_ms <= until_ms:
            end += 1
        found = _scopes(left[start:end], watched, rule)
        if not found:
            alone.append(left[start])
            start += 1
            continue
        storms += found
        taken = {silence for storm in found for silence in storm.silences}
        left = [silence for silence in left[start:] if silence not in taken]
        start = 0
    return storms, alone


def _scopes(near: Sequence[Silence], watched: Mapping[str, int], rule: Rule) -> list[Storm]:
    """The storms among silences of one window."""
    if len(near) < min(rule.least, _FEW):
        return []
    counts = Counter(silence.zone for silence in near)
    struck = {zone for zone, count in counts.items() if 2 * count >= watched.get(zone, count)}
    scopes: list[tuple[str | None, set[str]]] = []
    if len(struck) > 1:
        scopes.append((None, struck))
    scopes += [(zone, {zone}) for zone in sorted(counts) if len(struck) == 1 or zone not in struck]
    storms = []
    for scope, zones in scopes:
        mine = tuple(silence for silence in near if silence.zone in zones)
        if _are_many(len(mine), _watched_in(watched, scope), rule):
            storms.append(Storm(scope, mine[0].since_ms, mine))
    return storms
