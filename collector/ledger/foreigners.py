"""Whose samples are, by time: of the few meters for which another has ever answered."""

from bisect import bisect_right
from collections.abc import Sequence

from sqlalchemy import Connection, select

from collector.ledger.identities import Standing, carried
from collector.storage.tables import identity as table

_ASKED = 500
"""Meters in one query."""

Key = tuple[bytes, int, str]
"""Gateway, slot, meter."""


class Foreigners:
    """What identities say of samples, which stand in another chain than they."""

    def __init__(self, said: dict[Key, list[tuple[int, bool | None, bool | None]]]) -> None:
        self._times: dict[Key, list[int]] = {}
        self._standings: dict[Key, list[Standing | None]] = {}
        for key, rows in said.items():
            self._times[key] = [at_ms for at_ms, _, _ in rows]
            self._standings[key] = carried((serial, ratio) for _, serial, ratio in rows)

    def standing(self, gateway: bytes, slot: int, meter: str, at_ms: int) -> Standing | None:
        """None: the configured meter's, as far as is known."""
        key = (gateway, slot, meter)
        times = self._times.get(key)
        if times is None:
            return None
        place = bisect_right(times, at_ms)
        return self._standings[key][place - 1] if place else None

    def concerns(self, gateway: bytes, slot: int, meter: str) -> bool:
        return (gateway, slot, meter) in self._times


def foreigners(connection: Connection, meters: Sequence[str]) -> Foreigners:
    """Of these meters. All but always none of them is concerned."""
    said: dict[Key, list[tuple[int, bool | None, bool | None]]] = {}
    for start in range(0, len(meters), _ASKED):
        differs = table.c.is_serial.is_(False) | table.c.is_ratio.is_(False)
        asked = table.c.meter.in_(meters[start : start + _ASKED])
        concerned = list(connection.scalars(select(table.c.meter).where(asked, differs).distinct()))
        if not concerned:
            continue
        query = select(table).where(table.c.meter.in_(concerned))
        columns = (table.c.at_ms, table.c.epoch, table.c.seq, table.c.record)
        for row in connection.execute(query.order_by(*columns)):
            of_key = said.setdefault((row.gateway, row.slot, row.meter), [])
            of_key.append((row.at_ms, row.is_serial, row.is_ratio))
    return Foreigners(said)
