"""The figures of `esep bench curtail`, as a document and as a table."""

from collections.abc import Sequence
from math import ceil
from typing import Any

from rich.table import Table

from benchmarks import report
from benchmarks.curtail import (
    DELAY_S,
    ESP32_SIGN_MS,
    ESP32_VERIFY_MS,
    LOSS,
    Bench,
    Passed,
)


def percentile(values: Sequence[float], share: float) -> float | None:
    """By the nearest rank: of few values the greatest."""
    ordered = sorted(values)
    return round(ordered[ceil(share * len(ordered)) - 1], 3) if ordered else None


def document(bench: Bench, took_s: float) -> dict[str, Any]:
    largest = max(each.gateways for each in bench.passed)
    by_way = {(each.via, each.gateways): each for each in bench.passed}
    single, zone = by_way["loopback", 1], by_way["link", largest]
    slope = bench.slope
    return {
        **report.head("curtail"),
        "took_s": round(took_s, 1),
        "phases_s": bench.phases_s,
        "missing": bench.missing,
        "round_trip_s": 2 * DELAY_S,
        "loss_each_way": LOSS,
        "esp32_sign_ms": ESP32_SIGN_MS,
        "esp32_verify_ms": ESP32_VERIFY_MS,
        "single_applied_p99_s": percentile(single.relay_s, 0.99),
        f"zone_{largest}_applied_p99_s": percentile(zone.known_s, 0.99),
        f"zone_{largest}_relay_p99_s": percentile(zone.relay_s, 0.99),
        "verified_p99_s": percentile(zone.verified_s, 0.99),
        "ramp_error_pct": None if slope is None else round(slope.error_pct, 2),
        "max_step_mw": None if slope is None else slope.max_step_w / 1e6,
        "allowed_step_mw": None if slope is None else slope.step_w / 1e6,
        "ramp_step_s": None if slope is None else slope.step_s,
        "ramp_within_s": None if slope is None else slope.within_s,
        "ramp_late_s": None if slope is None else round(slope.late_s, 2),
        "refused": len(bench.refused),
        "results": [_result(each) for each in bench.passed],
    }


def _result(passed: Passed) -> dict[str, Any]:
    found: dict[str, Any] = {
        "via": passed.via,
        "gateways": passed.gateways,
        "orders": len(passed.relay_s) if passed.gateways == 1 else 1,
        "drops": dict(passed.results),
    }
    for name, values in (
        ("issued", passed.issued_s),
        ("relay", passed.relay_s),
        ("known", passed.known_s),
        ("verified", passed.verified_s),
    ):
        found[f"{name}_parts"] = len(values)
        found[f"{name}_p50_s"] = percentile(values, 0.5)
        found[f"{name}_p99_s"] = percentile(values, 0.99)
    return found


def table(document_: dict[str, Any]) -> Table:
    shown = Table(title="From approval, s: p50 / p99")
    for heading in ("way", "gateways", "issued", "relay open", "known", "verified", "drops"):
        shown.add_column(heading, justify="left" if heading in ("way", "drops") else "right")
    for each in document_["results"]:
        spans = (
            f"{each[f'{name}_p50_s']} / {each[f'{name}_p99_s']}"
            for name in ("issued", "relay", "known", "verified")
        )
        drops = ", ".join(f"{name} {count}" for name, count in each["drops"].items())
        shown.add_row(each["via"], str(each["gateways"]), *spans, drops)
    return shown
