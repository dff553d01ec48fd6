"""`esep collector rebuild-intervals`: every interval anew from the ledger."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from collector.cli import logs
from collector.cli.interval_rows import exact
from collector.cli.intervals import fail, open_register
from collector.cli.service import now_ms
from collector.intervals.closed.rebuild import Difference, Rebuild
from collector.intervals.closed.rules import RulesError, read_rules
from collector.model.delivery import moment_text
from collector.registry.configurations import Configurations
from collector.registry.keyring import Keyring
from collector.registry.view import UnknownError
from collector.storage import lock

_SHOWN = 20
_EVERY = 10_000


def rebuild_intervals(
    directory: Annotated[Path, typer.Argument(help="the collector's data directory")],
    check: Annotated[bool, typer.Option("--check", help="compare, and change nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable output")] = False,
) -> None:
    """Compute every interval from the ledger; the collector is stopped. With --check exit 1 when
    one differs from what is kept. Without, it is the next version of its interval.
    """
    logs.to_stderr()
    engine, registry = open_register(directory)
    try:
        held = lock.take(directory)
        configurations = Configurations(engine, Keyring(directory).root)
        rebuild = Rebuild(engine, registry, configurations, read_rules(directory))
        now = now_ms()
        rebuild.catch_up(now, _Progress())
        differences = rebuild.compute(now + 1, _Progress(), keep=not check)
    except (FileNotFoundError, PermissionError, UnknownError) as error:
        raise fail(str(error.args[-1])) from None
    except (RulesError, lock.InUseError) as error:
        raise fail(str(error)) from None
    held.close()
    found = [_as_dict(difference) for difference in differences]
    if as_json:
        typer.echo(json.dumps({"differences": found, "kept": not check}, indent=2))
    else:
        for row in found[:_SHOWN]:
            typer.echo(
                f"{row['meter']} {row['quantity']} {row['start']} ({row['length_s']} s):"
                f" {row['before_wh'] or '-'} Wh {row['before'] or 'not kept'},"
                f" by the ledger {row['after_wh'] or '-'} Wh {row['after']}"
            )
        more = f"; the first {_SHOWN} are shown" if len(found) > _SHOWN else ""
        typer.echo(f"{len(found)} intervals differ{more}")
    if check and found:
        raise typer.Exit(1)


class _Progress:
    def __init__(self) -> None:
        self._told: dict[str, int] = {}

    def __call__(self, what: str, count: int) -> None:
        if count - self._told.get(what, 0) >= _EVERY:
            self._told[what] = count
            typer.echo(f"{count} {what}", err=True)


def _as_dict(difference: Difference) -> dict[str, Any]:
    before, after = difference.before, difference.after
    return {
        "meter": difference.meter,
        "quantity": difference.quantity,
        "start": moment_text(after.start_ms),
        "length_s": after.length_ms // 1000,
        "before_wh": None if before is None else exact(before.energy_wh),
        "before": None if before is None else before.quality,
        "after_wh": exact(after.energy_wh),
        "after": after.quality,
        "difference_wh": exact(difference.energy_wh),
    }
