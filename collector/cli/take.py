"""Frames that did not come by the broker, into the same intake."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from collector.intake.admission import Admission
from collector.intake.files import CutOffError, deliveries
from collector.intake.intake import BATCH, Intake, Kept
from collector.registry.store import Registry


@dataclass
class Taken:
    """What became of a file."""

    file: str
    added: int = 0
    repeated: int = 0
    gateways: Counter[str] = field(default_factory=Counter)
    refused: list[dict[str, str]] = field(default_factory=list)
    cut_off: str | None = None

    @property
    def is_whole(self) -> bool:
        return not self.refused and self.cut_off is None

    def note(self, kept: Kept) -> None:
        self.added += kept.added
        self.repeated += len(kept.admitted) - kept.added
        self.gateways.update(admitted.name[0].hex() for admitted in kept.admitted)
        self.refused += [
            {"sha256": delivery.sha256.hex(), "reason": error.reason, "text": str(error)}
            for delivery, error in kept.refused
        ]

    def as_dict(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "added": self.added,
            "repeated": self.repeated,
            "gateways": dict(self.gateways),
            "refused": self.refused,
            "cut_off": self.cut_off,
        }

    def text(self) -> str:
        lines = [f"{self.file}: {self.added} new, {self.repeated} were here already"]
        lines += [f"  of gateway {name}: {count}" for name, count in self.gateways.items()]
        reasons = Counter(refused["reason"] for refused in self.refused)
        lines += [f"  refused, {reason}: {count}" for reason, count in reasons.items()]
        if self.cut_off is not None:
            lines.append(f"  not whole: {self.cut_off}; hand over again, to a new file")
        return "\n".join(lines)


def take(engine: Engine, path: Path, now_ms: int) -> Taken:
    """Keep what a file holds. Raises OSError when it cannot be read from its beginning."""
    registry = Registry(engine)
    taken = Taken(str(path))
    messages = deliveries(path)
    is_more = True
    while is_more:
        batch = []
        try:
            for delivery in islice(messages, BATCH):
                batch.append(delivery)  # noqa: PERF402  what came before an error is kept
            is_more = bool(batch)
        except CutOffError as error:
            taken.cut_off, is_more = str(error), False
        except OSError as error:
            if not batch:
                raise
            taken.cut_off, is_more = str(error.strerror), False
        while batch:
            view = registry.view()  # a key event in the batch before has changed it
            intake = Intake(engine, Admission(view.knows, view.gateway_key), lambda: now_ms)
            kept = intake.keep(batch)
            taken.note(kept)
            batch = batch[kept.judged :]
    return taken
