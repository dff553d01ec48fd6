"""The demo's report: what the collector holds beside what the gateways and the simulator say."""

from collections.abc import Mapping
from typing import Any

STREAMS = ("billing", "telemetry")


def assemble(
    collector: Mapping[str, Any],
    statuses: Mapping[str, Mapping[str, Any]],
    simulated: list[dict[str, Any]],
    sites: Mapping[str, str],
    run: Mapping[str, Any],
) -> dict[str, Any]:
    """`statuses`: each gateway's last word; `sites`: gateway → site; `simulated`: energies."""
    ledger = collector["ledger"]
    energies = {
        meter["serial"]: meter["energy_wh"] for site in simulated for meter in site["meters"]
    }
    return {
        "market": collector["market"],
        "run": dict(run),
        "frames": _frames(ledger, statuses, run),
        "energy": [
            {**entry, "simulator_wh": float(energies[entry["meter"]])}
            for entry in collector["energy"]
        ],
        "series": collector["series"],
        "periods": collector["periods"],
        "orders": collector["orders"],
        "checks": collector["checks"],
        "micropython": {sites[boot["gateway"]]: boot for boot in collector["boots"]},
        "chains": ledger["chains"],
    }


def _frames(
    ledger: Mapping[str, Any], statuses: Mapping[str, Mapping[str, Any]], run: Mapping[str, Any]
) -> dict[str, Any]:
    """Published: what the gateways' own counters say; gaps: what of it is not in the ledger."""
    held = {
        (chain["gateway"], chain["stream"]): chain["highest"] - chain["missing"]
        for chain in ledger["chains"]
    }
    made = {
        (gateway, stream): last[1]
        for gateway, status in statuses.items()
        for stream, last in zip(STREAMS, status["last"], strict=True)
        if last
    }
    verified = sum(held.values())
    return {
        "published": sum(made.values()),
        "verified": verified,
        "rejected": sum(ledger["refused"].values()),
        "duplicates": ledger["frames"] - verified,
        "gaps": sum(max(count - held.get(name, 0), 0) for name, count in made.items()),
        "resent": run["resent"],
        "pending_on_gateways": sum(sum(status["pending"]) for status in statuses.values()),
        "faults": ledger["faults"],
        "rejected_by_reason": ledger["refused"],
    }


def failures(report: Mapping[str, Any], gateways: int) -> list[str]:
    """What of the demo's promise does not hold; empty when all does."""
    frames = report["frames"]
    wrong = []
    if len(report["micropython"]) != gateways:
        wrong.append("not every gateway reported its boot")
    if frames["published"] != frames["verified"]:
        wrong.append(f"{frames['published']} frames made, {frames['verified']} verified")
    wrong += [
        f"{name}: {frames[name]}" for name in ("gaps", "duplicates", "rejected") if frames[name]
    ]
    wrong += [f"{count} {fault}" for fault, count in frames["faults"].items()]
    wrong += [
        f"meter {entry['meter']}: register and simulator differ by more than a quantum"
        for entry in report["energy"]
        if entry["register_end_wh"] is None or not _agrees(entry)
    ]
    return wrong


def untold(report: Mapping[str, Any]) -> list[str]:
    """What of the story a run of at least `plan.STORY_S` did not show; empty when all was."""
    missing = []
    if not any(period["result"] == "breach" for period in report["periods"]):
        missing.append("no period closed in breach")
    reasons = {
        order["reason"]
        for order in report["orders"]
        if order["verified_at"] and order["result"] == "full"
    }
    missing += [
        f"no order for {reason} was verified by a full drop"
        for reason in ("over_allocation", "licence")
        if reason not in reasons
    ]
    return missing


def _agrees(entry: Mapping[str, Any]) -> bool:
    metered = entry["register_end_wh"] - entry["register_start_wh"]
    return bool(abs(metered - entry["simulator_wh"]) <= entry["quantum_wh"])
