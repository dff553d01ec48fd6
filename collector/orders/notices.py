"""The notice to a licensee: what it says, by which channel, and what proves that it came."""

from typing import Any

from collector.model.order import Step
from collector.orders.order import Order, Part


def notice(order: Order, part: Part, now_ms: int) -> dict[str, Any]:
    """What is told. Without a proof it is not known to have arrived, and says so."""
    terms = order.terms
    return {
        "to": part.cut.licensee,
        "channel": terms.notice_channel,
        "content": {
            "site": part.cut.site,
            "stages": list(part.cut.stages),
            **({} if part.cut.cap_w is None else {"cap_w": part.cut.cap_w}),
            "reason": terms.reason,
            "why": terms.why,
            "authority": terms.authority,
            "document_sha256": terms.document_sha256,
            "official": terms.official,
            "hold_s": terms.hold_s,
            "from_ms": terms.from_ms,
            "until_ms": terms.until_ms,
        },
        "proof": None,
        "needs_proof": terms.notice_proof,
        "in_force_ms": None if terms.notice_proof else now_ms + terms.notice_s * 1000,
    }


def proven(part: Part, proof: dict[str, Any], delivered_ms: int, notice_s: int) -> dict[str, Any]:
    """The notice with the proof of its delivery, from which its time then counts."""
    told = part.steps[Step.NOTIFIED].details
    in_force_ms = delivered_ms + notice_s * 1000 if told["needs_proof"] else told["in_force_ms"]
    return {
        **told,
        "proof": proof,
        "delivered_ms": delivered_ms,
        "in_force_ms": in_force_ms,
    }


def is_proven(part: Part) -> bool:
    told = part.steps.get(Step.NOTIFIED)
    return told is not None and told.details.get("proof") is not None


def in_force_ms(order: Order, part: Part) -> int | None:
    """From when the cut may be issued; None: not before its delivery is proven.

    Not before its own time either.
    """
    told = part.steps[Step.NOTIFIED]
    at_ms: int | None = told.details.get("in_force_ms", told.at_ms + order.terms.notice_s * 1000)
    from_ms = order.terms.from_ms
    return at_ms if at_ms is None or from_ms is None else max(at_ms, from_ms)
