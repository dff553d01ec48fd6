"""The curtailment certificate: what was ordered, told, obeyed and measured, with its evidence.

docs/verification.md says what is in it, and how anybody judges it offline (`python -m auditor
curtailment`). Every field that a gateway or the operator signed stands beside those very bytes.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from collector.checks.meters import POWER
from collector.evidence.cose import ContentType
from collector.evidence.downlink import Action, Signer
from collector.ledger.checkpoints import Signed
from collector.model.order import JUDGED, Step
from collector.model.records import Authority, Licensee, Meter, Site
from collector.orders.drop import contacts, verifying
from collector.orders.drop.compensation import BASELINE, avoided
from collector.orders.drop.exhibits import ExhibitError, Exhibits
from collector.orders.order import Order, Part, Sent, StepRecord
from collector.registry.profiles import ProfileError, load_profile
from collector.registry.view import View
from collector.series.store import SeriesStore
from collector.storage.tables import stage_movement

KIND, VERSION = "esep.curtailment", 1
_POLICY = (
    "settle_s", "before_window_s", "verify_timeout_s", "min_samples", "full_permille",
    "partial_permille",
)  # fmt: skip
_WATTS = (
    "stage_before_w", "stage_after_w", "site_before_w", "site_after_w", "sigma_w", "site_sigma_w",
    "boundary_drop_w", "credited_w",
)  # fmt: skip


class CertificateError(ValueError):
    """There is nothing to certify yet; the text says why."""


@dataclass(frozen=True)
class Certificate:
    """The statement, and the operator's signature over its canonical text."""

    statement: Mapping[str, Any]
    signature: bytes

    def encoded(self) -> bytes:
        """The file: one canonical JSON text and a line feed."""
        document = {"certificate": self.statement, "signature": self.signature.hex()}
        return canonical(document) + b"\n"


def canonical(document: Mapping[str, Any]) -> bytes:
    """Keys in order, no spaces, UTF-8: the same fields have one text."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def certify(
    connection: Connection,
    view: View,
    series: SeriesStore,
    signed: Signed,
    signer: Signer,
    order: Order,
    now_ms: int,
) -> Certificate:
    """Of an order that was issued. Raises CertificateError, ExhibitError."""
    if not any(part.commands for part in order.parts):
        raise CertificateError(f"order {order.id.hex()[:8]} is {order.step}: nothing was issued")
    exhibits = Exhibits(connection, view, signed)
    maker = _Maker(connection, view, series, exhibits, order)
    statement: dict[str, Any] = {
        "kind": KIND,
        "version": VERSION,
        "issued_ms": now_ms,
        "order": _order(order),
        "authority": _authority(view, order),
        "rules": _rules(view),
        "parts": [maker.part(part) for part in order.parts if part.commands],
    }
    statement["evidence"] = exhibits.document() | {"profiles": maker.profiles}
    digest = hashlib.sha256(canonical(statement)).digest()
    body = {0: 1, 1: digest, 2: order.id, 3: now_ms}
    return Certificate(statement, signer.seal(ContentType.CURTAILMENT, body))


def _order(order: Order) -> dict[str, Any]:
    terms = order.terms
    drafted, approved = (
        next((each for each in order.own if each.step is step), None)
        for step in (Step.DRAFTED, Step.APPROVED)
    )
    return {
        "id": order.id.hex(),
        "reason": terms.reason,
        "why": terms.why,
        "reference": terms.reference,
        "rule": terms.rule,
        "official": terms.official,
        "drafted_by": terms.drafted_by,
        "drafted_ms": None if drafted is None else drafted.at_ms,
        "approved_by": None if approved is None else approved.details.get("by"),
        "approved_ms": None if approved is None else approved.at_ms,
        "step": order.step,
        "result": order.result,
    }


def _authority(view: View, order: Order) -> dict[str, Any]:
    """What the order itself fixed of it; the rest as the register has it now."""
    terms, known = order.terms, view.all(Authority).get(order.terms.authority)
    said = {"id": terms.authority, "document_sha256": terms.document_sha256}
    if known is None:
        return said
    return said | {
        "title": known.title,
        "valid_from_ms": known.valid_from,
        "valid_until_ms": known.valid_until,
        "example": known.example,
    }


def _rules(view: View) -> dict[str, Any]:
    policy = view.policy
    return {name: _plain(getattr(policy, name)) for name in _POLICY} | {
        "drop": {name: _plain(value) for name, value in policy.drop.model_dump().items()}
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, int) else str(value)


@dataclass
class _Maker:
    connection: Connection
    view: View
    series: SeriesStore
    exhibits: Exhibits
    order: Order

    def __post_init__(self) -> None:
        self.profiles: dict[str, str] = {}

    def part(self, part: Part) -> dict[str, Any]:
        notice = part.steps.get(Step.NOTIFIED)
        licensee = self.view.all(Licensee).get(part.cut.licensee)
        return {
            "part": part.number,
            "site": part.cut.site,
            "gateway": part.cut.gateway,
            "licensee": {
                "bin": part.cut.licensee,
                "name": None if licensee is None else licensee.name,
            },
            "stages": list(part.cut.stages),
            **({} if part.cut.cap_w is None else {"cap_w": part.cut.cap_w}),
            "step": part.step,
            "result": part.result,
            "notice": None if notice is None else {"at_ms": notice.at_ms, **notice.details},
            "commands": [self._command(part, sent) for sent in part.commands],
            "acknowledgements": self._acknowledgements(part),
            "contacts": self._contacts(part),
            "measured": [self._judged(part, each) for each in part.history if each.step in JUDGED],
            **_duration(part),
        }

    def _command(self, part: Part, sent: Sent) -> dict[str, Any]:
        is_cap = sent.action is Action.LIMIT
        if part.is_zones(sent):
            self.exhibits.configuration(part.cut.gateway, sent.issued_ms)
        return {
            "message": self.exhibits.command(sent.digest),
            "counter": sent.counter,
            "action": sent.action.name.lower(),
            "stages": list(part.cut.stages if is_cap else sent.stages),
            **({"power_w": part.cut.cap_w} if is_cap else {}),
            "until_ms": sent.until_ms,
            "issued_ms": sent.issued_ms,
            "expires_ms": sent.expires_ms,
        }

    def _acknowledgements(self, part: Part) -> list[dict[str, Any]]:
        """The gateway's own signed words about the order."""
        positions = dict.fromkeys(
            record.position for record in part.history if record.position is not None
        )
        return [
            {
                "position": position,
                "record": place,
                "phase": _PHASES[event.detail[2]],
                "counter": event.detail[1],
                "reason": event.detail.get(3),
                "at_ms": event.at_ms,
            }
            for position in positions
            for place, event in self.exhibits.command_events(position, self.order.id)
        ]

    def _contacts(self, part: Part) -> list[dict[str, Any]]:
        """How its stages' contacts moved from before the order until it was over.

        Of a setpoint those that moved in its name.
        """
        if Step.APPLIED not in part.steps:
            return []
        from_ms = part.steps[Step.ISSUED].at_ms - self.view.policy.before_window_s * 1000
        until_ms = part.history[-1].at_ms if part.is_over else None
        table = stage_movement
        query = select(table).where(
            table.c.gateway == part.cut.gateway,
            table.c.stage.in_(part.cut.stages)
            if part.cut.cap_w is None
            else table.c.order_id == self.order.id,
            table.c.at_ms >= from_ms,
        )
        if until_ms is not None:
            query = query.where(table.c.at_ms <= until_ms)
        found = []
        for row in self.connection.execute(query.order_by(table.c.position, table.c.record)):
            event: Any = self.exhibits.frame(row.position).records[row.record]
            found.append(
                {
                    "position": row.position,
                    "record": row.record,
                    "stage": event.detail[0],
                    "is_closed": bool(event.detail[1]),
                    "cause": event.detail[2],
                    "at_ms": event.at_ms,
                }
            )
        return found

    def _judged(self, part: Part, record: StepRecord) -> dict[str, Any]:
        """A judgement with every sample that it rests on."""
        details = record.details
        said: dict[str, Any] = {
            "step": record.step,
            "at_ms": record.at_ms,
            "result": details["result"],
            "cause": details.get("cause"),
        }
        if "stage_before_w" not in details:
            return said | {"silent": list(details.get("silent", ()))}
        if "upto" not in details:
            raise CertificateError("its drop was judged by an older program: its samples are lost")
        said |= {name: details[name] for name in _WATTS}
        if "cap_w" in details:
            said["cap_w"] = details["cap_w"]
        said |= {name: list(details[name]) for name in ("before_ms", "after_ms")}
        said["stages"] = [dict(each) for each in details["stages"]]
        said["meters"] = list(self._meters(part, details))
        return said

    def _meters(self, part: Part, details: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        before_ms, after_ms = details["before_ms"], details["after_ms"]
        site = self.view.one(Site, part.cut.site)
        others = contacts.moved_by_others(
            self.connection, site, part.cut, self.order.id, before_ms[0], after_ms[1]
        )
        for meter in self.view.meters_of(part.cut.site, after_ms[1]):
            if meter.point == "delivery" or meter.point in {*part.cut.stages, *others}:
                yield self._meter(meter, before_ms, after_ms, details["upto"])

    def _meter(
        self, meter: Meter, before_ms: list[int], after_ms: list[int], upto: int
    ) -> dict[str, Any]:
        quantum_w, response_ms = verifying.instrument(meter)
        if response_ms is None:
            response_ms = self.view.policy.drop.response_ms
        try:
            digest = load_profile(meter.profile).sha256
        except ProfileError as error:
            raise ExhibitError(f"meter {meter.serial}: {error}") from None
        self.profiles[digest.hex()] = self.exhibits.profile(digest)
        return {
            "serial": meter.serial,
            "slot": meter.slot,
            "point": meter.point,
            "profile": digest.hex(),
            "response_ms": response_ms,
            "quantum_w": str(quantum_w),
            "before": self._samples(meter, before_ms[0], before_ms[1], upto),
            "after": self._samples(meter, after_ms[0] + response_ms, after_ms[1], upto),
        }

    def _samples(self, meter: Meter, from_ms: int, until_ms: int, upto: int) -> list[list[Any]]:
        """Each with its frame, its place there, its moment, and W; none that came later."""
        return [
            [
                point.position,
                self.exhibits.sample(point.position, meter.slot, point.at_ms),
                point.at_ms,
                power_w,
            ]
            for point in self.series.window(meter.serial, from_ms, until_ms)
            if point.position <= upto and (power_w := point.believed(POWER)) is not None
        ]


_PHASES = {1: "received", 2: "applied", 3: "refused", 4: "failed", 5: "restored"}


def _duration(part: Part) -> dict[str, Any]:
    """How long its contacts were open; and, apart from all that was measured, the estimate."""
    if Step.APPLIED not in part.steps:
        return {"duration": None, "estimate": None}
    opened_ms = verifying.contact_record(part).at_ms
    ended = part.steps.get(Step.RESTORED) or part.steps.get(Step.SUPERSEDED)
    found = avoided(part)
    return {
        "duration": {
            "opened_ms": opened_ms,
            "ended_ms": None if ended is None else ended.at_ms,
            "ms": None if ended is None else max(ended.at_ms - opened_ms, 0),
        },
        "estimate": None
        if found is None
        else {
            "baseline": BASELINE,
            "energy_wh": round(found.energy_wh),
            "error_wh": round(found.error_wh),
            "measured_ms": found.measured_ms,
            "unmeasured_ms": found.unmeasured_ms,
        },
    }
