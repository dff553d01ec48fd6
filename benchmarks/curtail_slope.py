"""How near the shed load follows the ramp that was asked for."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Slope:
    """`error_pct`: the mean over the planned time of what was delivered less what was planned, as
    a share of what was ordered. `max_step_w`: the most that moved within any `within_s`.
    """

    ordered_w: int
    step_w: int
    step_s: int
    within_s: int
    error_pct: float
    max_step_w: int
    late_s: float


def slope(
    moves: Sequence[tuple[int, int]], ordered_w: int, step_w: int, step_s: int, within_s: int
) -> Slope:
    """`moves`: when load was shed (ms), and how much (W). The plan begins with the first of them,
    and is a stair: so many W at once in each step's time.
    """
    began_ms = min(at_ms for at_ms, _ in moves)
    step_ms = step_s * 1000
    steps = -(-ordered_w // step_w)
    corners = {began_ms + number * step_ms for number in range(steps + 1)}
    corners |= {at_ms for at_ms, _ in moves if at_ms < began_ms + steps * step_ms}
    moments = sorted(corners)
    error_w_ms = 0.0
    for from_ms, until_ms in itertools.pairwise(moments):
        planned_w = min(ordered_w, ((from_ms - began_ms) // step_ms + 1) * step_w)
        shed_w = sum(load_w for at_ms, load_w in moves if at_ms <= from_ms)
        error_w_ms += abs(planned_w - shed_w) * (until_ms - from_ms)
    most_w = max(
        sum(load_w for other_ms, load_w in moves if at_ms <= other_ms < at_ms + within_s * 1000)
        for at_ms, _ in moves
    )
    end_ms = max(at_ms for at_ms, _ in moves)
    return Slope(
        ordered_w,
        step_w,
        step_s,
        within_s,
        100 * error_w_ms / (ordered_w * steps * step_ms),
        most_w,
        (end_ms - began_ms) / 1000 - (steps - 1) * step_s,
    )
