"""The figures as a document and as a table (benchmarks/README.md names the fields)."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.table import Table

from benchmarks.bus import Bench, Result
from benchmarks.chance import FALSE_ALARM
from benchmarks.fuzz import Fuzzed
from benchmarks.hostile import Outcome
from benchmarks.plan import BITS_PER_CHARACTER
from benchmarks.sign import Result as SignResult

SCHEMA = 1


def _host() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "processors": os.cpu_count(),
        "load_1_minute": os.getloadavg()[0],
    }


def head(benchmark: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"schema": SCHEMA, "benchmark": benchmark, "at": now, "host": _host()}


def memory_document(modules: dict[str, int]) -> dict[str, Any]:
    return {**head("memory"), "bytes": modules, "all_bytes": sum(modules.values())}


def bus_document(bench: Bench, results: Sequence[Result]) -> dict[str, Any]:
    return {
        **head("bus"),
        "seed": bench.seed,
        "rounds": bench.rounds,
        "bits_per_character": BITS_PER_CHARACTER,
        "meters": [
            {
                "unit": meter.unit,
                "profile": meter.profile.name,
                "turnaround_ms": meter.profile.turnaround_ms,
                "jitter_ms": meter.profile.jitter_ms,
                "gap_ms": meter.profile.gap_ms,
                "requests": [(ask.address, ask.count) for ask in meter.asks],
            }
            for meter in bench.meters
        ],
        "results": [_rounded(asdict(result)) for result in results],
    }


def _rounded(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, 6) if isinstance(value, float) else value
        for name, value in fields.items()
    }


def bus_table(results: Sequence[Result]) -> Table:
    late_ms = max(each.line_late_max_ms for each in results)
    table = _table(
        "Modbus RTU: time the wire needs / time the client took",
        ("baud", "client"),
        (
            "ratio",
            "of cycles",
            "cycle s",
            "lost ms\na request",
            "bad",
            "silence\nbroken",
            "stall\nms",
        ),
        f"bad: errors/wrong values. The line was at most {late_ms:.1f} ms late.",
    )
    last = None
    for each in results:
        if last not in (None, each.baud):
            table.add_section()
        table.add_row(
            "" if last == each.baud else str(each.baud),
            each.client,
            f"{each.ratio_to_wire:.3f}",
            f"{min(each.ratio_by_cycle):.3f}…{max(each.ratio_by_cycle):.3f}",
            f"{each.cycle_median_s:.3f}",
            f"{each.lost_per_request_ms:.2f}",
            f"{each.errors}/{each.wrong_values}",
            str(each.silence_broken),
            "" if each.longest_stall_ms is None else f"{each.longest_stall_ms:.1f}",
        )
        last = each.baud
    return table


def hostile_document(
    seed: int, bytecode: bool, outcomes: Sequence[Outcome], fuzzed: Sequence[Fuzzed]
) -> dict[str, Any]:
    return {
        **head("hostile"),
        "seed": seed,
        "bytecode": bytecode,
        "false_alarm": FALSE_ALARM,
        "bus": [asdict(each) | {"holds": each.holds, "replay": each.replay} for each in outcomes],
        "parsers": [asdict(each) | {"holds": each.holds, "replay": each.replay} for each in fuzzed],
    }


def hostile_tables(outcomes: Sequence[Outcome], fuzzed: Sequence[Fuzzed]) -> list[Table]:
    tables = []
    if outcomes:
        table = _table(
            "What a master believes on a bad line",
            ("mode",),
            ("requests", "right", "wrong", "may be", "no answer", "exceptions", ""),
        )
        for each in outcomes:
            verdict = "holds" if each.holds else "FAILS"
            counts = [each.requests, each.right, each.wrong, each.wrong_bound]
            counts += [each.no_answer, each.exceptions]
            table.add_row(each.mode, *map(str, counts), verdict)
        tables.append(table)
    if fuzzed:
        table = _table(
            "What its parsers believe",
            ("strings",),
            ("number", "accepted", "wrong", "may be", "exceptions", "escaped", "kept bytes", ""),
        )
        for string in fuzzed:
            counts = [string.strings, string.accepted, string.wrong, string.wrong_bound]
            counts += [string.exceptions, len(string.escaped), string.kept_bytes]
            verdict = "holds" if string.holds else "FAILS"
            table.add_row(string.kind, *map(str, counts), verdict)
        tables.append(table)
    return tables


def sign_document(result: SignResult) -> dict[str, Any]:
    slices = (result.sign_slices, result.verify_slices)
    estimate = {
        "sign_ms": result.on_esp32(result.ours.sign_ms),
        "verify_ms": result.on_esp32(result.ours.verify_ms),
        "longest_slice_ms": result.on_esp32(max(each.longest_ms for each in slices)),
        "longest_with_collection_ms": result.on_esp32(
            max(each.with_collection_ms for each in slices)
        ),
    }
    return {
        **head("sign"),
        **_rounded(asdict(result)),
        "sign_ratio": round(result.sign_ratio, 2),
        "verify_ratio": round(result.verify_ratio, 2),
        "esp32": {
            "factor": [round(each, 1) for each in result.esp32_factor],
            **{name: [round(each, 1) for each in span] for name, span in estimate.items()},
        },
    }


def sign_table(result: SignResult) -> Table:
    low, high = result.esp32_factor
    table = _table(
        "P-256 in MicroPython, ms",
        ("",),
        ("ours", "textbook", "ratio", "slices", "longest", "with GC", "ESP32"),
        f"ESP32: an estimate, ×{low:.0f} to ×{high:.0f} (benchmarks/README.md).",
    )
    rows = (
        ("sign", result.ours.sign_ms, result.textbook.sign_ms, result.sign_slices),
        ("verify", result.ours.verify_ms, result.textbook.verify_ms, result.verify_slices),
    )
    for name, ours_ms, textbook_ms, slices in rows:
        least, most = result.on_esp32(ours_ms)
        table.add_row(
            name,
            f"{ours_ms:.2f}",
            f"{textbook_ms:.1f}",
            f"{textbook_ms / ours_ms:.1f}",
            str(slices.number),
            f"{slices.longest_ms:.3f}",
            f"{slices.with_collection_ms:.3f}",
            f"{least:.0f}…{most:.0f}",
        )
    return table


def _table(title: str, names: Sequence[str], numbers: Sequence[str], caption: str = "") -> Table:
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    for heading in names:
        table.add_column(heading, no_wrap=True)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
