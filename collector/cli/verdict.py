"""What verifying a ledger shows, and how it is said."""

from dataclasses import dataclass, field
from typing import Any

from collector.evidence.chains import Range


@dataclass
class ChainVerdict:
    """Frames of one epoch of one stream; `missing` are ranges that no `dropped` event names."""

    frames: int
    first: int
    last: int
    missing: list[Range]


@dataclass
class Verdict:
    """`covered`: how many frames the largest checkpoint that agrees with them says there are.

    `restored`: what a restoration from a backup has left unproven.
    """

    frames: int = 0
    chains: dict[tuple[str, int, str], ChainVerdict] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    checkpoints: int = 0
    covered: int = 0
    configurations: int = 0
    commands: int = 0
    restored: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def gaps(self) -> int:
        """How many frames are missing."""
        return sum(
            last - first + 1 for chain in self.chains.values() for first, last in chain.missing
        )

    @property
    def unproven(self) -> int:
        """How many of the newest frames could be taken away and no checkpoint would show it."""
        return max(self.frames - self.covered, 0)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong with what is here."""
        return not self.faults and not self.gaps

    @property
    def holds(self) -> bool:
        return self.is_whole and self.covered > 0

    def as_dict(self) -> dict[str, Any]:
        chains = [
            {"gateway": gateway, "epoch": epoch, "stream": stream, **vars(chain)}
            for (gateway, epoch, stream), chain in self.chains.items()
        ]
        return {
            "holds": self.holds,
            "proven_complete": self.covered > 0,
            "frames": self.frames,
            "gaps": self.gaps,
            "checkpoints": self.checkpoints,
            "configurations": self.configurations,
            "commands": self.commands,
            "frames_after_last_checkpoint": self.unproven,
            "restored": self.restored,
            "gateways_without_frames": self.silent,
            "chains": chains,
            "faults": self.faults,
        }

    def text(self) -> str:
        lines = [f"{self.frames} frames, every signature checked"]
        for (gateway, epoch, stream), chain in self.chains.items():
            gaps = ", ".join(f"{first}-{last}" for first, last in chain.missing)
            state = f"MISSING {gaps}" if gaps else "nothing missing"
            lines.append(f"  {gateway} epoch {epoch} {stream:9} 1-{chain.last}: {state}")
        lines += [f"  {gateway} is registered and has no frame" for gateway in self.silent]
        lines.append(
            f"{self.checkpoints} checkpoints, {self.configurations} configurations,"
            f" {self.commands} commands; {self.unproven} frames after the last checkpoint"
        )
        lines += [f"RESTORED {each}" for each in self.restored]
        lines += [f"FAULT {fault}" for fault in self.faults]
        return "\n".join([*lines, self._last_line()])

    def _last_line(self) -> str:
        if not self.is_whole:
            return "THE EVIDENCE DOES NOT HOLD"
        if not self.covered:
            return "NOT PROVEN COMPLETE: no checkpoint"
        return "THE EVIDENCE HOLDS"
