"""Turns the collector's facts into the story, a line for each."""

from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from collector.model.instant import clock_text

_STEPS = {
    "drafted": "order drafted",
    "approved": "approved under the authority document",
    "notified": "notice given to the licensee",
    "issued": "order issued, signed",
    "received": "gateway confirms receipt, signed",
    "applied": "relay open, signed",
    "contact_confirmed": "contact says open, signed",
    "verified": "DROP MEASURED",
    "released": "released: permission to close",
    "restored": "every stage closed again, load returns in its ramp",
    "lapsed": "its end came: the load returns",
    "rebounded": "load came back, nothing was released",
    "superseded": "another order has its stages",
    "expired": "order expired",
    "rejected": "gateway refused the order",
    "failed": "order failed",
}


class Narrator:
    """`names` maps licensees (BIN) and gateways to sites."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def tell(self, fact: Mapping[str, Any]) -> str | None:
        """The line for a fact, with rich's markup, or None when it is no news."""
        teller = getattr(self, "_" + str(fact.get("event")).replace(".", "_"), None)
        text = teller(fact) if teller else None
        return None if text is None else f"[dim]{_time(fact)}[/]  {text}"

    def _meter_first_reading(self, fact: Mapping[str, Any]) -> str:
        return f"[cyan]meter {fact['meter']}[/] first reading {_wh(fact['energy_wh'])}"

    def _broker_connected(self, _: Mapping[str, Any]) -> str:
        return "collector connected to the broker"

    def _broker_lost(self, _: Mapping[str, Any]) -> str:
        return "[bold red]collector lost the broker[/]"

    def _period_closed(self, fact: Mapping[str, Any]) -> str:
        site = ", ".join(fact["sites"])
        measured = "not measured" if fact["measured_wh"] is None else _wh(fact["measured_wh"])
        closed = "closed" if fact["version"] == 1 else "closed again"
        colour = {"within": "green", "breach": "bold red"}.get(fact["outcome"], "yellow")
        return (
            f"[{colour}]{site}: period {clock_text(fact['period_start_ms'])}-"
            f"{clock_text(fact['period_end_ms'])} {closed}: {measured} of"
            f" {_wh(fact['allowed_wh'])} allowed: {fact['outcome'].upper()}[/]"
        )

    def _finding_opened(self, fact: Mapping[str, Any]) -> str | None:
        if fact["code"] == "allocation.will_exceed":
            return (
                f"[yellow]{', '.join(fact['sites'])}: warning: will exceed its allowance at"
                f" {clock_text(fact['breach_ms'])}, by {_wh(fact['projected_excess_wh'])} at the"
                " period's end[/]"
            )
        if fact["code"] == "licence.unlicensed_load":
            ended_ms = fact["ended_ms"]
            why = f"licence ended at {clock_text(ended_ms)}" if ended_ms else "never licensed"
            return f"[bold red]{fact['site']}: {why}, drawing {_mw(fact['power_w'])}[/]"
        return None  # a breach is told with its period

    def _order_step(self, fact: Mapping[str, Any]) -> str:
        what = _STEPS.get(fact["step"], fact["step"])
        stages = ", ".join(map(str, fact["stages"]))
        line = f"[magenta]{fact['site']} stage {stages}: {what}[/]"
        details = fact["details"]
        if "stage_before_w" in details:
            line += (
                f" [bold]{_mw(details['stage_before_w'])} → {_mw(details['stage_after_w'])}[/]"
                f" (site {_mw(details['site_before_w'])} → {_mw(details['site_after_w'])}):"
                f" {details['result']}"
            )
        elif "reason" in details:
            line += f" ({details['reason']})"
        return line

    def _intake_refused(self, fact: Mapping[str, Any]) -> str:
        return f"[red]refused a message: {fact['reason']}[/]"

    def _chain_fault(self, fact: Mapping[str, Any]) -> str:
        return f"[bold red]chain fault {fact['fault']} at {fact['gateway']} seq {fact['seq']}[/]"

    def _collector_failed(self, fact: Mapping[str, Any]) -> str:
        return f"[bold red]collector: {fact['part']} failed: {fact['error']}[/]"


def _time(fact: Mapping[str, Any]) -> str:
    if "timestamp" not in fact:
        return clock_text(int(datetime.now(UTC).timestamp() * 1000))
    moment = datetime.fromisoformat(str(fact["timestamp"]))
    return clock_text(int(moment.timestamp() * 1000))


def _wh(text: Any) -> str:
    return f"{round(Fraction(text)):,} Wh".replace(",", " ")


def _mw(power_w: Any) -> str:
    return f"{float(power_w) / 1e6:.2f} MW"
