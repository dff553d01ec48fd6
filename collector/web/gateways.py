"""How a gateway is: what it says of itself, and how whole its chains are here."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from collector.evidence.frame import Stream
from collector.intervals import facts
from collector.ledger.chain import Fault
from collector.registry.offers import STATUS_OLD_MS, newest_issued
from collector.storage.tables import chain, chain_fault, gateway_fact
from collector.web.view_model import ChainPart, ConfigurationPart, GatewayPart


class Gateways:
    """Everything the database holds of gateways, read at once."""

    def __init__(self, connection: Connection) -> None:
        self._chains: dict[str, list[ChainPart]] = {}
        for row in connection.execute(select(chain).order_by(chain.c.stream, chain.c.epoch)):
            part = ChainPart(
                stream=Stream(row.stream).name.lower(),
                epoch=row.epoch,
                upto=row.upto,
                highest=row.highest,
            )
            self._chains.setdefault(row.gateway.hex(), []).append(part)
        self._faults: dict[str, dict[Fault, int]] = {}
        kinds = (chain_fault.c.gateway, chain_fault.c.fault)
        for gateway, fault, count in connection.execute(
            select(*kinds, func.count()).group_by(*kinds).order_by(*kinds)
        ):
            self._faults.setdefault(gateway.hex(), {})[Fault(fault)] = count
        boots = select(gateway_fact).where(gateway_fact.c.name == "boot")
        self._boots = {
            row.gateway.hex(): (row.at_ms, json.loads(row.body)["firmware"])
            for row in connection.execute(boots)
        }
        self._in_force = facts.in_force(connection)
        self._refusals = facts.refusals(connection)
        self._issued = newest_issued(connection)

    def part(self, gateway: str, status: Mapping[str, Any] | None, now_ms: int) -> GatewayPart:
        heard_ms = None if status is None else status.get("received_ms")
        age_ms = None if heard_ms is None else now_ms - heard_ms
        booted_ms, firmware = self._boots.get(gateway, (None, None))
        return GatewayPart(
            id=gateway,
            online=None if status is None else status.get("online") is True,
            status_age_ms=age_ms,
            is_status_old=age_ms is not None and age_ms > STATUS_OLD_MS,
            pending=_pending(status or {}),
            chains=tuple(_worth_showing(self._chains.get(gateway, []))),
            faults=self._faults.get(gateway, {}),
            firmware=firmware,
            booted_ms=booted_ms,
            configuration=self._configuration(gateway),
        )

    def _configuration(self, gateway: str) -> ConfigurationPart:
        issued = self._issued.get(gateway)
        return ConfigurationPart(
            issued=None if issued is None else issued.version,
            in_force=self._in_force.get(gateway),
            refused=self._refusals.get(gateway),
        )


def _worth_showing(chains: Sequence[ChainPart]) -> list[ChainPart]:
    """The newest epoch of each stream, and every older one that has a gap."""
    newest = {part.stream: part.epoch for part in chains}
    return [
        part for part in chains if part.epoch == newest[part.stream] or part.upto < part.highest
    ]


def _pending(status: Mapping[str, Any]) -> dict[str, int]:
    """Counts by stream; a status is unsigned, so what is no count is left out."""
    counts = status.get("pending")
    if not isinstance(counts, list):
        return {}
    return {
        stream.name.lower(): count
        for stream, count in zip(Stream, counts, strict=False)
        if type(count) is int
    }
