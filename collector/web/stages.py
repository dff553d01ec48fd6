"""What the orders say of each stage of a site."""

from collections.abc import Mapping, Sequence

from collector.model.order import Step
from collector.model.records import Site
from collector.orders.order import Order, Part
from collector.web.view_model import StagePart, StageState

_STATES = {
    Step.DRAFTED: StageState.ANNOUNCED,
    Step.APPROVED: StageState.ANNOUNCED,
    Step.NOTIFIED: StageState.ANNOUNCED,
    Step.ISSUED: StageState.ORDERED_OPEN,
    Step.RECEIVED: StageState.ORDERED_OPEN,
    Step.APPLIED: StageState.APPLIED,
    Step.CONTACT_CONFIRMED: StageState.OPEN,
    Step.VERIFIED: StageState.OPEN,
    Step.REBOUNDED: StageState.OPEN,
    Step.LAPSED: StageState.CLOSING,
    Step.RELEASED: StageState.CLOSING,
    Step.RESTORED: StageState.RESTORED,
    Step.SUPERSEDED: StageState.NO_ORDER,
    Step.REJECTED: StageState.UNKNOWN,
    Step.FAILED: StageState.UNKNOWN,
    Step.CANCELLED: StageState.NO_ORDER,
    Step.EXPIRED: StageState.NO_ORDER,
}
_SINCE = {StageState.OPEN: Step.APPLIED, StageState.ORDERED_OPEN: Step.ISSUED}
_Held = tuple[Order, Part]


def parts(
    site: Site, orders: Sequence[Order], interlocks: Mapping[int, tuple[str, ...]]
) -> tuple[StagePart, ...]:
    """`orders` oldest first. Of several for one stage that counts which holds it open."""
    here = [
        (order, part)
        for order in orders
        for part in order.parts
        if part.cut.site == site.name and part.cut.cap_w is None
    ]
    return tuple(
        _part(
            stage.id, stage.name, [held for held in here if stage.id in held[1].cut.stages]
        ).model_copy(update={"interlocks": interlocks.get(stage.id, ())})
        for stage in site.stages
    )


def _part(stage: int, name: str, held: Sequence[_Held]) -> StagePart:
    if not held:
        return StagePart(id=stage, name=name, state=StageState.NO_ORDER, since_ms=None, order=None)
    order, part = max(reversed(held), key=_rank)
    state = _STATES[part.step]
    steps = {record.step: record for record in order.own} | part.steps
    since = steps[_SINCE.get(state, part.step)]
    return StagePart(id=stage, name=name, state=state, since_ms=since.at_ms, order=order.id.hex())


def _rank(held: _Held) -> int:
    """Holding open before running before over; of equals the newest."""
    part = held[1]
    is_open = _STATES[part.step] in (StageState.OPEN, StageState.APPLIED)
    return 2 if is_open else int(not part.is_over)
