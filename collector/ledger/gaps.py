"""What is missing of each chain, what its gateway says it dropped, and what stands there twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, select

from collector.evidence.chains import Fault, Range, without
from collector.evidence.frame import Stream
from collector.storage.tables import chain, chain_fault, dropped_range, frame


@dataclass(frozen=True)
class ChainGaps:
    """`missing` is not here and nobody says why; `dropped` is named by a signed event.

    `forks` are the seqs under which there are several frames; `faults` the other faults, by seq.
    """

    gateway: bytes
    epoch: int
    stream: Stream
    upto: int
    highest: int
    missing: tuple[Range, ...]
    dropped: tuple[Range, ...]
    forks: tuple[int, ...]
    faults: tuple[tuple[int, str], ...]

    @property
    def frames_missing(self) -> int:
        return sum(last - first + 1 for first, last in self.missing)

    @property
    def is_whole(self) -> bool:
        return not self.missing and not self.forks and not self.faults


def chains(connection: Connection) -> Iterator[ChainGaps]:
    """Every chain that was followed; only what lies beyond a chain's first gap is read."""
    columns = chain.c
    query = select(chain).order_by(columns.gateway, columns.epoch, columns.stream)
    for row in connection.execute(query).all():
        dropped = _dropped(connection, row) if row.stream == Stream.TELEMETRY else ()
        absent = _absent(connection, row) if row.upto < row.highest else ()
        wrong = _faults(connection, row)
        yield ChainGaps(
            gateway=row.gateway,
            epoch=row.epoch,
            stream=Stream(row.stream),
            upto=row.upto,
            highest=row.highest,
            missing=tuple(part for gap in absent for part in without(gap, dropped)),
            dropped=tuple(dropped),
            forks=tuple(seq for seq, fault in wrong if fault == Fault.FORK),
            faults=tuple((seq, fault) for seq, fault in wrong if fault != Fault.FORK),
        )


def _is_of(table: Any, row: Any) -> Any:
    same = [table.c[name] == getattr(row, name) for name in ("gateway", "epoch", "stream")]
    return and_(*same)


def _absent(connection: Connection, row: Any) -> list[Range]:
    """The ranges between the frames that are here, beyond `upto`."""
    query = (
        select(frame.c.seq)
        .where(_is_of(frame, row), frame.c.seq > row.upto)
        .distinct()
        .order_by(frame.c.seq)
    )
    absent = []
    last = row.upto
    with connection.execute(query) as held:
        for (seq,) in held:
            if seq != last + 1:
                absent.append((last + 1, seq - 1))
            last = seq
    return absent


def _dropped(connection: Connection, row: Any) -> Sequence[Range]:
    table = dropped_range
    query = (
        select(table.c.first, table.c.last)
        .where(table.c.gateway == row.gateway, table.c.epoch == row.epoch)
        .order_by(table.c.first, table.c.last)
    )
    return [(first, last) for first, last in connection.execute(query)]


def _faults(connection: Connection, row: Any) -> list[tuple[int, str]]:
    table = chain_fault
    query = select(table.c.seq, table.c.fault).where(_is_of(table, row))
    found = connection.execute(query.order_by(table.c.seq, table.c.fault))
    return [(seq, fault) for seq, fault in found]
