"""Actuators: what opens a stage, and how it closes again (hardware/actuators/README.md)."""

import json
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

ACTUATORS = Path(__file__).resolve().parents[2] / "hardware" / "actuators"
BY_GATEWAY = ("contactor", "permissive")
"""Kinds that the gateway closes; the others a person."""


class ActuatorError(ValueError):
    """There is no such actuator, or its file is not in order."""


@dataclass(frozen=True)
class Actuator:
    """`pulse_ms` is 0 where a coil is held; `response_ms`: within what time its contact follows;
    `example` names what no source says.
    """

    name: str
    kind: str
    pulse_ms: int
    operations_per_hour: int
    response_ms: int
    example: tuple[str, ...] = ()

    @property
    def is_closed_by_person(self) -> bool:
        return self.kind not in BY_GATEWAY

    @property
    def compiled(self) -> list[int]:
        """`actuator` of docs/wire-format.cddl."""
        person = int(self.is_closed_by_person)
        return (
            [1, person, self.pulse_ms, self.operations_per_hour]
            if self.pulse_ms
            else [0, person, 0, 0]
        )


def actuator_names() -> list[str]:
    return sorted(file.stem for file in ACTUATORS.glob("*.toml"))


@cache
def load_actuator(name: str) -> Actuator:
    """Raises ActuatorError."""
    if name not in actuator_names():
        raise ActuatorError(
            f"there is no actuator {name!r}; known are: {', '.join(actuator_names())}"
        )
    return parse_actuator((ACTUATORS / f"{name}.toml").read_text(encoding="utf-8"), name)


def parse_actuator(text: str, name: str) -> Actuator:
    """Raises ActuatorError, which says what is wrong where."""
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ActuatorError(f"{name}: not TOML: {error}") from None
    for fault in Draft202012Validator(_schema()).iter_errors(document):
        raise ActuatorError(
            f"{name}: {'.'.join(map(str, fault.path)) or 'the file'}: {fault.message}"
        )
    if document["name"] != name:
        raise ActuatorError(f"{name}: name: it must be that of the file, not {document['name']!r}")
    pulse_ms = document.get("pulse_ms", 0)
    if pulse_ms < document.get("least_pulse_ms", 0):
        raise ActuatorError(f"{name}: pulse_ms: at least the {document['least_pulse_ms']} it needs")
    return Actuator(
        name,
        document["kind"],
        pulse_ms,
        document["operations_per_hour"],
        document["feedback"]["response_ms"],
        tuple(document.get("example", ())),
    )


@cache
def _schema() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((ACTUATORS / "actuator.schema.json").read_text("utf-8"))
    return content
