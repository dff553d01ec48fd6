"""What is done when a step of an order does not come in its time. docs/orders.md prints it."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Situation(StrEnum):
    """Where an order, or a part of it, stands and should not stay."""

    UNAPPROVED = "unapproved"
    UNPROVEN = "unproven"
    UNANSWERED = "unanswered"
    REJECTED = "rejected"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    NO_DROP = "no_drop"
    PARTIAL_DROP = "partial_drop"
    UNVERIFIABLE = "unverifiable"
    REBOUNDED = "rebounded"
    NOT_RESTORED = "not_restored"
    STUCK = "stuck"


class Remedy(StrEnum):
    """`other_stage`: of a rule's order only; a person's is paged, for he chose the stages."""

    PAGE = "page"
    OTHER_STAGE = "other_stage"
    EXPIRE = "expire"


class Escalation(BaseModel):
    """After so long in a situation, a remedy."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    situation: Situation
    after_s: Annotated[Decimal, Field(ge=0)]
    remedy: Remedy


def _row(situation: Situation, after_s: int, remedy: Remedy) -> Escalation:
    return Escalation(situation=situation, after_s=Decimal(after_s), remedy=remedy)


ESCALATION = (
    _row(Situation.UNAPPROVED, 300, Remedy.PAGE),
    _row(Situation.UNAPPROVED, 3600, Remedy.EXPIRE),
    _row(Situation.UNPROVEN, 300, Remedy.PAGE),
    _row(Situation.UNPROVEN, 3600, Remedy.EXPIRE),
    _row(Situation.UNANSWERED, 30, Remedy.PAGE),
    _row(Situation.REJECTED, 0, Remedy.PAGE),
    _row(Situation.FAILED, 0, Remedy.PAGE),
    _row(Situation.UNCONFIRMED, 10, Remedy.PAGE),
    _row(Situation.NO_DROP, 0, Remedy.PAGE),
    _row(Situation.NO_DROP, 10, Remedy.OTHER_STAGE),
    _row(Situation.PARTIAL_DROP, 60, Remedy.PAGE),
    _row(Situation.UNVERIFIABLE, 60, Remedy.PAGE),
    _row(Situation.REBOUNDED, 0, Remedy.PAGE),
    _row(Situation.NOT_RESTORED, 600, Remedy.PAGE),
    _row(Situation.STUCK, 0, Remedy.PAGE),
)
"""What a policy has that names none."""
