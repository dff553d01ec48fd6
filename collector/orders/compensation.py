"""What a cut did not supply, by the drop that was measured."""

from fractions import Fraction

from collector.model.order import Step
from collector.orders.order import Part

_MS_IN_HOUR = 3_600_000


def not_supplied_wh(part: Part) -> Fraction | None:
    """Wh: the measured drop of its stages, held flat while their contacts stood open.

    0 of a part that was never carried out; None when its drop was not measured, or it has not
    ended: nobody knows.
    """
    applied = part.steps.get(Step.CONTACT_CONFIRMED) or part.steps.get(Step.APPLIED)
    if applied is None:
        return Fraction(0) if part.is_over and part.step is not Step.FAILED else None
    verified, restored = part.steps.get(Step.VERIFIED), part.steps.get(Step.RESTORED)
    if verified is None or restored is None:
        return None
    watts = [verified.details.get(name) for name in ("stage_before_w", "stage_after_w")]
    if None in watts:
        return None
    before_w, after_w = (Fraction(str(value)) for value in watts)
    open_ms = max(restored.at_ms - applied.at_ms, 0)
    return max(before_w - after_w, Fraction(0)) * open_ms / _MS_IN_HOUR
