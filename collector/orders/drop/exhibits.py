"""The evidence that goes with a certificate: frames with their proofs, what they are read by."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from collector.evidence.frame import Event, EventCode, Frame, Sample, read_frame
from collector.evidence.merkle import leaf_hash, root_by_inclusion
from collector.ledger.checkpoints import Signed
from collector.ledger.ledger import Entry, entry_at
from collector.ledger.tree import Tree
from collector.registry.offers import newest_issued
from collector.registry.view import View
from collector.storage.tables import issued


class ExhibitError(ValueError):
    """The evidence is not whole, or not covered yet; the text says what to do."""


@dataclass
class Exhibits:
    """Collects each frame once; every one of them is proven to be in the checkpoint's tree."""

    connection: Connection
    view: View
    signed: Signed
    entries: dict[int, tuple[Entry, Frame]] = field(default_factory=dict)
    configurations: set[bytes] = field(default_factory=set)

    def frame(self, position: int) -> Frame:
        """Raises ExhibitError when it is not covered by the checkpoint, or not there."""
        if position not in self.entries:
            if position > self.signed.size:
                raise ExhibitError(
                    f"frame {position} is covered by no checkpoint yet: wait for the next, or"
                    " esep collector checkpoint DIR"
                )
            entry = entry_at(self.connection, position)
            if entry is None:
                raise ExhibitError(f"there is no frame {position}: see esep collector verify")
            self.entries[position] = (entry, entry.frame)
        return self.entries[position][1]

    def command_events(self, position: int, order: bytes) -> list[tuple[int, Event]]:
        """With their places in the frame, what a gateway says of an order in it."""
        return [
            (place, record)
            for place, record in enumerate(self.frame(position).records)
            if isinstance(record, Event)
            and record.code is EventCode.COMMAND
            and record.detail[0] == order
        ]

    def sample(self, position: int, slot: int, at_ms: int) -> int:
        """The place of a meter's sample in its frame; raises ExhibitError."""
        for place, record in enumerate(self.frame(position).records):
            if isinstance(record, Sample) and (record.slot, record.read_ms) == (slot, at_ms):
                return place
        raise ExhibitError(
            f"frame {position} holds no sample of slot {slot} at {at_ms}: the series is not the"
            " ledger's; esep collector series rebuild DIR"
        )

    def document(self) -> dict[str, Any]:
        """As the certificate carries it; bytes in hex, profiles as their text."""
        tree = Tree(self.connection)
        configurations = self.configurations | {
            frame.configuration for _, frame in self.entries.values()
        }
        return {
            "checkpoint": self.signed.raw.hex(),
            "frames": {
                str(position): self._proof(tree, entry, frame)
                for position, (entry, frame) in sorted(self.entries.items())
            },
            "configurations": {
                digest.hex(): raw.hex()
                for digest in sorted(configurations)
                if (raw := self._issued(digest)) is not None
            },
        }

    def configuration(self, gateway: str, at_ms: int) -> None:
        """What was issued to a gateway by then goes with it: its zone, and its stages."""
        newest = newest_issued(self.connection, at_ms).get(gateway)
        if newest is not None:
            self.configurations.add(newest.hash)

    def profile(self, digest: bytes) -> str:
        """The text of a profile by its hash, as a configuration named it."""
        raw = self._issued(digest)
        if raw is None:
            raise ExhibitError(f"profile {digest.hex()} was never issued here")
        return raw.decode()

    def command(self, digest: bytes) -> str:
        """A command as it was signed, in hex."""
        raw = self._issued(digest)
        if raw is None:
            raise ExhibitError(f"command {digest.hex()} is not kept here")
        return raw.hex()

    def _issued(self, digest: bytes) -> bytes | None:
        return self.connection.scalar(select(issued.c.raw).where(issued.c.hash == digest))

    def _proof(self, tree: Tree, entry: Entry, frame: Frame) -> dict[str, Any]:
        size, position = self.signed.size, entry.position
        path = tree.inclusion_path(position, size)
        if root_by_inclusion(leaf_hash(entry.raw), position - 1, size, path) != self.signed.root:
            raise ExhibitError("the frames are not those of the checkpoint: esep collector verify")
        key = self.view.gateway_key(read_frame(entry.raw)[0].kid, frame)
        if key is None:
            raise ExhibitError(f"the register has no key of gateway {frame.gateway.hex()} for it")
        return {
            "frame": entry.raw.hex(),
            "path": [node.hex() for node in path],
            "key": {"x": key.raw[:32].hex(), "y": key.raw[32:].hex()},
        }
