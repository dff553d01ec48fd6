"""Verifying a collector's evidence: every signature, every chain, every checkpoint."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, select

from collector.evidence.chains import Chains, Fault, Range
from collector.evidence.configuration import read_configuration
from collector.evidence.cose import message_hash
from collector.evidence.downlink import read_checkpoint
from collector.evidence.errors import EvidenceError
from collector.evidence.frame import read_frame
from collector.evidence.keys import PublicKey
from collector.evidence.merkle import Frontier
from collector.intake.admission import Admission, Delivery
from collector.ledger import checkpoints
from collector.registry.configurations import KIND as CONFIGURATION
from collector.registry.store import Registry
from collector.storage import reading
from collector.storage.tables import frame as table
from collector.storage.tables import issued


@dataclass
class ChainVerdict:
    """Frames of one epoch of one stream; `missing` are ranges that no `dropped` event names."""

    frames: int
    first: int
    last: int
    missing: list[Range]


@dataclass
class Verdict:
    frames: int = 0
    chains: dict[tuple[str, int, str], ChainVerdict] = field(default_factory=dict)
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
            state = f"MISSING {gaps}" if gaps else "nothing missing"
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
    configured = _configurations(engine, root, verdict)
    view = Registry(engine).view()
    admission = Admission(view.knows, view.gateway_key)
    trees = _signed_trees(engine, root, verdict)
    frontier = Frontier()
    chains = Chains()
    for row in _rows(engine):
        _frame(row, admission, configured, verdict, chains)
        frontier.append(row.raw)
        if row.position != frontier.size:
            verdict.faults.append(f"position {row.position} stands where {frontier.size} should")
        if frontier.size in trees and trees[frontier.size] != frontier.root():
            verdict.faults.append(f"the checkpoint over {frontier.size} frames has another root")
    verdict.frames = frontier.size
    for size in trees:
        if size > frontier.size:
            verdict.faults.append(
                f"a checkpoint covers {size} frames, but only {frontier.size} are here"
            )
    verdict.unproven = frontier.size - max(trees, default=0)
    _judge(chains, verdict)
    return verdict


def _rows(engine: Engine) -> Iterator[Any]:
    """Every row of the ledger's table by position, whatever its position is."""
    with reading(engine) as connection:
        yield from connection.execute(select(table).order_by(table.c.position))


def _frame(
    row: Any,
    admission: Admission,
    configured: dict[bytes, bytes],
    verdict: Verdict,
    chains: Chains,
) -> None:
    where = f"position {row.position}"
    try:
        _, frame = read_frame(row.raw)
        topic = f"esep/v1/{frame.gateway.hex()}/frame"
        admission.judge(Delivery.of(topic, row.raw))
    except EvidenceError as error:
        verdict.faults.append(f"{where}: {error.reason}: {error}")
        return
    digest = message_hash(row.raw)
    if digest != row.hash:
        verdict.faults.append(f"{where}: the stored hash is not that of the frame")
    name = (frame.gateway, frame.epoch, int(frame.stream), frame.seq)
    if name != (row.gateway, row.epoch, row.stream, row.seq):
        verdict.faults.append(f"{where}: it is filed under another name than the frame's")
    if configured.get(frame.configuration) != frame.gateway:
        verdict.faults.append(f"{where}: its configuration is not here, or another gateway's")
    chains.add(frame, digest)


def _judge(chains: Chains, verdict: Verdict) -> None:
    for name in sorted(chains.links):
        gateway, epoch, stream = name
        seqs = chains.links[name]
        verdict.chains[gateway.hex(), epoch, stream.name.lower()] = ChainVerdict(
            sum(map(len, seqs.values())), min(seqs), max(seqs), chains.gaps(name)
        )
    for finding in chains.findings():
        if finding.fault is not Fault.GAP:
            verdict.faults.append(
                f"{finding.fault}: {finding.gateway.hex()} epoch {finding.epoch}"
                f" {finding.stream.name.lower()} seq {finding.first}"
            )


def _configurations(engine: Engine, root: PublicKey, verdict: Verdict) -> dict[bytes, bytes]:
    """The gateway of every configuration that verifies, by hash."""
    known = {}
    with reading(engine) as connection:
        query = select(issued.c.hash, issued.c.raw).where(issued.c.kind == CONFIGURATION)
        rows = connection.execute(query).all()
    for digest, raw in rows:
        try:
            if message_hash(raw) != digest:
                verdict.faults.append(f"configuration {digest.hex()}: other bytes than its hash")
            body = read_configuration(raw, root)
        except EvidenceError as error:
            verdict.faults.append(f"configuration {digest.hex()}: {error}")
            continue
        known[digest] = body[1]
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
