"""What limits a site beside its orders for stages: a setpoint, its gateway's own limit, blocks."""

from collections.abc import Sequence

from sqlalchemy import Connection

from collector.model.order import HOLDING, Step
from collector.model.records import Site
from collector.orders import loads
from collector.orders.blocks import Block
from collector.orders.order import Order
from collector.orders.permit import schedule_store
from collector.registry.view import View
from collector.series.store import SeriesStore
from collector.web.view_model import BlockPart, LimiterPart, SetpointPart

_IN_FORCE = (Step.APPLIED, Step.VERIFIED, Step.REBOUNDED)


def setpoint(
    view: View, series: SeriesStore, site: Site, orders: Sequence[Order], now_ms: int
) -> SetpointPart | None:
    """That which holds: of several the lowest; else the newest that is on its way."""
    here = [
        (order, part, part.cut.cap_w)
        for order in orders
        for part in order.parts
        if part.cut.site == site.name and part.cut.cap_w is not None and not part.is_over
    ]
    if not here:
        return None
    holding = [each for each in here if each[1].step in HOLDING]
    order, part, cap_w = min(holding or here[-1:], key=lambda each: each[2])
    drawn = loads.drawn(view, series, part.cut, now_ms).power_w
    names = {stage.id: stage.name for stage in site.stages}
    return SetpointPart(
        order=order.id.hex(),
        cap_w=cap_w,
        stages=tuple(names.get(stage, f"stage {stage}") for stage in part.cut.stages),
        step=part.step,
        is_in_force=part.step in _IN_FORCE,
        until_ms=part.until_ms,
        measured_w=drawn,
        is_above=drawn is not None and drawn > cap_w,
    )


def limiter(connection: Connection, gateway: str) -> LimiterPart | None:
    """None of a gateway that never had one."""
    said = schedule_store.last_said(connection, gateway)
    if said is None:
        return None
    energy_wh, power_w = said.limit or (None, None)
    return LimiterPart(
        permit=said.state.permit,
        load=said.state.load,
        cause=said.state.cause,
        since_ms=said.state.at_ms,
        acts=said.acts,
        limit_w=power_w,
        limit_wh=energy_wh,
    )


def block_part(block: Block) -> BlockPart:
    began = block.began
    return BlockPart(
        zone=block.zone,
        since_ms=began.at_ms,
        person=began.person,
        reason=began.reason,
        reference=began.reference,
        lift_asked_by=None if block.asked is None else block.asked.person,
    )
