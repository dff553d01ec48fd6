"""Verifying a collector's evidence: every signature, every chain, every checkpoint."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, select

from collector.evidence.configuration import read_configuration
from collector.evidence.cose import message_hash
from collector.evidence.downlink import read_checkpoint
from collector.evidence.errors import EvidenceError
from collector.evidence.frame import ZERO_HASH, Stream
from collector.evidence.keys import PublicKey
from collector.evidence.merkle import Frontier
from collector.intake.admission import Admission, Delivery
from collector.ledger import checkpoints
from collector.ledger.ledger import Entry, Ledger
from collector.registry.configurations import KIND as CONFIGURATION
from collector.registry.store import Registry
from collector.storage import reading
from collector.storage.tables import issued

_ChainKey = tuple[str, int, str]


@dataclass
class ChainVerdict:
    """Frames of one epoch of one stream; `missing` are the ranges that are not there."""

    frames: int
    first: int
    last: int
    missing: list[tuple[int, int]]


@dataclass
class Verdict:
    frames: int = 0
    chains: dict[_ChainKey, ChainVerdict] = field(default_factory=dict)
    checkpoints: int = 0
    configurations: int = 0
    unproven: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def gaps(self) -> int:
        """How many frames are missing."""
        return sum(
            last - first + 1 for chain in self.chains.values() for first, last in chain.missing
        )

    @property
    def holds(self) -> bool:
        return not self.faults and not self.gaps

    def as_dict(self) -> dict[str, Any]:
        chains = [
            {"gateway": gateway, "epoch": epoch, "stream": stream, **vars(chain)}
            for (gateway, epoch, stream), chain in self.chains.items()
        ]
        return {
            "holds": self.holds,
            "frames": self.frames,
            "gaps": self.gaps,
            "checkpoints": self.checkpoints,
            "configurations": self.configurations,
            "frames_after_last_checkpoint": self.unproven,
            "chains": chains,
            "faults": self.faults,
        }

    def text(self) -> str:
        lines = [f"{self.frames} frames, every signature checked"]
        for (gateway, epoch, stream), chain in self.chains.items():
            gaps = ", ".join(f"{first}-{last}" for first, last in chain.missing)
            state = f"MISSING {gaps}" if gaps else "nothing missing, every link holds"
            lines.append(f"  {gateway} epoch {epoch} {stream:9} 1-{chain.last}: {state}")
        lines.append(
            f"{self.checkpoints} checkpoints, {self.configurations} configurations;"
            f" {self.unproven} frames after the last checkpoint"
        )
        lines += [f"FAULT {fault}" for fault in self.faults]
        lines.append("THE EVIDENCE HOLDS" if self.holds else "THE EVIDENCE DOES NOT HOLD")
        return "\n".join(lines)


def verify_directory(engine: Engine, root: PublicKey) -> Verdict:
    """Judge the whole ledger anew; nothing of the collector's own bookkeeping is believed."""
    verdict = Verdict()
    known = _configurations(engine, root, verdict)
    view = Registry(engine).view()
    admission = Admission(view.knows, view.gateway_key)
    trees = _signed_trees(engine, root, verdict)
    frontier = Frontier()
    links: dict[_ChainKey, dict[int, tuple[bytes, bytes, int]]] = {}
    for entry in Ledger(engine).entries():
        _frame(entry, admission, known, verdict, links)
        frontier.append(entry.raw)
        if entry.position != frontier.size:
            verdict.faults.append(f"position {frontier.size} is missing from the ledger")
            break
        if frontier.size in trees and trees[frontier.size] != frontier.root():
            verdict.faults.append(f"the checkpoint over {frontier.size} frames has another root")
    verdict.frames = frontier.size
    for size in trees:
        if size > frontier.size:
            verdict.faults.append(
                f"a checkpoint covers {size} frames, but only {frontier.size} are here"
            )
    verdict.unproven = frontier.size - max((size for size in trees), default=0)
    for key, chain in sorted(links.items()):
        verdict.chains[key] = _chain(key, chain, verdict)
    return verdict


def _frame(
    entry: Entry,
    admission: Admission,
    configurations: set[bytes],
    verdict: Verdict,
    links: dict[_ChainKey, dict[int, tuple[bytes, bytes, int]]],
) -> None:
    where = f"position {entry.position}"
    try:
        frame = entry.frame
        topic = f"esep/v1/{frame.gateway.hex()}/frame"
        admission.judge(Delivery.of(topic, entry.raw))
    except EvidenceError as error:
        verdict.faults.append(f"{where}: {error.reason}: {error}")
        return
    digest = message_hash(entry.raw)
    if digest != entry.hash:
        verdict.faults.append(f"{where}: the stored hash is not that of the frame")
    if frame.configuration not in configurations:
        verdict.faults.append(f"{where}: its configuration is not here")
    key = (frame.gateway.hex(), frame.epoch, Stream(frame.stream).name.lower())
    chain = links.setdefault(key, {})
    if frame.seq in chain:
        other = chain[frame.seq][2]
        verdict.faults.append(f"{where}: fork with position {other}: both are seq {frame.seq}")
        return
    chain[frame.seq] = (frame.prev, digest, entry.position)


def _chain(
    key: _ChainKey, chain: dict[int, tuple[bytes, bytes, int]], verdict: Verdict
) -> ChainVerdict:
    missing: list[tuple[int, int]] = []
    expected, digest = 1, ZERO_HASH
    for seq in sorted(chain):
        prev, own, position = chain[seq]
        if seq != expected:
            missing.append((expected, seq - 1))
        elif prev != digest:
            verdict.faults.append(
                f"position {position}: {' '.join(map(str, key))} seq {seq} does not follow"
                f" seq {seq - 1}"
            )
        expected, digest = seq + 1, own
    return ChainVerdict(len(chain), min(chain), max(chain), missing)


def _configurations(engine: Engine, root: PublicKey, verdict: Verdict) -> set[bytes]:
    known = set()
    with reading(engine) as connection:
        query = select(issued.c.hash, issued.c.raw).where(issued.c.kind == CONFIGURATION)
        rows = connection.execute(query).all()
    for digest, raw in rows:
        try:
            if message_hash(raw) != digest:
                verdict.faults.append(f"configuration {digest.hex()}: other bytes than its hash")
            read_configuration(raw, root)
        except EvidenceError as error:
            verdict.faults.append(f"configuration {digest.hex()}: {error}")
            continue
        known.add(digest)
    verdict.configurations = len(known)
    return known


def _signed_trees(engine: Engine, root: PublicKey, verdict: Verdict) -> dict[int, bytes]:
    trees = {}
    for size, message in checkpoints.stored(engine):
        try:
            signed_size, tree, _ = read_checkpoint(message, root)
        except EvidenceError as error:
            verdict.faults.append(f"the checkpoint over {size} frames: {error}")
            continue
        if signed_size != size:
            verdict.faults.append(f"the checkpoint over {size} frames says {signed_size}")
        trees[signed_size] = tree
    verdict.checkpoints = len(trees)
    return trees
