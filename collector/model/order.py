"""The life of an order, as a table."""

from enum import StrEnum


class Step(StrEnum):
    DRAFTED = "drafted"
    APPROVED = "approved"
    NOTIFIED = "notified"
    ISSUED = "issued"
    RECEIVED = "received"
    APPLIED = "applied"
    VERIFIED = "verified"
    RELEASED = "released"
    RESTORED = "restored"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DropResult(StrEnum):
    """What the meters said of an order's effect."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"
    UNVERIFIABLE = "unverifiable"


NEXT: dict[Step, frozenset[Step]] = {
    Step.DRAFTED: frozenset({Step.APPROVED, Step.CANCELLED}),
    Step.APPROVED: frozenset({Step.NOTIFIED, Step.CANCELLED}),
    Step.NOTIFIED: frozenset({Step.ISSUED, Step.CANCELLED}),
    Step.ISSUED: frozenset({Step.RECEIVED, Step.REJECTED, Step.FAILED}),
    Step.RECEIVED: frozenset({Step.APPLIED, Step.FAILED}),
    Step.APPLIED: frozenset({Step.VERIFIED, Step.RELEASED}),
    Step.VERIFIED: frozenset({Step.RELEASED}),
    Step.RELEASED: frozenset({Step.RESTORED}),
    Step.RESTORED: frozenset(),
    Step.REJECTED: frozenset(),
    Step.FAILED: frozenset({Step.RECEIVED, Step.APPLIED}),
    Step.CANCELLED: frozenset(),
}
"""Which step may follow which. `applied`: the stages were opened, as far as their contacts follow.

`failed` is what the operator must believe while the gateway is silent. Its signed answer, however
late, takes the order up again.
"""

OVER = frozenset({Step.RESTORED, Step.REJECTED, Step.FAILED, Step.CANCELLED})
"""Steps after which the desk does nothing more."""


class StepError(ValueError):
    """An order cannot take this step from where it stands."""


def check_step(current: Step, step: Step) -> None:
    if step not in NEXT[current]:
        allowed = ", ".join(sorted(NEXT[current])) or "nothing"
        raise StepError(f"after {current} comes {allowed}, not {step}")
