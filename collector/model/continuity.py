"""How a register went from one reading to the next: what was measured, and what was not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from collector.model.energy import Quantity, energy_in
from collector.model.identity import is_same_serial

DELAY_MS = 1_000
"""An instrument shows a count so long after it was reached, at least."""


class Verdict(StrEnum):
    """`measured` and `rollover` have an energy; across the others nothing is measured.

    `exchanged`: the register knows of an exchange, and no reading is near enough to it.
    """

    MEASURED = "measured"
    ROLLOVER = "rollover"
    RESET = "reset"
    SWAP = "swap"
    RATIO_CHANGED = "ratio_changed"
    JUMP = "jump"
    EXCHANGED = "exchanged"


@dataclass(frozen=True, slots=True)
class RegisterReading:
    """A register as it was read; what is not known of it is None."""

    register: Quantity
    read_ms: int
    serial: str | None = None
    ratio: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """`modulus`: the count that reads as zero again. Without the greatest power that the wiring
    can carry no rise is too steep, and no fall is shown to be a rollover.
    """

    modulus: int | None = None
    greatest_w: Fraction | None = None
    delay_ms: int = DELAY_MS


@dataclass(frozen=True, slots=True)
class Step:
    verdict: Verdict
    before: RegisterReading
    after: RegisterReading
    energy: Fraction | None


@dataclass(frozen=True, slots=True)
class _Case:
    """Two readings, and what several rules ask of them. A register that is shown more coarsely than
    before may seem to fall by less than its `quantum`, the greater of the two.
    """

    before: RegisterReading
    after: RegisterReading
    limits: Limits
    rise: Fraction
    quantum: Fraction
    has_same_quantum: bool

    @classmethod
    def of(cls, before: RegisterReading, after: RegisterReading, limits: Limits) -> "_Case":
        one, other = before.register, after.register
        if one.quantum == other.quantum:
            rise = (other.count - one.count) * one.quantum
            return cls(before, after, limits, rise, one.quantum, has_same_quantum=True)
        quantum = max(one.quantum, other.quantum)
        return cls(before, after, limits, other.value - one.value, quantum, has_same_quantum=False)

    @property
    def most(self) -> Fraction | None:
        """What the register can have risen by."""
        if self.limits.greatest_w is None:
            return None
        elapsed_ms = max(self.after.read_ms - self.before.read_ms, 0) + self.limits.delay_ms
        return energy_in(self.limits.greatest_w, elapsed_ms) + self.quantum

    @property
    def lap(self) -> Fraction | None:
        if self.limits.modulus is None or not self.has_same_quantum:
            return None
        return self.limits.modulus * self.quantum


def _is_other_meter(case: _Case) -> bool:
    before, after = case.before.serial, case.after.serial
    return before is not None and after is not None and not is_same_serial(before, after)


def _is_other_ratio(case: _Case) -> bool:
    before, after = case.before.ratio, case.after.ratio
    return before is not None and after is not None and before != after


def _went_back(case: _Case) -> bool:
    return case.rise < 0 and (case.has_same_quantum or case.rise <= -case.quantum)


def _rolled_over(case: _Case) -> bool:
    """More than a whole lap cannot be told from less, so a lap must be out of reach."""
    if not _went_back(case):
        return False
    lap, most = case.lap, case.most
    if lap is None or most is None:
        return False
    return case.before.register.value < lap and case.rise + lap <= most < lap


def _jumped(case: _Case) -> bool:
    most = case.most
    return most is not None and case.rise > most


def _nothing(_: _Case) -> None:
    return None


_RULES: tuple[
    tuple[Verdict, Callable[[_Case], bool], Callable[[_Case], Fraction | None]],
    ...,
] = (
    (Verdict.SWAP, _is_other_meter, _nothing),
    (Verdict.RATIO_CHANGED, _is_other_ratio, _nothing),
    (Verdict.ROLLOVER, _rolled_over, lambda case: case.rise + (case.lap or 0)),
    (Verdict.RESET, _went_back, _nothing),
    (Verdict.JUMP, _jumped, _nothing),
    (Verdict.MEASURED, lambda _: True, lambda case: max(case.rise, Fraction(0))),
)
"""The first that applies decides."""


def judge(before: RegisterReading, after: RegisterReading, limits: Limits) -> Step:
    case = _Case.of(before, after, limits)
    for verdict, applies, energy in _RULES:
        if applies(case):
            return Step(verdict, before, after, energy(case))
    raise AssertionError("the last rule always applies")


def judge_all(readings: Sequence[RegisterReading], limits: Limits) -> list[Step]:
    return [judge(before, after, limits) for before, after in pairwise(readings)]


def total(steps: Sequence[Step]) -> Fraction | None:
    """What was measured over all of them; None when across one of them nothing was."""
    measured = Fraction(0)
    for step in steps:
        if step.energy is None:
            return None
        measured += step.energy
    return measured
