"""`esep collector rebuild-series` and `reconcile`: the series held against the ledger."""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine

from collector.intake.garbage import collect_seldom
from collector.ledger.followers import advance, begin_again, position_of
from collector.ledger.ledger import Ledger
from collector.registry.configurations import Configurations
from collector.registry.keyring import Keyring
from collector.series.embedded import EmbeddedSeries
from collector.series.follower import SeriesFollower
from collector.series.influx import InfluxSeries
from collector.series.reconcile import Difference, Extent, differences, read_ledger
from collector.series.shipping import Shipper
from collector.series.store import LAST_MS, SeriesError
from collector.series.targets import open_influx
from collector.storage import lock, open_database, reading
from collector.storage.settings import SettingsError, read_settings

Directory = Annotated[Path, typer.Argument(help="the collector's data directory")]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable output")]


def rebuild_series(directory: Directory, as_json: AsJson = False) -> None:
    """Empty the series and fill it again from the ledger. The collector must be stopped."""
    with _errors():
        held = lock.take(directory)
        engine = open_database(directory)
        configurations = Configurations(engine, Keyring(directory).root)
        influx = open_influx(read_settings(directory).series.store, directory)
        near = EmbeddedSeries(directory)
        follower = SeriesFollower(near, configurations)
        collect_seldom()
        if influx is None:
            begin_again(engine, follower.name)
            near.clear()
        began_s = time.monotonic()
        with _progress("frames", Ledger(engine).head()) as say:
            while advance(engine, follower):
                say(_cursor(engine, follower.name) if influx is None else 0)
            if influx is None:
                told = {"fill_s": time.monotonic() - began_s}
            else:
                told = _rebuild_influx(engine, configurations, influx, say)
        points = near.points() if influx is None else influx.points()
        near.close()
        held.close()
    document = {"store": _named(influx), "points": points} | told
    typer.echo(json.dumps(document) if as_json else f"{_named(influx)}: {points} points")


def _rebuild_influx(
    engine: Engine,
    configurations: Configurations,
    influx: InfluxSeries,
    say: Callable[[int], object],
) -> dict[str, float]:
    """How long the points took, of it on a processor, and then their rollups."""
    shipper = Shipper(engine, configurations, influx)
    influx.clear()
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    while shipper.step():
        say(_cursor(engine, shipper.name))
    filled_s, cpu_s = time.monotonic(), time.process_time() - began_cpu_s
    shipper.roll()
    return {
        "fill_s": filled_s - began_s,
        "fill_cpu_s": cpu_s,
        "rollups_s": time.monotonic() - filled_s,
    }


def _named(influx: InfluxSeries | None) -> str:
    return "embedded" if influx is None else influx.name


def reconcile(
    directory: Directory,
    from_: Annotated[
        datetime | None, typer.Option("--from", help="readings of this time (UTC) or later")
    ] = None,
    to: Annotated[datetime | None, typer.Option(help="readings before this time (UTC)")] = None,
    as_json: AsJson = False,
) -> None:
    """Name every difference between ledger and series. Exit 1 when there is one."""
    with _errors():
        engine = open_database(directory)
        configurations = Configurations(engine, Keyring(directory).root)
        influx = open_influx(read_settings(directory).series.store, directory)
        store = EmbeddedSeries(directory) if influx is None else influx
        name = (
            SeriesFollower.name if influx is None else Shipper(engine, configurations, influx).name
        )
        extent = Extent(_ms(from_, 0), _ms(to, LAST_MS), _cursor(engine, name))
        behind = Ledger(engine).head() - extent.upto
        with tempfile.TemporaryDirectory(dir=directory, prefix="reconcile-") as scratch:
            ledger = EmbeddedSeries(Path(scratch))
            with _progress("frames", extent.upto) as say:
                read_ledger(engine, configurations, ledger, extent, say)
            found = differences(ledger, store, extent, lambda _meter: None)
            told = (_tell_json if as_json else _tell)(found, ledger, _named(influx), behind)
            ledger.close()
        store.close()
    if told:
        raise typer.Exit(1)


def _tell(found: Iterator[Difference], ledger: EmbeddedSeries, store: str, behind: int) -> int:
    count = 0
    for count, each in enumerate(found, 1):  # noqa: B007
        fields = "; ".join(
            f"{name}: ledger {of_ledger}, series {of_series}"
            for name, (of_ledger, of_series) in each.fields.items()
        )
        where = f"{each.meter} {_moment(each.at_ms)} position {each.position}"
        typer.echo(f"{each.kind}: {where}{': ' if fields else ''}{fields}")
    waiting = f"; {behind} frames are not followed yet" if behind else ""
    typer.echo(f"{store}: {ledger.points()} points by the ledger, {count} differences{waiting}")
    return count


def _tell_json(found: Iterator[Difference], ledger: EmbeddedSeries, store: str, behind: int) -> int:
    """As they are found: there may be more than memory holds."""
    head = {"store": store, "points": ledger.points(), "frames_waiting": behind}
    sys.stdout.write(json.dumps(head)[:-1] + ', "differences": [')
    count = 0
    for count, each in enumerate(found, 1):
        document = {
            "kind": each.kind,
            "meter": each.meter,
            "at": _moment(each.at_ms),
            "position": each.position,
            "fields": {
                name: {"ledger": _plain(of_ledger), "series": _plain(of_series)}
                for name, (of_ledger, of_series) in each.fields.items()
            },
        }
        sys.stdout.write(("," if count > 1 else "") + "\n  " + json.dumps(document))
    sys.stdout.write("]}\n")
    return count


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | dict) else str(value)


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _ms(moment: datetime | None, otherwise: int) -> int:
    return otherwise if moment is None else int(moment.replace(tzinfo=UTC).timestamp() * 1000)


def _cursor(engine: Engine, name: str) -> int:
    with reading(engine) as connection:
        return position_of(connection, name) or 0


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], object]]:
    """On standard error, where that is a terminal; called with how many are done."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def _errors() -> Iterator[None]:
    """What a person can see to ends with exit code 2, and a text that says how."""
    try:
        yield
    except SeriesError as error:
        typer.echo(f"the series: {error}; what is in the ledger is safe", err=True)
        raise typer.Exit(2) from None
    except (FileNotFoundError, PermissionError, SettingsError, lock.InUseError) as error:
        typer.echo(str(error.args[-1]), err=True)
        raise typer.Exit(2) from None
