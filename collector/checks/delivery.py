"""Energy at the delivery point: the meter's, by the transformer and line loss factors of its time.

A factor that changes inside a period parts it at the boundary next to the change at which the
register was read. Where no boundary is at the change, the part around it was delivered by the one
factor or the other: that is a doubt, and nothing within it is decided.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from collector.checks.allowance import Known, Versions, in_force, joined
from collector.intervals.energy import Metering
from collector.model.records import LossFactor

Span = tuple[int, int]
"""From the one moment until just before the other, Unix ms."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A factor, for as long as it held. `version` None: none was recorded, and it is 1."""

    start_ms: int
    end_ms: int
    factor: Fraction = Fraction(1)
    version: int | None = None
    example: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A meter's energy in a part of the period, and the factors that held in it."""

    metering: Metering
    pieces: tuple[Piece, ...]

    @property
    def least(self) -> Fraction:
        return min(piece.factor for piece in self.pieces)

    @property
    def most(self) -> Fraction:
        return max(piece.factor for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A meter's energy at the delivery point, in Wh, with all that leaves it in doubt.

    `factor_error_wh` is what a change of the factor between two readings leaves open.
    """

    energy_wh: Fraction
    error_wh: Fraction
    boundary_error_wh: Fraction
    quantum_wh: Fraction
    factor_error_wh: Fraction = Fraction(0)
    positions: tuple[int, ...] = ()
    versions: Versions = field(default_factory=dict)
    example: bool = False

    @property
    def far_wh(self) -> Fraction:
        """What may have moved it that is no step of a register."""
        return self.error_wh + self.factor_error_wh

    @property
    def doubt_wh(self) -> Fraction:
        return self.far_wh + self.quantum_wh


def factors(records: Iterable[Known[LossFactor]], start_ms: int, end_ms: int) -> tuple[Piece, ...]:
    """The factors of one meter within a period, one after another and without a hole."""
    known = list(records)
    if len(known) == 1 and known[0].record.holds_throughout(start_ms, end_ms):
        return (_piece(known[0], start_ms, end_ms),)
    changes = {start_ms, end_ms}
    for entry in known:
        changes |= {entry.record.valid_from, entry.record.valid_until or end_ms}
    cuts = sorted(each for each in changes if start_ms <= each <= end_ms)
    pieces: list[Piece] = []
    for one, other in itertools.pairwise(cuts):
        held = in_force(known, one)
        piece = Piece(one, other) if held is None else _piece(held, one, other)
        if pieces and pieces[-1].version == piece.version:
            last = pieces.pop()
            piece = Piece(last.start_ms, other, last.factor, last.version, last.example)
        pieces.append(piece)
    return tuple(pieces)


def _piece(held: Known[LossFactor], start_ms: int, end_ms: int) -> Piece:
    record = held.record
    factor = _factor(record.transformer, record.line)
    return Piece(start_ms, end_ms, factor, held.version, record.example)


@lru_cache(maxsize=4096)
def _factor(transformer: Decimal, line: Decimal) -> Fraction:
    """Few meters differ in their factors."""
    return Fraction(transformer) * Fraction(line)


def parted(
    pieces: Sequence[Piece], start_ms: int, end_ms: int, boundaries: Iterable[int]
) -> list[tuple[Span, tuple[Piece, ...]]]:
    """The period in parts that begin and end at read boundaries, each with its factors."""
    if len(pieces) == 1:
        return [((start_ms, end_ms), tuple(pieces))]
    read = sorted({start_ms, end_ms, *(each for each in boundaries if start_ms < each < end_ms)})
    cuts = {start_ms, end_ms}
    for piece in pieces[1:]:
        cuts.add(max(each for each in read if each <= piece.start_ms))
        cuts.add(min(each for each in read if each >= piece.start_ms))
    ordered = sorted(cuts)
    return [
        (
            (one, other),
            tuple(piece for piece in pieces if piece.start_ms < other and one < piece.end_ms),
        )
        for one, other in itertools.pairwise(ordered)
    ]


def delivered(parts: Sequence[Part]) -> Delivered | None:
    """The parts' energy, each by its factor; None when one of them was not measured."""
    each = [_delivered(part) for part in parts]
    known = [found for found in each if found is not None]
    if not known or len(known) < len(each):
        return None
    return summed(known)


def summed(energies: Iterable[Delivered]) -> Delivered:
    """Of several meters, or parts of a time."""
    each = list(energies)
    if len(each) == 1:
        return each[0]
    return Delivered(
        sum((energy.energy_wh for energy in each), Fraction(0)),
        sum((energy.error_wh for energy in each), Fraction(0)),
        sum((energy.boundary_error_wh for energy in each), Fraction(0)),
        sum((energy.quantum_wh for energy in each), Fraction(0)),
        sum((energy.factor_error_wh for energy in each), Fraction(0)),
        tuple(sorted({position for energy in each for position in energy.positions})),
        joined(energy.versions for energy in each),
        any(energy.example for energy in each),
    )


def _delivered(part: Part) -> Delivered | None:
    """In the middle between the factors that it may have been delivered by."""
    energy = part.metering.energy
    if energy is None:
        return None
    least, most = part.least, part.most
    mean = most if least == most else (most + least) / 2
    turned = {place for turn in part.metering.turns for place in turn.positions}
    named = tuple(sorted({piece.version for piece in part.pieces if piece.version is not None}))
    return Delivered(
        energy.energy_wh * mean,
        _times(energy.error_wh, most),
        _times(energy.boundary_error_wh, most),
        energy.quantum_wh * most,
        _times(most - mean, energy.energy_wh),
        tuple(sorted({energy.start.position, energy.end.position} | turned)),
        {LossFactor.kind: named} if named else {},
        any(piece.example for piece in part.pieces),
    )


def _times(one: Fraction, other: Fraction) -> Fraction:
    """Nearly all of what is in doubt is nothing."""
    return one * other if one else one
