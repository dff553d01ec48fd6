"""How a gateway is: what it says of itself, and how whole its chains are here."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from collector.checks import rollouts
from collector.evidence.frame import Stream
from collector.intervals import facts
from collector.intervals.gateways import conditions
from collector.ledger.chain import Fault
from collector.model.health import Health
from collector.registry.offers import STATUS_OLD_MS, newest_issued
from collector.storage.tables import chain, chain_fault
from collector.web.view_model import (
    ChainPart,
    CommissioningPart,
    ConfigurationPart,
    GatewayPart,
    HealthPart,
)


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
        self._conditions = conditions(connection)
        self._in_force = facts.in_force(connection)
        self._refusals = facts.refusals(connection)
        self._commissioned = facts.commissioned(connection)
        self._issued = newest_issued(connection)
        self._told = rollouts.told(connection)

    def part(self, gateway: str, status: Mapping[str, Any] | None, now_ms: int) -> GatewayPart:
        heard_ms = None if status is None else status.get("received_ms")
        age_ms = None if heard_ms is None else now_ms - heard_ms
        known = self._conditions.get(gateway)
        told = self._told.get(gateway)
        return GatewayPart(
            id=gateway,
            online=None if status is None else status.get("online") is True,
            status_age_ms=age_ms,
            is_status_old=age_ms is not None and age_ms > STATUS_OLD_MS,
            pending=_pending(status or {}),
            chains=tuple(_worth_showing(self._chains.get(gateway, []))),
            faults=self._faults.get(gateway, {}),
            firmware=None if known is None else known.firmware,
            release=None if told is None else f"release {told.number} {told.words}",
            told=told,
            commissioning=self._commissioning(gateway),
            booted_ms=None if known is None else known.booted_ms,
            health=None if known is None else _health(known.health, known.health_ms),
            ailments=() if known is None else known.ailments,
            fault=None if known is None else known.fault,
            fault_ms=None if known is None else known.fault_ms,
            configuration=self._configuration(gateway),
        )

    def _commissioning(self, gateway: str) -> CommissioningPart | None:
        told = self._commissioned.get(gateway)
        if told is None:
            return None
        return CommissioningPart(
            at_ms=told["at_ms"], act=told["act"], signers=tuple(told["signers"])
        )

    def _configuration(self, gateway: str) -> ConfigurationPart:
        issued = self._issued.get(gateway)
        return ConfigurationPart(
            issued=None if issued is None else issued.version,
            in_force=self._in_force.get(gateway),
            refused=self._refusals.get(gateway),
        )


def _health(health: Health | None, at_ms: int | None) -> HealthPart | None:
    if health is None or at_ms is None:
        return None
    return HealthPart(
        at_ms=at_ms,
        free_bytes=health.free_bytes,
        stall_ms=health.stall_ms,
        days=health.days,
        erasures=health.erasures,
        signal_dbm=health.signal_dbm,
        bus_failures=tuple(float(bus.share) for bus in health.buses),
        drift_ppm=None if health.drift_ppb is None else health.drift_ppb / 1000,
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
