"""What the meters saw of a stage that was opened: docs/verification.md in small. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Any

from technician.checks.outcome import Outcome
from technician.commission.procedure import Rules

_NOISE = Fraction(11, 10)
"""σ² of the noise of (median step)²: docs/verification.md."""
_CURES = {
    "small_load": "have the miners behind this stage run at their usual load, and test again",
    "bypass": "the contact says open and the load is on: find what feeds it past the stage",
    "welded_contact": "the contactor did not open: look at coil, wiring and main contacts",
    "contact_untrue": "the load fell and the contact says closed: look at its wire",
    "not_restored": "close it by hand if it is a person's to close; look at coil and interlocks",
    "no_meter": "a stage that no meter measures needs a delivery meter that answers",
    "open": "close the stage first: a test without load proves nothing",
    "interlock": "selector to REMOTE, lock off, protection reset; then test again",
}


@dataclass(frozen=True)
class Seen:
    """`before_w`, `after_w`: of the meter that judges, one for each round."""

    before_w: Sequence[Fraction]
    after_w: Sequence[Fraction]


def refused(stage: int, why: str) -> Outcome:
    facts: dict[str, str | int] = {"stage": stage, "cause": why}
    words = {"open": "it is open", "interlock": "an interlock is set", "no_meter": "nobody sees it"}
    text = f"stage {stage} was not tested: {words.get(why, why)}"
    return Outcome("relay", False, text, _CURES.get(why), facts)


def too_often(stage: int, per_hour: int) -> Outcome:
    """Contactors wear, and miners do not like it either."""
    facts: dict[str, str | int] = {"stage": stage, "operations_per_hour": per_hour}
    why = f"stage {stage} was opened {per_hour} times within an hour"
    return Outcome("relay", None, why, "wait, and test again", facts)


def judge(stage: int, told: Mapping[str, Any], seen: Seen, rules: Rules) -> Outcome:
    """`told`: by the board, of contact and return."""
    if min(len(seen.before_w), len(seen.after_w)) < rules.samples:
        return refused(stage, "no_meter")
    before_w, after_w = median(seen.before_w), median(seen.after_w)
    sigma2 = _NOISE * _step(seen.before_w) ** 2
    opened, drop_w = bool(told["opened"]), before_w - after_w
    facts: dict[str, str | int] = {
        "stage": stage,
        "before_w": _text(before_w),
        "after_w": _text(after_w),
        "drop_w": _text(drop_w),
        "noise_w2": _text(sigma2),
        "contact": "open" if opened else "closed",
        "contact_ms": int(told["took_ms"]),
        "returned": "yes" if told["closed"] else "no",
    }

    def failed(cause: str, passed: bool | None = False) -> Outcome:
        why = f"stage {stage}: {cause.replace('_', ' ')}: {_kw(before_w)} → {_kw(after_w)} kW"
        return Outcome("relay", passed, why, _CURES[cause], facts | {"cause": cause})

    if before_w <= rules.off_w or before_w**2 < rules.load_sigmas**2 * sigma2:
        return failed("small_load", None)
    fell = 1000 * drop_w >= rules.full_permille * before_w
    if not fell:
        return failed("bypass" if opened else "welded_contact")
    if not opened:
        return failed("contact_untrue")
    if not told["closed"] and not told["by_person"]:
        return failed("not_restored")
    why = f"stage {stage}: {_kw(before_w)} → {_kw(after_w)} kW, contact after {told['took_ms']} ms"
    return Outcome("relay", True, why, None, facts)


def _step(watts: Sequence[Fraction]) -> Fraction:
    return median(abs(after - before) for before, after in pairwise(watts))


def _text(value: Fraction) -> str:
    return str(value)


def _kw(watts: Fraction) -> str:
    return f"{float(watts) / 1000:.1f}"
