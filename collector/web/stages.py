"""What the orders say of each stage of a site."""

from collections.abc import Sequence

from collector.model.order import Step
from collector.model.records import Site
from collector.orders.store import Order
from collector.web.view_model import StagePart, StageState

_STATES = {
    Step.DRAFTED: StageState.ANNOUNCED,
    Step.APPROVED: StageState.ANNOUNCED,
    Step.NOTIFIED: StageState.ANNOUNCED,
    Step.ISSUED: StageState.ORDERED_OPEN,
    Step.RECEIVED: StageState.ORDERED_OPEN,
    Step.APPLIED: StageState.OPEN,
    Step.VERIFIED: StageState.OPEN,
    Step.RELEASED: StageState.CLOSING,
    Step.RESTORED: StageState.RESTORED,
    Step.REJECTED: StageState.UNKNOWN,
    Step.FAILED: StageState.UNKNOWN,
    Step.CANCELLED: StageState.NO_ORDER,
}
_SINCE = {StageState.OPEN: Step.APPLIED, StageState.ORDERED_OPEN: Step.ISSUED}


def parts(site: Site, orders: Sequence[Order]) -> tuple[StagePart, ...]:
    """`orders` oldest first. Of several for one stage that counts which holds it open."""
    return tuple(
        _part(
            stage.id,
            stage.name,
            [
                order
                for order in orders
                if order.terms.site == site.name and stage.id in order.terms.stages
            ],
        )
        for stage in site.stages
    )


def _part(stage: int, name: str, orders: Sequence[Order]) -> StagePart:
    if not orders:
        return StagePart(id=stage, name=name, state=StageState.NO_ORDER, since_ms=None, order=None)
    order = max(reversed(orders), key=_rank)
    state = _STATES[order.step]
    since = order.steps[_SINCE.get(state, order.step)]
    return StagePart(id=stage, name=name, state=state, since_ms=since.at_ms, order=order.id.hex())


def _rank(order: Order) -> int:
    """Holding open before running before over; of equals the newest."""
    return 2 if _STATES[order.step] is StageState.OPEN else int(not order.is_over)
