"""Verifying what the operator signed or relied on: the rows of `issued`."""

import json
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy import Engine, select

from collector.evidence.command import read_command
from collector.evidence.configuration import read_configuration
from collector.evidence.cose import message_hash
from collector.evidence.downlink import Command
from collector.evidence.errors import EvidenceError
from collector.evidence.keys import PublicKey
from collector.evidence.schedule import Schedule, read_schedule
from collector.orders.commands import KIND as COMMAND
from collector.orders.permit.schedule_store import KIND as SCHEDULE
from collector.registry.configurations import KIND as CONFIGURATION
from collector.storage import reading
from collector.storage.tables import issued, order_command, order_step


@dataclass(frozen=True)
class IssuedConfiguration:
    gateway: bytes
    version: int
    zone: str


@dataclass
class Issued:
    """What verified, by its hash, and what did not."""

    configurations: dict[bytes, IssuedConfiguration] = field(default_factory=dict)
    commands: dict[bytes, Command] = field(default_factory=dict)
    schedules: dict[bytes, Schedule] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @cached_property
    def _meant(self) -> set[tuple[bytes | str, bytes, int]]:
        return {(each.target, each.order, each.counter) for each in self.commands.values()}

    def has_command(self, order: bytes, counter: int, gateway: bytes, zone: str) -> bool:
        """Whether a command of this order and counter went to the gateway or to its zone."""
        return not self._meant.isdisjoint({(gateway, order, counter), (zone, order, counter)})

    def has_schedule(self, digest: bytes, serial: int, gateway: bytes, *, enforces: bool) -> bool:
        """Whether this one was issued to the gateway."""
        known = self.schedules.get(digest)
        return known is not None and (known.serial, known.gateway, known.enforces) == (
            serial,
            gateway,
            enforces,
        )


def verify_issued(engine: Engine, root: PublicKey) -> Issued:
    """Judge every row, and that each command an order says it sent is among them."""
    found = Issued()
    with reading(engine) as connection:
        rows = connection.execute(select(issued.c.hash, issued.c.kind, issued.c.raw)).all()
        steps = connection.execute(
            select(order_step.c.order_id, order_step.c.step, order_step.c.body)
        ).all()
        table = order_command
        sent = connection.execute(select(table.c.order_id, table.c.counter, table.c.hash)).all()
    for digest, kind, raw in rows:
        _judge(found, root, digest, kind, raw)
    for order, step, body in steps:
        details = json.loads(body)
        if (named := details.get("command")) is not None:
            where = f"order {order.hex()} {step}"
            _judge_sent(found, where, order, details.get("counter"), bytes.fromhex(str(named)))
    for order, counter, digest in sent:
        _judge_sent(found, f"order {order.hex()} command", order, counter, digest)
    return found


def _judge(found: Issued, root: PublicKey, digest: bytes, kind: str, raw: bytes) -> None:
    where = f"{kind} {digest.hex()}"
    if message_hash(raw) != digest:
        found.faults.append(f"{where}: other bytes than its hash")
    try:
        if kind == CONFIGURATION:
            body = read_configuration(raw, root)
            found.configurations[digest] = IssuedConfiguration(body[1], body[2], body[5])
        elif kind == COMMAND:
            found.commands[digest] = read_command(raw, root)
        elif kind == SCHEDULE:
            found.schedules[digest] = read_schedule(raw, root)
    except EvidenceError as error:
        found.faults.append(f"{where}: {error}")


def _judge_sent(
    found: Issued, where: str, order: bytes, counter: int | None, digest: bytes
) -> None:
    command = found.commands.get(digest)
    if command is None:
        found.faults.append(f"{where}: its command {digest.hex()} is not here")
    elif (command.order, command.counter) != (order, counter):
        found.faults.append(
            f"{where}: command {digest.hex()} is another order's, or has another counter"
        )
