"""The life of an order, as a table. docs/orders.md prints it from here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """In the order in which an order comes to them."""

    DRAFTED = "drafted"
    APPROVED = "approved"
    NOTIFIED = "notified"
    ISSUED = "issued"
    RECEIVED = "received"
    APPLIED = "applied"
    CONTACT_CONFIRMED = "contact_confirmed"
    VERIFIED = "verified"
    REBOUNDED = "rebounded"
    LAPSED = "lapsed"
    RELEASED = "released"
    RESTORED = "restored"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    FAILED = "failed"
    WRONGFUL = "wrongful"


class DropResult(StrEnum):
    """What the meters said of an order's effect, the best first."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"
    UNVERIFIABLE = "unverifiable"


class DropCause(StrEnum):
    """Why a drop is not full, or what else was seen; collector/words says it as `drop_cause-…`."""

    WELDED_CONTACT = "welded_contact"
    BYPASS = "bypass"
    REMAINS = "remains"
    ALREADY_OFF = "already_off"
    SILENT_METER = "silent_meter"
    NO_METER = "no_meter"
    SMALL_LOAD = "small_load"
    BOUNDARY_NOISE = "boundary_noise"
    MOVED = "moved"
    GENERATION_FELL = "generation_fell"
    OWN_GENERATION = "own_generation"
    CONTACT_UNTRUE = "contact_untrue"
    PROTECTION_TRIP = "protection_trip"
    BLACKOUT = "blackout"
    UNDER_CAP = "under_cap"
    ABOVE_CAP = "above_cap"


class Actor(StrEnum):
    """Whose step it is. A gateway's is its own signed event."""

    PERSON = "a person"
    PERSON_OR_RULE = "a person, or a rule"
    COLLECTOR = "the collector"
    PERSON_OR_COLLECTOR = "a person, or the collector"
    GATEWAY = "the gateway, signed"
    METERS = "the meters"


@dataclass(frozen=True)
class Row:
    """`is_whole`: a step of the whole order; else each part, which is one gateway's, takes it.

    `is_over`: after it the desk does nothing more.
    """

    step: Step
    sources: tuple[Step, ...]
    by: Actor
    meaning: str
    is_whole: bool = False
    is_over: bool = False


_DEVICE = (Step.ISSUED, Step.RECEIVED, Step.APPLIED, Step.CONTACT_CONFIRMED)
_WAITING = (Step.DRAFTED, Step.APPROVED, Step.NOTIFIED)
HOLDING = (*_DEVICE, Step.VERIFIED, Step.REBOUNDED)
"""While a part stands here it holds its stages open, or is about to."""
JUDGED = (Step.VERIFIED, Step.REBOUNDED)
"""What the meters say."""

LIFE = {
    row.step: row
    for row in (
        Row(
            Step.DRAFTED,
            (),
            Actor.PERSON_OR_RULE,
            "says what is to be cut, why, by which authority, for how long",
            is_whole=True,
        ),
        Row(
            Step.APPROVED,
            (Step.DRAFTED,),
            Actor.PERSON_OR_RULE,
            "it may go on; another person than who drafted it, where two are needed",
            is_whole=True,
        ),
        Row(
            Step.NOTIFIED,
            (Step.APPROVED, Step.NOTIFIED),
            Actor.COLLECTOR,
            "the licensee is told what, when, why; again when proof of it is recorded",
        ),
        Row(
            Step.ISSUED,
            (Step.NOTIFIED, Step.ISSUED),
            Actor.COLLECTOR,
            "the command is signed and on its way; again when it expired unheard",
        ),
        Row(
            Step.RECEIVED,
            (Step.ISSUED, Step.FAILED),
            Actor.GATEWAY,
            "the command is believed and obeyed",
        ),
        Row(
            Step.APPLIED,
            (Step.RECEIVED, Step.FAILED),
            Actor.GATEWAY,
            "the stages' outputs are open",
        ),
        Row(
            Step.CONTACT_CONFIRMED,
            (Step.APPLIED,),
            Actor.GATEWAY,
            "every stage's own contact says open",
        ),
        Row(
            Step.VERIFIED,
            (Step.APPLIED, Step.CONTACT_CONFIRMED, Step.VERIFIED, Step.REBOUNDED),
            Actor.METERS,
            "the drop is measured: full, partial, none, or unverifiable; may be judged again",
        ),
        Row(
            Step.REBOUNDED,
            (Step.VERIFIED,),
            Actor.METERS,
            "load came back though nothing was released",
        ),
        Row(
            Step.LAPSED,
            HOLDING,
            Actor.COLLECTOR,
            "its end came and nobody renewed it: the gateway brings the load back by its ramp",
        ),
        Row(
            Step.RELEASED,
            (*HOLDING, Step.FAILED, Step.RELEASED),
            Actor.PERSON_OR_COLLECTOR,
            "permission to close is on its way; again until it is carried out",
        ),
        Row(
            Step.RESTORED,
            (Step.RELEASED, Step.LAPSED),
            Actor.GATEWAY,
            "every stage is closed again, or another order holds it",
            is_over=True,
        ),
        Row(
            Step.SUPERSEDED,
            (*_WAITING, *HOLDING),
            Actor.COLLECTOR,
            "another order has its stages, and this one does not come back",
            is_over=True,
        ),
        Row(
            Step.CANCELLED,
            _WAITING,
            Actor.PERSON_OR_COLLECTOR,
            "taken back, or its ground or authority is gone, before it was issued",
            is_over=True,
        ),
        Row(
            Step.EXPIRED,
            _WAITING,
            Actor.COLLECTOR,
            "nobody approved it, or proved the notice, in time",
            is_over=True,
        ),
        Row(
            Step.REJECTED,
            (Step.ISSUED,),
            Actor.GATEWAY,
            "the command was believed and refused, with the reason",
            is_over=True,
        ),
        Row(
            Step.FAILED,
            (Step.ISSUED, Step.RECEIVED),
            Actor.COLLECTOR,
            "no answer, or it could not be done; a late answer takes it up again",
            is_over=True,
        ),
        Row(
            Step.WRONGFUL,
            (Step.RESTORED, Step.SUPERSEDED, Step.REJECTED, Step.FAILED),
            Actor.PERSON,
            "should never have been; closed with the energy it cost, for compensation",
            is_whole=True,
            is_over=True,
        ),
    )
}
"""One row a step. `failed` is what the operator must believe while the gateway is silent."""

NEXT = {step: frozenset(row.step for row in LIFE.values() if step in row.sources) for step in Step}
OVER = frozenset(row.step for row in LIFE.values() if row.is_over)
_ENDS = (
    Step.FAILED, Step.REJECTED, Step.EXPIRED, Step.CANCELLED, Step.SUPERSEDED, Step.RESTORED,
    Step.WRONGFUL,
)  # fmt: skip
"""Of parts that are over, the one that says most of the order first."""
_WAYS = {step: place for place, step in enumerate(Step)}
_WORST = (DropResult.UNVERIFIABLE, DropResult.NONE, DropResult.PARTIAL, DropResult.FULL)


class StepError(ValueError):
    """An order cannot take this step from where it stands."""


def check_step(current: Step, step: Step) -> None:
    if step not in NEXT[current]:
        allowed = ", ".join(sorted(NEXT[current])) or "nothing"
        raise StepError(f"after {current} comes {allowed}, not {step}")


def leading(steps: Sequence[Step]) -> int:
    """Which of its parts an order is named after, by their steps.

    Of those that are not over the one that has come least far; when all are over, the one whose
    end says most: failed before rejected before … before restored.
    """
    running = [index for index, step in enumerate(steps) if step not in OVER]
    if running:
        return min(running, key=lambda index: _WAYS[steps[index]])
    return min(range(len(steps)), key=lambda index: _ENDS.index(steps[index]))


def worst(results: Iterable[DropResult | None]) -> DropResult | None:
    """An order's result: the worst of its parts'; None while none is judged."""
    found = {result for result in results if result is not None}
    return next((result for result in _WORST if result in found), None)
