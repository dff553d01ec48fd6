"""An order as JSON, and as lines for a terminal."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from collector.cli.report import moment
from collector.model.instant import astana
from collector.orders.order import Cut, Order, StepRecord


def plain(order: Order) -> dict[str, Any]:
    """Times in UTC, energies exact as text."""
    terms = asdict(order.terms)
    terms["until"] = _moment(terms.pop("until_ms"))
    del terms["cuts"]
    return {
        "order": order.id.hex(),
        "step": order.step,
        "result": order.result,
        "is_over": order.is_over,
        "terms": terms,
        "steps": [_step(record) for record in order.own],
        "parts": [
            {
                "part": part.number,
                "site": part.cut.site,
                "gateway": part.cut.gateway,
                "licensee": part.cut.licensee,
                "stages": list(part.cut.stages),
                "cap_w": part.cut.cap_w,
                "step": part.step,
                "result": part.result,
                "until": _moment(part.until_ms),
                "steps": [_step(record) for record in part.history],
                "commands": [
                    {
                        "counter": sent.counter,
                        "action": sent.action.name.lower(),
                        "stages": list(sent.stages),
                        "until": _moment(sent.until_ms),
                        "hash": sent.digest.hex(),
                        "issued": moment(sent.issued_ms),
                        "expires": moment(sent.expires_ms),
                        "answer": None if sent.answer is None else sent.answer.name.lower(),
                        "reason": sent.reason,
                    }
                    for sent in part.commands
                ],
            }
            for part in order.parts
        ],
    }


def lines(order: Order) -> list[str]:
    """The order in one line, then its terms, its steps, and those of each part."""
    terms = order.terms
    sites = ", ".join(terms.sites[:3])
    if len(terms.sites) > 3:
        sites += f" and {len(terms.sites) - 3} others"
    result = f" ({order.result})" if order.result else ""
    found = [f"{order.id.hex()[:8]} {order.step}{result}: {terms.reason}, {sites}: {terms.why}"]
    if terms.cap_w is not None:
        found.append(f"  setpoint: together at most {terms.cap_w} W")
    found.append(
        f"  authority {terms.authority}, {terms.official}, SHA-256 {terms.document_sha256}"
    )
    if terms.rule:
        found.append(f"  rule {terms.rule}")
    if terms.reference:
        found.append(f"  reference {terms.reference}")
    if terms.upstream:
        found.append(f"  opens {', '.join(terms.upstream)}; there lose power:")
        for each in terms.touched:
            tenants = f", tenants {', '.join(each.tenants)}" if each.tenants else ""
            found.append(f"    {each.site} of {each.licensee}{tenants}")
    found += [f"  {_line(record)}" for record in order.own]
    for part in order.parts:
        ends = "" if part.until_ms is None else f", until {local(part.until_ms)}"
        what = _what(part.cut)
        found.append(f"  part {part.number}: {part.cut.site}, {what}: {part.step}{ends}")
        found += [f"    {_line(record)}" for record in part.history]
    return found


def _what(cut: Cut) -> str:
    stages = f"stages {', '.join(map(str, cut.stages))}" if cut.stages else "the site"
    return stages if cut.cap_w is None else f"{stages} at most {cut.cap_w} W"


def _line(record: StepRecord) -> str:
    frame = f" frame #{record.position}" if record.position is not None else ""
    said = [
        f"{name}: {value}"
        for name, value in record.details.items()
        if name in ("by", "reason", "result", "channel", "proof", "until_ms", "not_supplied_wh")
        and value is not None
    ]
    return f"{local(record.at_ms)} {record.step}{frame}{_in_brackets(said)}"


def _in_brackets(said: list[str]) -> str:
    return f" ({'; '.join(said)})" if said else ""


def _step(record: StepRecord) -> dict[str, Any]:
    details: Mapping[str, Any] = record.details
    return {
        "step": record.step,
        "at": moment(record.at_ms),
        "recorded": moment(record.recorded_ms),
        "position": record.position,
        "details": dict(details),
    }


def _moment(instant_ms: int | None) -> str | None:
    return None if instant_ms is None else moment(instant_ms)


def local(instant_ms: int) -> str:
    return astana(instant_ms).strftime("%Y-%m-%d %H:%M:%S")
