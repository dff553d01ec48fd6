"""Verifying a collector's evidence: every signature, every chain, every checkpoint."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, select

from collector.cli.issued import Issued, verify_issued
from collector.cli.signed_trees import judge_trees, signed_trees
from collector.cli.verdict import ChainVerdict, Verdict
from collector.evidence.chains import Chains, Fault, events
from collector.evidence.configuration import Versions
from collector.evidence.cose import message_hash
from collector.evidence.errors import EvidenceError
from collector.evidence.frame import CommandPhase, EventCode, Frame, Stream, read_frame
from collector.evidence.key_events import KeyEvents
from collector.evidence.keys import PublicKey
from collector.evidence.merkle import Frontier
from collector.intake.admission import Admission, Delivery
from collector.ledger import archives
from collector.ledger.archives import ArchiveError
from collector.ledger.ledger import Ledger
from collector.model.records import Gateway
from collector.registry.store import Registry
from collector.storage import directory_of, reading
from collector.storage.tables import frame as table

_CHUNK = 1000
_OBEYED = (CommandPhase.RECEIVED, CommandPhase.APPLIED)
_TAKEN = (0, 1)
"""Results of a schedule event: observed, enforced."""


def verify_directory(
    engine: Engine,
    root: PublicKey,
    kept: Mapping[str, bytes] | None = None,
    on_frame: Callable[[], None] = lambda: None,
) -> Verdict:
    """Judge the whole ledger anew; nothing of the collector's own bookkeeping is believed.

    `kept`: checkpoints from elsewhere by name. The collector may run meanwhile: what is read
    after the head covers at least the frames up to it.
    """
    verdict = Verdict()
    trees = signed_trees(engine, root, kept or {}, verdict)
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
    verdict.faults += _archive_faults(engine)
    for row, raw in _rows(engine, head, verdict):
        signed = _frame(row, raw, admission, verdict)
        if signed is not None:
            kid, frame = signed
            chains.add(frame, message_hash(raw))
            key_events.add(frame, kid)
            _rests_on(row.position, frame, issued, versions, verdict)
        frontier.append(raw)
        on_frame()
        if row.position != frontier.size:
            verdict.faults.append(f"position {row.position} stands where {frontier.size} should")
        if frontier.size in sizes:
            roots[frontier.size] = frontier.root()
    verdict.frames = frontier.size
    judge_trees(trees, roots, verdict)
    _judge_chains(chains, key_events, verdict)
    for gateway, stream, epoch, seq in versions.falls():
        verdict.faults.append(
            f"configuration_version_fell: {_named(gateway, epoch, stream)} seq {seq}"
        )
    heard = {gateway.hex() for gateway, _, _ in chains.links}
    verdict.silent = sorted(view.all(Gateway).keys() - heard)
    return verdict


def _archive_faults(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        directory = directory_of(connection)
        found = [archives.fault(each, directory) for each in archives.known(connection)]
    return [fault for fault in found if fault is not None]


def _rows(engine: Engine, head: int, verdict: Verdict) -> Iterator[tuple[Any, bytes]]:
    """Every row of the ledger's table by position, whatever its position is, and its bytes."""
    after = -(2**63)
    while True:
        query = select(table).where(table.c.position > after, table.c.position <= head)
        with reading(engine) as connection:
            rows = connection.execute(query.order_by(table.c.position).limit(_CHUNK)).all()
            try:
                read = list(archives.with_bytes(connection, rows))
            except ArchiveError:
                read = [_row(connection, row, verdict) for row in rows]
        yield from read
        if len(rows) < _CHUNK:
            return
        after = rows[-1].position


def _row(connection: Connection, row: Any, verdict: Verdict) -> tuple[Any, bytes]:
    """One row; without bytes when its archive does not give them."""
    try:
        [(_, raw)] = archives.with_bytes(connection, [row])
    except ArchiveError as error:
        verdict.faults.append(f"position {row.position}: {error}")
        return row, b""
    return row, raw


def _frame(
    row: Any, raw: bytes, admission: Admission, verdict: Verdict
) -> tuple[bytes, Frame] | None:
    """The key-id and the frame of a row, if it is one that its gateway signed."""
    where = f"position {row.position}"
    try:
        message, frame = read_frame(raw)
        topic = f"esep/v1/{frame.gateway.hex()}/frame"
        admission.judge(Delivery.of(topic, raw))
    except EvidenceError as error:
        verdict.faults.append(f"{where}: {error.reason}: {error}")
        return None
    if message_hash(raw) != row.hash:
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
    for event in events(frame, EventCode.SCHEDULE):
        digest, serial, result = event.detail[0], event.detail[1], event.detail[2]
        if result in _TAKEN and not issued.has_schedule(
            digest, serial, frame.gateway, enforces=bool(result)
        ):
            verdict.faults.append(
                f"{where}: unknown_schedule: serial number {serial}, {digest.hex()}"
            )


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
