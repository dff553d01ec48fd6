"""Evidence as plain files, for the auditor; and beside it what the operator made of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table, select

from collector.evidence.keys import PublicKey
from collector.ledger import checkpoints
from collector.ledger.ledger import Ledger
from collector.model.records import Gateway, GatewayKey
from collector.orders.commands import KIND as COMMAND
from collector.orders.permit.schedule_store import KIND as SCHEDULE
from collector.registry.configurations import KIND as CONFIGURATION
from collector.registry.configurations import PROFILE_KIND
from collector.registry.keyring import ROOT_FILE
from collector.registry.store import Registry
from collector.storage import reading
from collector.storage.tables import (
    entitlement,
    finding,
    finding_member,
    finding_step,
    issued,
    order,
    order_command,
    order_part,
    order_step,
    period_result,
    registry_version,
)

_ISSUED = {
    CONFIGURATION: ("configurations", "cose"),
    COMMAND: ("commands", "cose"),
    SCHEDULE: ("schedules", "cose"),
    PROFILE_KIND: ("profiles", "toml"),
}


def write(engine: Engine, registry: Registry, directory: Path, out: Path) -> int:
    """Write the evidence into the new folder `out`; return the number of frames.

    The collector may run meanwhile: the checkpoints are read before the frames, and what the
    frames rest on after them.
    """
    for name in ("checkpoints", *(name for name, _ in _ISSUED.values())):
        (out / name).mkdir(parents=True)
    for size, message in checkpoints.stored(engine):
        (out / "checkpoints" / f"{size}.cose").write_bytes(message)
    frames = 0
    with (out / "frames.bin").open("wb") as file:
        for entry in Ledger(engine).entries():
            file.write(len(entry.raw).to_bytes(4) + entry.raw)
            frames += 1
    root = (directory / ROOT_FILE).read_bytes()
    _write_json(out / "root.json", {"x": root[:32].hex(), "y": root[32:].hex()})
    gateways = registry.view().all(Gateway).values()
    _write_json(
        out / "keys.json", [_key(gateway, key) for gateway in gateways for key in gateway.keys]
    )
    with reading(engine) as connection:
        _write_issued(connection, out)
        _write_versions(connection, registry_version, out / "register.jsonl")
        _write_versions(connection, entitlement, out / "entitlements.jsonl")
        _write_json(out / "orders.json", _orders(connection))
        periods = select(period_result).order_by(period_result.c.start_ms, period_result.c.version)
        _write_json(out / "periods.json", list(_rows(connection, periods)))
        _write_json(out / "findings.json", _findings(connection))
    return frames


def _write_issued(connection: Connection, out: Path) -> None:
    for digest, kind, raw in connection.execute(select(issued.c.hash, issued.c.kind, issued.c.raw)):
        folder, ending = _ISSUED[kind]
        (out / folder / f"{digest.hex()}.{ending}").write_bytes(raw)


def _write_versions(connection: Connection, table: Table, path: Path) -> None:
    versions = select(table).order_by(table.c.id).execution_options(yield_per=1000)
    with path.open("w") as file:
        for row in _rows(connection, versions):
            file.write(json.dumps(row) + "\n")


def _orders(connection: Connection) -> list[dict[str, Any]]:
    """Each with its parts, steps and commands, in the order they were drafted."""
    found: dict[str, dict[str, Any]] = {}
    tables = {"steps": order_step, "parts": order_part, "commands": order_command}
    for name, table in tables.items():
        for row in _rows(connection, select(table).order_by(*table.primary_key.columns)):
            found.setdefault(row.pop("order_id"), {}).setdefault(name, []).append(row)
    orders = {row["id"]: row for row in _rows(connection, select(order))}
    return [
        orders[identity] | {name: [] for name in tables} | having
        for identity, having in found.items()
        if identity in orders
    ]


def _findings(connection: Connection) -> list[dict[str, Any]]:
    """Each with the steps of its life, and what it stands for, where it is more than one."""
    parts: dict[str, dict[int, list[dict[str, Any]]]] = {"steps": {}, "members": {}}
    queries = {
        "steps": select(finding_step).order_by(finding_step.c.id),
        "members": select(finding_member).order_by(
            finding_member.c.finding, finding_member.c.first_ms, finding_member.c.subject
        ),
    }
    for name, query in queries.items():
        for row in _rows(connection, query):
            parts[name].setdefault(row.pop("finding"), []).append(row)
    return [
        row | {name: found.get(row["id"], []) for name, found in parts.items()}
        for row in _rows(connection, select(finding).order_by(finding.c.id))
    ]


def _rows(connection: Connection, query: Select[Any]) -> Iterator[dict[str, Any]]:
    """Rows as JSON has them: bytes in hex, `body` as what it holds."""
    for row in connection.execute(query):
        plain = {
            name: value.hex() if isinstance(value, bytes) else value
            for name, value in row._mapping.items()
        }
        yield plain | ({"body": json.loads(plain["body"])} if "body" in plain else {})


def _key(gateway: Gateway, key: GatewayKey) -> dict[str, object]:
    return {
        "gateway": gateway.id,
        "kid": PublicKey(key.point).kid.hex(),
        "x": key.x,
        "y": key.y,
        "from": key.start.model_dump(),
        "until": None if key.end is None else key.end.model_dump(),
    }


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")
