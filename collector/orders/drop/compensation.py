"""What a cut did not supply: an estimate, by the drop that was measured and a named baseline."""

from dataclasses import dataclass
from fractions import Fraction

from collector.model.order import JUDGED, DropResult, Step
from collector.orders.order import Part, StepRecord

_MS_IN_HOUR = 3_600_000
BASELINE = "flat_prior_load"
"""The load before the order, held flat from contact to return: collector/words says it so."""


@dataclass(frozen=True)
class Avoided:
    """`error_wh`: 2 σ of the load before, over the measured time; that the load might have changed
    by itself is in no figure. `unmeasured_ms`: open, and not judged, or judged unverifiable.
    """

    energy_wh: Fraction
    error_wh: Fraction
    measured_ms: int
    unmeasured_ms: int


def avoided(part: Part) -> Avoided | None:
    """Each judgement holds from its samples to the next; the first from the contact.

    None when its contacts never opened, or it has not ended. 0 of a part that no meter judged.
    """
    opened, ended = _opened_ms(part), _ended_ms(part)
    if opened is None or ended is None:
        return None
    judged = [record for record in part.history if record.step in JUDGED]
    starts = [opened, *(max(opened, _known_ms(record)) for record in judged[1:])]
    ends = [*starts[1:], max(ended, opened)]
    energy = error = Fraction(0)
    measured_ms = 0
    for record, start_ms, end_ms in zip(judged, starts, ends, strict=False):
        drop_w = _credited_w(record)
        took_ms = max(min(end_ms, ended) - start_ms, 0)
        if drop_w is None:
            continue
        measured_ms += took_ms
        energy += drop_w * took_ms / _MS_IN_HOUR
        error += 2 * Fraction(str(record.details.get("sigma_w", 0))) * took_ms / _MS_IN_HOUR
    return Avoided(energy, error, measured_ms, max(ended - opened, 0) - measured_ms)


def not_supplied_wh(part: Part) -> Fraction | None:
    """Wh of a closed part: 0 of one that was never carried out; None: nobody measured it."""
    if _opened_ms(part) is None:
        return Fraction(0) if part.is_over and part.step is not Step.FAILED else None
    found = avoided(part)
    return None if found is None or part.measured is None else found.energy_wh


def _opened_ms(part: Part) -> int | None:
    record = part.steps.get(Step.CONTACT_CONFIRMED) or part.steps.get(Step.APPLIED)
    return None if record is None else record.at_ms


def _ended_ms(part: Part) -> int | None:
    """When its stages were closed again, or became another order's."""
    record = part.steps.get(Step.RESTORED) or part.steps.get(Step.SUPERSEDED)
    return None if record is None else record.at_ms


def _known_ms(record: StepRecord) -> int:
    window = record.details.get("after_ms")
    return record.at_ms if window is None else int(window[0])


def _credited_w(record: StepRecord) -> Fraction | None:
    """None of one that could not be judged; of an older program's by its stages alone."""
    details = record.details
    if "stage_before_w" not in details or details["result"] == DropResult.UNVERIFIABLE:
        return None
    if "credited_w" in details:
        return Fraction(str(details["credited_w"]))
    drop_w = Fraction(str(details["stage_before_w"])) - Fraction(str(details["stage_after_w"]))
    return max(drop_w, Fraction(0))
