"""The procedure as data: which checks, in which order, required when, and what each asks."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from technician.faults import BagError, Code

SHIPPED = Path(__file__).with_name("procedure.toml")
LANGUAGES = ("en", "ru", "kk")

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{1,30}$")]
Said = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Part):
    """The same in each language."""

    en: Said
    ru: Said
    kk: Said

    def of(self, language: str) -> str:
        return str(getattr(self, language))


class Question(_Part):
    """`per`: asked once for each meter or stage of the configuration."""

    id: Id
    per: Literal["meter", "stage"] | None = None
    ask: Words


class Step(_Part):
    """`required`: always; where the configuration has stages; or never, and then it only tells."""

    id: Id
    check: Id
    required: Literal["always", "stages", "never"]
    title: Words
    do: Words | None = None
    """What he does before it, with his hands."""
    question: tuple[Question, ...] = ()


class Rules(_Part):
    """What the checks measure by; `signatures`: so many technicians sign."""

    signatures: Annotated[int, Field(ge=1, le=4)]
    clock_ms: Annotated[int, Field(gt=0)]
    photos: Annotated[int, Field(ge=0)]
    settle_ms: Annotated[int, Field(ge=0, le=60_000)]
    samples: Annotated[int, Field(ge=3, le=20)]
    load_sigmas: Annotated[int, Field(ge=1)]
    full_permille: Annotated[int, Field(ge=1, le=1000)]
    off_w: Annotated[int, Field(ge=0)]
    operations_per_hour: Annotated[int, Field(ge=1)]
    offline_s: Annotated[int, Field(ge=1)]


class _Document(_Part):
    schema_version: Annotated[Literal[1], Field(alias="schema")]
    name: Id
    rules: Rules
    step: Annotated[tuple[Step, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Procedure:
    """`text` is what the act carries: an auditor reads from it what was required."""

    name: str
    text: str
    rules: Rules
    steps: tuple[Step, ...]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def step(self, name: str) -> Step:
        """Raises BagError."""
        for step in self.steps:
            if step.id == name:
                return step
        known = ", ".join(step.id for step in self.steps)
        raise BagError(Code.UNKNOWN_STEP, f"{name} is none of {known}")

    def is_required(self, step: Step, configuration: Mapping[int, Any]) -> bool:
        return step.required == "always" or (
            step.required == "stages" and bool(configuration[_STAGES])
        )


_STAGES = 9


def read_procedure(content: bytes, name: str) -> Procedure:
    """Raises BagError."""
    try:
        text = content.decode()
        document = _Document.model_validate(tomllib.loads(text))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise BagError(Code.WRONG_PROCEDURE, f"{name}: {place}: {first['msg']}") from None
    except ValueError as error:
        raise BagError(Code.WRONG_PROCEDURE, f"{name}: {error}") from None
    ids = [step.id for step in document.step]
    if len(set(ids)) != len(ids):
        raise BagError(Code.WRONG_PROCEDURE, f"{name}: a step's id is there twice")
    return Procedure(document.name, text, document.rules, document.step)
