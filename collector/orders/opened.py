"""What stages bring back when they close: what they drew when they were opened."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from collector.model.order import Step
from collector.orders import rest, store
from collector.orders.claims import Gateway
from collector.orders.fleet import CAPPED, LOADS, Fleet, Loads
from collector.orders.order import Cut

_BY_COMMAND = "command"


def moving(connection: Connection, cut: Cut, stages: Sequence[int], here: Gateway) -> Sequence[int]:
    """Those that a command to open moves: they neither stand open, nor are about to.

    What a setpoint moves its gateway chooses.
    """
    if cut.cap_w is not None:
        return stages
    return [
        stage
        for stage in stages
        if not here.is_held(stage) and not rest.is_open(connection, cut.gateway, stage)
    ]


def loads_w(connection: Connection, fleet: Fleet, cut: Cut, moves: Collection[int]) -> Loads:
    """Of each stage: by its meter now, if it `moves`, else what it drew when an order opened it.

    Of a setpoint what it takes off. None: nobody knows; nothing at all where no ramp asks.
    """
    if not fleet.is_bound(cut.site):
        return {}
    if cut.cap_w is not None:
        return {CAPPED: fleet.capped_w(cut)}
    return {
        str(stage): fleet.stage_w(cut.site, stage)
        if stage in moves
        else _recorded_w(connection, cut.gateway, stage)
        for stage in cut.stages
    }


def _recorded_w(connection: Connection, gateway: str, stage: int) -> int | None:
    """As the order has it that moved it last, which has it from one before if it was open then."""
    last = rest.last_movement(connection, gateway, stage)
    if last is not None and not last.is_closed and last.cause != _BY_COMMAND:
        return None  # a person opened it, or the gateway's own limit
    order, _ = store.movers(connection, gateway).get(stage, (None, None))
    found = None if order is None else store.load_part(connection, order, gateway)
    issued = None if found is None else found[1].steps.get(Step.ISSUED)
    known: Loads = {} if issued is None else issued.details.get(LOADS, {})
    return known.get(str(stage))
