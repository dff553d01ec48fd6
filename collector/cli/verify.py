"""Verifying a collector's evidence: every signature, every chain, every checkpoint."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, select

from collector.cli.issued import Issued, verify_issued
from collector.cli.verdict import ChainVerdict, Verdict
from collector.evidence.chains import Chains, Fault, events
from collector.evidence.configuration import Versions
from collector.evidence.cose import message_hash
from collector.evidence.downlink import read_checkpoint
from collector.evidence.errors import EvidenceError
from collector.evidence.frame import CommandPhase, EventCode, Frame, Stream, read_frame
from collector.evidence.key_events import KeyEvents
from collector.evidence.keys import PublicKey
from collector.evidence.merkle import Frontier
from collector.intake.admission import Admission, Delivery
from collector.ledger import checkpoints
from collector.ledger.ledger import Ledger
from collector.model.records import Gateway
from collector.registry.store import Registry
from collector.storage import reading
from collector.storage.tables import frame as table

_OBEYED = (CommandPhase.RECEIVED, CommandPhase.APPLIED)


@dataclass(frozen=True)
class SignedTree:
    """What a checkpoint says; `name` tells it apart for a person."""

    name: str
    size: int
    root: bytes


def verify_directory(
    engine: Engine, root: PublicKey, kept: Mapping[str, bytes] | None = None
) -> Verdict:
    """Judge the whole ledger anew; nothing of the collector's own bookkeeping is believed.

    `kept`: checkpoints from elsewhere by name. The collector may run meanwhile: what is read
    after the head covers at least the frames up to it.
    """
    verdict = Verdict()
    trees = _signed_trees(engine, root, kept or {}, verdict)
    head = Ledger(engine).head()
    issued = verify_issued(engine, root)
    verdict.faults += issued.faults
    verdict.configurations, verdict.commands = len(issued.configurations), len(issued.commands)
    view = Registry(engine).view()
    admission = Admission(view.knows, view.gateway_key)
    frontier = Frontier()
    roots = {0: frontier.root()}
    sizes = {tree.size for tree in trees}
    chains, versions = Chains(), Versions()
    key_events = KeyEvents(view.all(Gateway).values())
    for row in _rows(engine, head):
        signed = _frame(row, admission, verdict)
        if signed is not None:
            kid, frame = signed
            chains.add(frame, message_hash(row.raw))
            key_events.add(frame, kid)
            _rests_on(row.position, frame, issued, versions, verdict)
        frontier.append(row.raw)
        if row.position != frontier.size:
            verdict.faults.append(f"position {row.position} stands where {frontier.size} should")
        if frontier.size in sizes:
            roots[frontier.size] = frontier.root()
    verdict.frames = frontier.size
    _judge_trees(trees, roots, verdict)
    _judge_chains(chains, key_events, verdict)
    for gateway, stream, epoch, seq in versions.falls():
        verdict.faults.append(
            f"configuration_version_fell: {_named(gateway, epoch, stream)} seq {seq}"
        )
    heard = {gateway.hex() for gateway, _, _ in chains.links}
    verdict.silent = sorted(view.all(Gateway).keys() - heard)
    return verdict


def _rows(engine: Engine, head: int) -> Iterator[Any]:
    """Every row of the ledger's table by position, whatever its position is."""
    with reading(engine) as connection:
        query = select(table).where(table.c.position <= head).order_by(table.c.position)
        yield from connection.execute(query, execution_options={"stream_results": True})


def _frame(row: Any, admission: Admission, verdict: Verdict) -> tuple[bytes, Frame] | None:
    """The key-id and the frame of a row, if it is one that its gateway signed."""
    where = f"position {row.position}"
    try:
        message, frame = read_frame(row.raw)
        topic = f"esep/v1/{frame.gateway.hex()}/frame"
        admission.judge(Delivery.of(topic, row.raw))
    except EvidenceError as error:
        verdict.faults.append(f"{where}: {error.reason}: {error}")
        return None
    if message_hash(row.raw) != row.hash:
        verdict.faults.append(f"{where}: the stored hash is not that of the frame")
    name = (frame.gateway, frame.epoch, int(frame.stream), frame.seq)
    if name != (row.gateway, row.epoch, row.stream, row.seq):
        verdict.faults.append(f"{where}: it is filed under another name than the frame's")
    return message.kid, frame


def _rests_on(
    position: int, frame: Frame, issued: Issued, versions: Versions, verdict: Verdict
) -> None:
    """The frame's configuration is here, and the commands that the gateway obeyed."""
    where = f"position {position}"
    configuration = issued.configurations.get(frame.configuration)
    if configuration is None or configuration.gateway != frame.gateway:
        verdict.faults.append(f"{where}: its configuration is not here, or another gateway's")
        return
    versions.add(frame, configuration.version)
    for event in events(frame, EventCode.COMMAND):
        order, counter, phase = event.detail[0], event.detail[1], event.detail[2]
        if phase in _OBEYED and not issued.has_command(
            order, counter, frame.gateway, configuration.zone
        ):
            verdict.faults.append(
                f"{where}: unknown_command: order {order.hex()}, counter {counter}"
            )


def _judge_trees(trees: list[SignedTree], roots: dict[int, bytes], verdict: Verdict) -> None:
    for tree in trees:
        if tree.size > verdict.frames:
            verdict.faults.append(
                f"{tree.name}: of its {tree.size} frames only {verdict.frames} are here"
            )
        elif roots[tree.size] != tree.root:
            verdict.faults.append(f"{tree.name} has another root")
    verdict.covered = max((tree.size for tree in trees), default=0)


def _judge_chains(chains: Chains, key_events: KeyEvents, verdict: Verdict) -> None:
    for name in sorted(chains.links):
        gateway, epoch, stream = name
        seqs = chains.links[name]
        verdict.chains[gateway.hex(), epoch, stream.name.lower()] = ChainVerdict(
            sum(map(len, seqs.values())), min(seqs), max(seqs), chains.gaps(name)
        )
    for finding in (*chains.findings(), *key_events.findings()):
        if finding.fault is not Fault.GAP:
            verdict.faults.append(
                f"{finding.fault}: {_named(finding.gateway, finding.epoch, finding.stream)}"
                f" seq {finding.first}"
            )


def _named(gateway: bytes, epoch: int, stream: Stream) -> str:
    return f"{gateway.hex()} epoch {epoch} {stream.name.lower()}"


def _signed_trees(
    engine: Engine, root: PublicKey, kept: Mapping[str, bytes], verdict: Verdict
) -> list[SignedTree]:
    trees = []
    for size, message in checkpoints.stored(engine):
        name = f"the checkpoint over {size} frames"
        tree = _signed_tree(name, message, root, verdict)
        if tree is not None:
            trees.append(tree)
            if tree.size != size:
                verdict.faults.append(f"{name} says {tree.size}")
    verdict.checkpoints = len(trees)
    others = (_signed_tree(name, message, root, verdict) for name, message in kept.items())
    return [*trees, *(tree for tree in others if tree is not None)]


def _signed_tree(name: str, message: bytes, root: PublicKey, verdict: Verdict) -> SignedTree | None:
    try:
        size, tree, _ = read_checkpoint(message, root)
    except EvidenceError as error:
        verdict.faults.append(f"{name}: {error}")
        return None
    return SignedTree(name, size, tree)
