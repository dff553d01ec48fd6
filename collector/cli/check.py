"""`esep collector check`: the checks at moments that are past, by the data that is there."""

import json
import resource
import sys
import time
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import structlog
import typer
from sqlalchemy import Engine, func, select

from collector.checks.runner import Checks
from collector.cli.arguments import AsJson, Directory, fail, open_directory
from collector.cli.intervals import moment_of
from collector.registry.store import Registry
from collector.registry.view import UnknownError
from collector.series.embedded import EmbeddedSeries
from collector.storage import lock, reading
from collector.storage.tables import finding, period_result


def check(
    directory: Directory,
    first: Annotated[str, typer.Option("--from", help="the first moment, with its offset")],
    until: Annotated[str, typer.Option("--until", help="the last moment")],
    every_s: Annotated[int, typer.Option("--every", min=1, help="seconds between moments")] = 60,
    as_json: AsJson = False,
) -> None:
    """Run the checks as if it were each of these moments, and keep what they find; the collector
    is stopped. For data that was taken in by file, and to see how long the checks take.
    """
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(40),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    start_ms, end_ms = moment_of(first), moment_of(until)
    if end_ms < start_ms:
        raise fail(f"--until {until} is before --from {first}")
    engine = open_directory(directory)
    try:
        with lock.take(directory):
            told = _run(engine, directory, range(start_ms, end_ms + 1, every_s * 1000))
    except lock.InUseError as error:
        raise fail(str(error)) from None
    except UnknownError as error:
        raise fail(f"{error.args[0]}; import one with: esep registry import") from None
    if as_json:
        typer.echo(json.dumps(told, indent=2))
    else:
        typer.echo(
            f"{told['runs']} runs, {told['cpu_s']} s of one processor, the longest"
            f" {told['run_max_s']} s, all of it {told['wall_s']} s by the clock;"
            f" {told['closings']} closings, {told['findings']} findings"
        )


def _run(engine: Engine, directory: Path, moments: range) -> dict[str, Any]:
    series = EmbeddedSeries(directory)
    checks = Checks(engine, Registry(engine), series)
    took, walls = list[float](), list[float]()
    for at_ms in moments:
        began_s, wall_s = time.process_time(), time.perf_counter()
        checks.run(at_ms)
        took.append(time.process_time() - began_s)
        walls.append(time.perf_counter() - wall_s)
    series.close()
    with reading(engine) as connection:
        return {
            "runs": len(took),
            "cpu_s": round(sum(took), 3),
            "wall_s": round(sum(walls), 3),
            "run_p50_s": round(median(took), 3),
            "run_max_s": round(max(took), 3),
            "run_max_wall_s": round(max(walls), 3),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "closings": connection.scalar(select(func.count()).select_from(period_result)),
            "findings": connection.scalar(select(func.count()).select_from(finding)),
        }
