"""Judges a whole evidence folder: every signature, every chain, every checkpoint."""

from collections import Counter
from collections.abc import Iterator, Mapping

from auditor import cose
from auditor.chains import Chains
from auditor.checkpoints import (
    Checkpoint,
    check_generations,
    check_tree,
    in_common,
    read_checkpoint,
)
from auditor.commands import Command, check_commands, read_command
from auditor.configurations import (
    Configuration,
    check_readings,
    configuration_of,
    read_configuration,
)
from auditor.folder import Folder
from auditor.frames import STREAMS, Frame, read_frame
from auditor.key_events import KeyEvents
from auditor.merkle import Tree
from auditor.refusal import Refusal
from auditor.register import Register
from auditor.schedules import Schedule, check_schedules, read_schedule
from auditor.versions import Versions


def verify_frame(encoded: bytes, register: Register) -> Frame:
    """A frame of the right shape, signed by a key that is valid for it; raises Refusal."""
    frame = read_frame(encoded)
    cose.check_signature(frame.message, register.key_for(frame))
    return frame


class Verifier:
    """`run` once; then `failures` says what does not hold, `summary` what was judged."""

    def __init__(self, folder: Folder, kept: Mapping[str, bytes] | None = None) -> None:
        """`kept`: checkpoints that somebody else kept, by name."""
        self.folder = folder
        self.kept = kept or {}
        self.failures: list[str] = []
        self.configurations: dict[bytes, Configuration] = {}
        self.commands: set[Command] = set()
        self.schedules: set[Schedule] = set()
        self.checkpoints: dict[str, Checkpoint] = {}
        self.chains = Chains()
        self.versions = Versions()
        self.key_events = KeyEvents(folder.register)
        self.tree = Tree()
        self.roots: dict[int, bytes] = {}
        self.restored: list[str] = []
        """What a restoration from a backup has left unproven."""
        self.covered = 0
        """How many of the frames here a checkpoint that agrees with them covers."""

    def run(self) -> None:
        self._read_configurations()
        self._read_commands()
        self._read_schedules()
        self._read_checkpoints()
        self._judge_frames()
        findings = [
            *self.chains.findings(),
            *self.key_events.findings(),
            *self.versions.findings(),
        ]
        self.failures.extend(str(finding) for finding in findings)
        self._judge_checkpoints()

    def _read_configurations(self) -> None:
        for name, encoded in self.folder.messages("configurations"):
            try:
                configuration = read_configuration(encoded, self.folder.root)
            except Refusal as refusal:
                self.failures.append(f"{name}: {refusal}")
            else:
                self.configurations[configuration.hash] = configuration

    def _read_commands(self) -> None:
        for name, encoded in self.folder.messages("commands"):
            try:
                self.commands.add(read_command(encoded, self.folder.root))
            except Refusal as refusal:
                self.failures.append(f"{name}: {refusal}")

    def _read_schedules(self) -> None:
        for name, encoded in self.folder.messages("schedules"):
            try:
                self.schedules.add(read_schedule(encoded, self.folder.root))
            except Refusal as refusal:
                self.failures.append(f"{name}: {refusal}")

    def _read_checkpoints(self) -> None:
        for name, encoded in [*self.folder.messages("checkpoints"), *self.kept.items()]:
            try:
                self.checkpoints[name] = read_checkpoint(encoded, self.folder.root)
            except Refusal as refusal:
                self.failures.append(f"{name}: {refusal}")

    def _judge_frames(self) -> None:
        wanted = {checkpoint.tree_size for checkpoint in self.checkpoints.values()}
        self._keep_root(wanted)
        try:
            for encoded in self.folder.frames():
                self.tree.append(encoded)
                self._keep_root(wanted)
                self._judge_frame(encoded)
        except Refusal as refusal:
            self.failures.append(f"frame {self.tree.size + 1}: {refusal}")
        if self.tree.size == 0:
            self.failures.append("there is no frame")

    def _keep_root(self, wanted: set[int]) -> None:
        if self.tree.size in wanted:
            self.roots[self.tree.size] = self.tree.root()

    def _judge_frame(self, encoded: bytes) -> None:
        place = f"frame {self.tree.size}"
        try:
            frame = verify_frame(encoded, self.folder.register)
            place = f"{place} ({frame.name})"
            self.chains.add(frame)
            self.key_events.add(frame)
            configuration = configuration_of(frame, self.configurations)
            self.versions.add(frame, configuration)
            check_commands(frame, self.commands, configuration)
            check_schedules(frame, self.schedules)
            check_readings(frame, configuration)
        except Refusal as refusal:
            self.failures.append(f"{place}: {refusal}")

    def _judge_checkpoints(self) -> None:
        try:
            begun = check_generations(self.checkpoints.values())
        except Refusal as refusal:
            self.failures.append(str(refusal))
            return
        for name, checkpoint in self.checkpoints.items():
            common = in_common(checkpoint, begun)
            if common < checkpoint.tree_size:
                self._note_restored(name, checkpoint, common)
                continue
            try:
                check_tree(checkpoint, self.roots)
            except Refusal as refusal:
                self.failures.append(f"{name}: {refusal}")
            else:
                self.covered = max(self.covered, checkpoint.tree_size)

    def _note_restored(self, name: str, checkpoint: Checkpoint, common: int) -> None:
        """A checkpoint that somebody kept is contradicted; the folder's own only say what was."""
        text = (
            f"{name}: covers {checkpoint.tree_size} frames of the ledger before it was restored:"
            f" the first {common} are here; that the others came again, only their chains can show"
        )
        (self.failures if name in self.kept else self.restored).append(text)

    def trusted_keys(self) -> Iterator[str]:
        """What the verdict rests on: to be compared with what was published before."""
        yield f"root {self.folder.root.thumbprint.hex()}"
        for known in self.folder.register.registrations:
            yield f"gateway {known.gateway.hex()} key {known.key.thumbprint.hex()}"

    def summary(self) -> Iterator[str]:
        frames: Counter[tuple[bytes, int]] = Counter()
        for (gateway, stream, _), chain in self.chains.by_name.items():
            frames[gateway, stream] += sum(len(of_name) for of_name in chain.links.values())
        faulty = {(finding.gateway, finding.stream) for finding in self.chains.findings()}
        for gateway, stream in sorted(frames):
            verdict = "not whole" if (gateway, stream) in faulty else "whole"
            count = frames[gateway, stream]
            yield f"gateway {gateway.hex()} {STREAMS[stream]}: {count} frames, chain {verdict}"
        yield from self._thinned()
        yield from self.restored
        heard = {gateway for gateway, _ in frames}
        for gateway in sorted({known.gateway for known in self.folder.register.registrations}):
            if gateway not in heard:
                yield f"gateway {gateway.hex()}: registered, and not one frame"
        yield self._coverage()

    def _thinned(self) -> Iterator[str]:
        for (gateway, stream, epoch), ranges in self.chains.dropped.items():
            chain = f"gateway {gateway.hex()} {STREAMS[stream]} epoch {epoch}"
            for first, last in ranges:
                yield f"{chain}: the gateway itself says it dropped seq {first} to {last}"

    def _coverage(self) -> str:
        return (
            f"{len(self.checkpoints)} checkpoints cover {self.covered} of {self.tree.size} frames; "
            "that none is missing among the others, only their chains can show"
        )
