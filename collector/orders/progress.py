"""The parts that a batch of answers moves: read together, moved in memory, written together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update

from collector.evidence.frame import CommandPhase
from collector.model.order import check_step
from collector.orders import store
from collector.orders.order import Order, Part, StepRecord
from collector.orders.rows import orders_of
from collector.storage.tables import order as order_table
from collector.storage.tables import order_command as command_table
from collector.storage.tables import order_part as part_table
from collector.storage.tables import order_step as step_table

Where = tuple[bytes, str]
"""An order's id, and a gateway."""

_AT_ONCE = 500


class Progress:
    """Within one transaction. What it was told is in the database from `keep` on."""

    def __init__(self, connection: Connection, wanted: Iterable[Where]) -> None:
        self._connection = connection
        self._parts: dict[Where, tuple[Order, Part]] = {}
        self._answers: dict[tuple[bytes, int, int], tuple[CommandPhase, str | None]] = {}
        self._steps: list[tuple[Order, int, StepRecord]] = []
        gateways: dict[bytes, list[str]] = {}
        for identity, gateway in dict.fromkeys(wanted):
            gateways.setdefault(identity, []).append(gateway)
        for identity, names in gateways.items():
            for order in self._loaded(identity, names):
                for part in order.parts:
                    self._parts[identity, part.cut.gateway] = (order, part)

    def at(self, identity: bytes, gateway: str) -> Part | None:
        """The part of an order at a gateway, as it stands by now."""
        found = self._parts.get((identity, gateway))
        return None if found is None else found[1]

    def answer(self, where: Where, counter: int, phase: CommandPhase, reason: str | None) -> None:
        """Note what a gateway said last of a command."""
        order, part = self._parts[where]
        commands = tuple(
            replace(sent, answer=phase, reason=reason) if sent.counter == counter else sent
            for sent in part.commands
        )
        self._parts[where] = (order, replace(part, commands=commands))
        self._answers[order.id, part.number, counter] = (phase, reason)

    def take(self, where: Where, records: Sequence[StepRecord]) -> None:
        """Move a part on by one step after the other; none is nothing. Raises StepError."""
        order, part = self._parts[where]
        for record in records:
            check_step(part.step, record.step)
            part = replace(part, step=record.step, history=(*part.history, record))
            self._steps.append((order, part.number, record))
            store.log_step(order, (part.cut,), part.number, record)
        self._parts[where] = (order, part)

    def keep(self) -> None:
        if self._answers:
            table = command_table
            same = (
                table.c.order_id == bindparam("whose"),
                table.c.part == bindparam("number"),
                table.c.counter == bindparam("nth"),
            )
            rows = [
                {"whose": order, "number": number, "nth": nth, "phase": phase, "why": reason}
                for (order, number, nth), (phase, reason) in self._answers.items()
            ]
            said: dict[str, Any] = {
                "answer": bindparam("phase"),
                "answer_reason": bindparam("why"),
            }
            self._connection.execute(update(table).where(*same).values(**said), rows)
        if self._steps:
            steps = [store.step_row(*step) for step in self._steps]
            self._connection.execute(insert(step_table), steps)
            self._keep_parts()
        self._answers.clear()
        self._steps.clear()

    def _keep_parts(self) -> None:
        newest = {(order.id, number): record.step for order, number, record in self._steps}
        table = part_table
        same = (table.c.order_id == bindparam("whose"), table.c.part == bindparam("number"))
        rows = [
            {"whose": order, "number": number, "now": step}
            for (order, number), step in newest.items()
        ]
        moved = update(table).where(*same).values(step=bindparam("now"))
        self._connection.execute(moved, rows)
        for order in {order.id: order for order, _, _ in self._steps}.values():
            summary = store.summary(self._connection, order)
            self._connection.execute(
                update(order_table).where(order_table.c.id == order.id).values(summary)
            )

    def _loaded(self, identity: bytes, gateways: Sequence[str]) -> Iterator[Order]:
        for start in range(0, len(gateways), _AT_ONCE):
            here = part_table.c.gateway.in_(gateways[start : start + _AT_ONCE])
            yield from orders_of(self._connection, order_table.c.id == identity, here)
