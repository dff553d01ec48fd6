"""The intake's figures as a document and as tables (benchmarks/README.md names the fields)."""

from dataclasses import asdict
from typing import Any

from rich import box
from rich.table import Table

from benchmarks.backlog import Drained
from benchmarks.intake import Bench, Rate
from benchmarks.report import head


def document(bench: Bench) -> dict[str, Any]:
    """The headline is ten readings a frame without TLS; all of them stand under `rates`."""
    first = next(each for each in bench.rates if each.readings_a_frame == 10 and not each.tls)
    single = next(each for each in bench.rates if each.readings_a_frame == 1 and not each.tls)
    live = next(each for each in bench.latencies if not each.tls)
    return {
        **head("intake"),
        "readings_per_s": first.readings_per_s,
        "frames_per_s": first.frames_per_s,
        "single_readings_per_s": single.readings_per_s,
        "p50_s": live.p50_s,
        "p99_s": live.p99_s,
        "cpu_s_per_1000_readings": first.cpu_s_per_1000_readings,
        "rss_mib": first.rss_mib,
        "limits": first.limits,
        "ratio_to_slowest_limit": first.ratio_to_slowest_limit,
        "series_follower": None,  # esep bench series
        "series_lag_frames": bench.series_lag_frames,
        "faults": bench.faults,
        "rates": [asdict(each) for each in bench.rates],
        "latencies": [asdict(each) for each in bench.latencies],
    }


def table(bench: Bench) -> Table:
    told = Table(box=box.SIMPLE, title="publish to ledger to receipt")
    for name in ("a frame", "TLS", "readings/s", "frames/s", "ratio", "ms CPU a reading", "MiB"):
        told.add_column(name, justify="right")
    for each in bench.rates:
        told.add_row(*_cells(each))
    return told


def _cells(each: Rate) -> tuple[str, ...]:
    return (
        str(each.readings_a_frame),
        "yes" if each.tls else "no",
        f"{each.readings_per_s:,.0f}",
        f"{each.frames_per_s:,.0f}",
        f"{each.ratio_to_slowest_limit:.2f}",
        f"{each.cpu_s_per_1000_readings:.4f}",
        f"{each.rss_mib:.0f}",
    )


def backlog_document(drained: Drained) -> dict[str, Any]:
    return {**head("backlog"), **asdict(drained)}
