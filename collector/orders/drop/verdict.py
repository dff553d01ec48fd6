"""What is found of a drop: of each stage, of a part, and as a step of the order keeps it."""

from dataclasses import dataclass, field
from fractions import Fraction
from math import isqrt
from typing import Any

from collector.model.order import DropCause, DropResult


@dataclass(frozen=True)
class StageVerdict:
    stage: int
    result: DropResult
    cause: DropCause | None
    before_w: Fraction = Fraction(0)
    after_w: Fraction = Fraction(0)
    variance_w2: Fraction = Fraction(0)


@dataclass(frozen=True)
class CappedLoad:
    """What a setpoint is for, W: its load before and after, σ² of one reading of it."""

    cap_w: int
    before_w: Fraction
    after_w: Fraction
    variance_w2: Fraction


@dataclass(frozen=True)
class Verdict:
    """Powers in W: medians, summed over the meters. `boundary_drop_w` is without what other orders
    moved; `silent`: the meters that said too little.
    """

    result: DropResult
    cause: DropCause | None
    stages: tuple[StageVerdict, ...]
    site_before_w: Fraction = Fraction(0)
    site_after_w: Fraction = Fraction(0)
    boundary_drop_w: Fraction = Fraction(0)
    site_variance_w2: Fraction = Fraction(0)
    silent: tuple[str, ...] = ()
    is_measured: bool = field(default=True)
    capped: CappedLoad | None = None

    @property
    def stage_before_w(self) -> Fraction:
        """Of a setpoint: of all that it is for."""
        if self.capped is not None:
            return self.capped.before_w
        return sum((each.before_w for each in self.stages), Fraction(0))

    @property
    def stage_after_w(self) -> Fraction:
        if self.capped is not None:
            return self.capped.after_w
        return sum((each.after_w for each in self.stages), Fraction(0))

    @property
    def credited_w(self) -> Fraction:
        """What the grid was relieved of by the order: the lesser of both places; never below 0.

        Nothing by a setpoint that had nothing to take off.
        """
        is_idle = self.capped is not None and self.capped.before_w <= self.capped.cap_w
        if self.result is DropResult.UNVERIFIABLE or is_idle:
            return Fraction(0)
        stages = self.stage_before_w - self.stage_after_w
        return max(min(stages, self.boundary_drop_w), Fraction(0))

    def details(self) -> dict[str, Any]:
        """As a step of the order keeps it: powers in W to a tenth."""
        said: dict[str, Any] = {"result": self.result, "cause": self.cause}
        if self.silent:
            said["silent"] = list(self.silent)
        if not self.is_measured:
            return said
        variance_w2 = sum((each.variance_w2 for each in self.stages), Fraction(0))
        if self.capped is not None:
            variance_w2 = self.capped.variance_w2
            said["cap_w"] = self.capped.cap_w
        return said | {
            "stage_before_w": _tenth(self.stage_before_w),
            "stage_after_w": _tenth(self.stage_after_w),
            "site_before_w": _tenth(self.site_before_w),
            "site_after_w": _tenth(self.site_after_w),
            "sigma_w": _tenth(root(variance_w2)),
            "site_sigma_w": _tenth(root(self.site_variance_w2)),
            "boundary_drop_w": _tenth(self.boundary_drop_w),
            "credited_w": _tenth(self.credited_w),
            "stages": [
                {
                    "stage": each.stage,
                    "result": each.result,
                    "cause": each.cause,
                    "before_w": _tenth(each.before_w),
                    "after_w": _tenth(each.after_w),
                    "sigma_w": _tenth(root(each.variance_w2)),
                }
                for each in self.stages
            ],
        }


def root(value: Fraction) -> Fraction:
    """The square root, to a hundredth."""
    return Fraction(isqrt(int(value * 10_000)), 100)


def _tenth(value: Fraction) -> float:
    return float(round(value, 1))
