"""A commissioning under way: a folder that outlives a pulled cable and a closed laptop."""

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from collector.evidence.act import KIND, VERSION, canonical
from collector.evidence.configuration import read_configuration
from collector.evidence.errors import EvidenceError
from collector.evidence.keys import PublicKey
from collector.evidence.work_order import WorkOrder, read_work_order
from technician.base_image import read_file
from technician.checks.outcome import Outcome
from technician.commission.procedure import Procedure, Step, read_procedure
from technician.faults import BagError, Code

_ORDER, _ROOT, _PROCEDURE = "order.cose", "root.pub", "procedure.toml"
_CONFIGURATION, _STEPS, _STATEMENT = "configuration.cose", "steps.jsonl", "statement.json"


@dataclass(frozen=True)
class Attempt:
    """A step, done once. It passed when every outcome did; None: something was not judged."""

    step: str
    at_ms: int
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> bool | None:
        found = {outcome.passed for outcome in self.outcomes}
        if False in found:
            return False
        return None if None in found or not found else True

    def as_json(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "at_ms": self.at_ms,
            "passed": self.passed,
            "outcomes": [asdict(outcome) for outcome in self.outcomes],
        }


class Case:
    """Read from its folder at each start; every attempt is on the disk before it is shown."""

    def __init__(self, folder: Path) -> None:
        """Raises BagError."""
        self.folder = folder
        if not (folder / _PROCEDURE).is_file():
            raise BagError(Code.NO_CASE, f"{folder} holds no commissioning")
        try:
            self.root = PublicKey(read_file(folder / _ROOT))
            content = read_file(folder / _ORDER)
            self.order: WorkOrder = read_work_order(content, self.root)
        except EvidenceError as error:
            raise BagError(Code.ORDER_REFUSED, f"{error.reason}: {error}") from None
        except ValueError as error:
            raise BagError(Code.NO_FILE, f"{folder / _ROOT}: {error}") from None
        self.procedure: Procedure = read_procedure(read_file(folder / _PROCEDURE), _PROCEDURE)
        self.plan: dict[str, Any] = tomllib.loads(self.order.plan)
        self._order_sha256 = hashlib.sha256(content).hexdigest()

    @classmethod
    def begin(cls, folder: Path, order: bytes, root: bytes, procedure: bytes) -> "Case":
        """A new folder; one that is there goes on as it was. Raises BagError."""
        if not (folder / _PROCEDURE).exists():
            read_procedure(procedure, "the procedure")
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in ((_ORDER, order), (_ROOT, root), (_PROCEDURE, procedure)):
                durable(folder / name, content)
        return cls(folder)

    @property
    def configuration(self) -> bytes | None:
        """What was in force when the board was first asked."""
        path = self.folder / _CONFIGURATION
        return path.read_bytes() if path.exists() else None

    def keep_configuration(self, message: bytes) -> None:
        durable(self.folder / _CONFIGURATION, message)

    def body(self) -> dict[int, Any]:
        """Of the configuration. Raises BagError."""
        message = self.configuration
        if message is None:
            raise BagError(Code.NOT_YET, "the board was not asked yet which gateway it is")
        try:
            return read_configuration(message, self.root)
        except EvidenceError as error:
            raise BagError(Code.BOARD_REFUSED, f"its configuration: {error}") from None

    def attempts(self) -> list[Attempt]:
        """All, in the order in which they were made. A line that a crash cut off is none."""
        path = self.folder / _STEPS
        found = []
        for line in path.read_bytes().splitlines() if path.exists() else ():
            try:
                said = json.loads(line)
                outcomes = tuple(Outcome(**each) for each in said["outcomes"])
                found.append(Attempt(said["step"], said["at_ms"], outcomes))
            except (ValueError, KeyError, TypeError):
                continue
        return found

    def note(self, attempt: Attempt) -> None:
        """Durable on return. Raises BagError when the act is under signature."""
        if self.statement is not None:
            raise BagError(Code.SIGNED_ALREADY, f"{self.folder}: its act is under signature")
        with (self.folder / _STEPS).open("ab") as file:
            file.write(b"\n" + canonical(attempt.as_json()) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def last(self, step: str) -> Attempt | None:
        return next((each for each in reversed(self.attempts()) if each.step == step), None)

    def open_steps(self) -> list[Step]:
        """Those whose last attempt did not pass, in the procedure's order."""
        attempts = {each.step: each for each in self.attempts()}
        return [
            step
            for step in self.procedure.steps
            if step.id not in attempts or attempts[step.id].passed is not True
        ]

    def missing(self) -> list[Step]:
        """The open steps that are required: while there are some, nothing is commissioned."""
        if self.configuration is None:
            return [step for step in self.open_steps() if step.required != "never"]
        body = self.body()
        return [step for step in self.open_steps() if self.procedure.is_required(step, body)]

    @property
    def statement(self) -> dict[str, Any] | None:
        path = self.folder / _STATEMENT
        return None if not path.exists() else json.loads(path.read_bytes())

    def close(self, now_ms: int, files: Sequence[Mapping[str, str | int]]) -> dict[str, Any]:
        """What is signed, fixed from here on. Raises BagError while a required step is open."""
        if (fixed := self.statement) is not None:
            return fixed
        if missing := self.missing():
            names = ", ".join(step.id for step in missing)
            raise BagError(Code.NOT_COMMISSIONED, f"required, and not passed: {names}")
        body, message = self.body(), self.configuration
        statement = {
            "kind": KIND,
            "version": VERSION,
            "gateway": body[1].hex(),
            "site": body[4],
            "zone": body[5],
            "configuration": hashlib.sha256(message or b"").hexdigest(),
            "order": self._order_sha256,
            "procedure": self.procedure.text,
            "attempts": [attempt.as_json() for attempt in self.attempts()],
            "files": list(files),
            "ended_ms": now_ms,
        }
        durable(self.folder / _STATEMENT, canonical(statement))
        return statement


def durable(path: Path, content: bytes) -> None:
    """There, whole, or not there."""
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
