"""What a check has at hand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from technician.commission import board
from technician.commission.case import Case
from technician.commission.procedure import Question, Step


@dataclass(frozen=True)
class Visit:
    """`open_board` interrupts what the gateway does; an answer may be asked for when it is used."""

    case: Case
    step: Step
    answers: Mapping[str, str]
    open_board: board.Open


def asked_of(case: Case, step: Step) -> Iterator[tuple[str, Question]]:
    """Each question with the key of its answer: `id`, `id/serial` or `id/stage`."""
    for question in step.question:
        if question.per is None:
            yield question.id, question
        else:
            for name in names(case, question.per):
                yield f"{question.id}/{name}", question


def names(case: Case, per: str) -> list[str]:
    """Serials of the configuration's meters, or ids of its stages."""
    body = case.body()
    if per == "meter":
        return [each[_SERIAL] for each in body[_METERS]]
    return [str(each[0]) for each in body[_STAGES]]


_SERIAL, _METERS, _STAGES = 1, 8, 9
