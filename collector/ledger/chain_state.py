"""What is known of chains before a batch of frames, and what the batch brings to them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from collector.evidence.chains import ChainName, Link, Range, dropped_ranges, events
from collector.evidence.frame import EventCode, Frame, Stream, kept_frame
from collector.ledger import archives
from collector.ledger.coverage import held_ranges
from collector.ledger.ledger import Entry
from collector.ledger.retirement import FrameName
from collector.storage.lookups import rows_of
from collector.storage.tables import chain
from collector.storage.tables import frame as frame_table


@dataclass(slots=True)
class ChainState:
    """One epoch of one stream: how far it is whole here, and what a batch brings to it."""

    upto: int = 0
    highest: int = 0
    is_known: bool = False
    links: dict[int, list[Link]] = field(default_factory=dict)
    shown_by: dict[int, int] = field(default_factory=dict)
    held: list[Range] = field(default_factory=list)

    def add(self, frame: Frame, entry: Entry) -> None:
        self.links.setdefault(frame.seq, []).append(Link.of(frame, entry.hash))
        self.shown_by[frame.seq] = entry.position


Kept = dict[FrameName, list[tuple[int, bytes]]]
"""Position and hash of the frames of a name."""
Links = dict[FrameName, list[Link]]


@dataclass(slots=True)
class Batch:
    """Frames that are followed together, by chain, and what is known of those around them.

    `retiring`: frames that say they are the last of their gateways.
    """

    chains: dict[ChainName, ChainState] = field(default_factory=dict)
    dropped: list[tuple[ChainName, Range]] = field(default_factory=list)
    retiring: list[tuple[Frame, Entry]] = field(default_factory=list)
    before: Kept = field(default_factory=dict)
    links: Links = field(default_factory=dict)


def read_batch(connection: Connection, entries: Sequence[Entry]) -> Batch:
    """Of entries that come next, from what was followed so far."""
    batch = Batch()
    for entry in entries:
        frame = kept_frame(entry.raw, with_samples=False)
        key = (frame.gateway, frame.epoch, frame.stream)
        batch.chains.setdefault(key, ChainState()).add(frame, entry)
        for epoch, dropped in dropped_ranges(frame):
            thinned = (frame.gateway, epoch, Stream.TELEMETRY)
            batch.dropped.append((thinned, dropped))
            batch.chains.setdefault(thinned, ChainState())
        if events(frame, EventCode.RETIRED):
            batch.retiring.append((frame, entry))
    _load(connection, batch.chains)
    batch.before = _kept_before(connection, batch.chains, entries[0].position)
    batch.links = _links_of(connection, batch.before, batch.chains)
    return batch


def _load(connection: Connection, chains: dict[ChainName, ChainState]) -> None:
    """What is known of each chain."""
    name = (chain.c.gateway, chain.c.epoch, chain.c.stream)
    columns, wanted = (
        (*name, chain.c.upto, chain.c.highest),
        [(*key[:2], int(key[2])) for key in chains],
    )
    for gateway, epoch, stream, upto, highest in rows_of(connection, name, columns, wanted):
        state = chains[gateway, epoch, Stream(stream)]
        state.upto, state.highest, state.is_known = upto, highest, True
    with_gap = [key for key, state in chains.items() if state.highest > state.upto]
    if with_gap:
        for key, runs in held_ranges(connection, with_gap).items():
            chains[key].held = runs


def _kept_before(connection: Connection, chains: dict[ChainName, ChainState], first: int) -> Kept:
    """Frames that were followed already: those of the batch's names, and their neighbours."""
    wanted = {
        (*key[:2], int(key[2]), near)
        for key, state in chains.items()
        for seq in state.links
        for near in (seq - 1, seq, seq + 1)
        if near <= state.highest
    }
    table = frame_table
    name = (table.c.gateway, table.c.epoch, table.c.stream, table.c.seq)
    columns = (*name, table.c.position, table.c.hash)
    found: Kept = {}
    for gateway, epoch, stream, seq, *kept in rows_of(connection, name, columns, wanted):
        if kept[0] < first:
            named = (gateway, epoch, Stream(stream), seq)
            found.setdefault(named, []).append((kept[0], kept[1]))
    return found


def _links_of(connection: Connection, before: Kept, chains: dict[ChainName, ChainState]) -> Links:
    """The links of those that are judged again; of one that is only linked to the hash will do."""
    places = {
        position: (name, digest)
        for name, kept in before.items()
        if {name[3], name[3] - 1} & chains[name[:3]].links.keys()
        for position, digest in kept
    }
    if not places:
        return {}
    table = frame_table
    query = select(table.c.position, table.c.hash, table.c.raw).where(table.c.position.in_(places))
    links: Links = {}
    for row, raw in archives.with_bytes(connection, connection.execute(query).all()):
        name, digest = places[row.position]
        frame = kept_frame(raw, with_samples=False)
        links.setdefault(name, []).append(Link.of(frame, digest))
    return links
