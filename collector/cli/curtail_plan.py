"""`esep curtail plan` and `ledger`: what an order would do, and who was cut how long."""

import json
from fractions import Fraction
from typing import Annotated, Any

import typer

from collector.cli.arguments import AsJson, Directory, fail, open_directory
from collector.cli.curtail_scopes import (
    Everything,
    Feeders,
    Licensees,
    Megawatts,
    Percent,
    Sites,
    Zones,
    amount_of,
    planned,
    scope_of,
)
from collector.cli.service import now_ms
from collector.orders import store
from collector.orders.choice.fairness import Fairness, ledger
from collector.orders.choice.planning import Plan
from collector.orders.drafting import DraftError
from collector.registry.store import Registry
from collector.storage import reading

_DAY_MS = 86_400_000


def plan(
    directory: Directory,
    site: Sites = None,
    feeder: Feeders = None,
    licensee: Licensees = None,
    zone: Zones = None,
    everything: Everything = False,
    mw: Megawatts = None,
    percent: Percent = None,
    as_json: AsJson = False,
) -> None:
    """A dry run: what would be opened, why, and what that sheds. Nothing is written."""
    engine = open_directory(directory)
    scope = scope_of(site, feeder, licensee, zone, everything=everything)
    amount = amount_of(mw, percent)
    try:
        made = planned(engine, directory, Registry(engine).view(), scope, amount, now_ms())
    except DraftError as error:
        raise fail(f"{error}. Nothing was changed") from None
    if as_json:
        typer.echo(json.dumps(plain(made), ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(lines(made)))


def ledger_(
    directory: Directory,
    days: Annotated[int | None, typer.Option(min=1, help="so far back; else the policy's")] = None,
    every: Annotated[
        bool, typer.Option("--every-reason", help="also cuts for what a licensee did himself")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Hours and MWh cut of each licensee, by closed orders: who comes next when load is shed."""
    engine = open_directory(directory)
    back = Registry(engine).view().policy.fairness_days if days is None else days
    with reading(engine) as connection:
        orders = store.load_recent(connection, now_ms() - back * _DAY_MS)
    found = ledger(orders, all_reasons=every)
    if as_json:
        rows = [_row(each) for each in found.values()]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    typer.echo(f"{'licensee':12} {'cuts':>5} {'hours':>9} {'MWh':>11} {'not measured':>12}")
    for each in found.values():
        hours, energy = float(each.hours), float(each.energy_wh / 1_000_000)
        typer.echo(
            f"{each.licensee:12} {each.cuts:5} {hours:9.2f} {energy:11.3f} {each.unmeasured:12}"
        )


def plain(made: Plan) -> dict[str, Any]:
    expected = made.expected
    return {
        "target_w": made.target_w,
        "expected": vars(expected),
        "sites": [{"site": site, "stages": list(stages or ())} for site, stages in made.cuts],
        "licensees": list(made.licensees),
        "stages": [
            {
                "site": each.candidate.site,
                "stage": each.candidate.stage,
                "licensee": each.candidate.licensee,
                "rank": each.candidate.rank,
                "power_w": each.candidate.power_w,
                "is_chosen": each.is_chosen,
                "why": each.why,
            }
            for each in made.verdicts
        ],
    }


def lines(made: Plan) -> list[str]:
    expected = made.expected
    wanted = "all of it" if made.target_w is None else _mw(made.target_w)
    return [
        f"wanted: {wanted}",
        (
            f"expected: {_mw(expected.power_w)}, from {_mw(expected.least_w)} to"
            f" {_mw(expected.most_w)}; confidence {expected.confidence}: {expected.fresh} of"
            f" {expected.stages} stages have a fresh meter, the oldest sample is"
            f" {expected.oldest_s} s old"
        ),
        (f"touches {len(made.cuts)} sites of {len(made.licensees)} licensees; nothing was written"),
        *(
            f"  {'open ' if each.is_chosen else 'leave'} {each.candidate.site}"
            f" stage {each.candidate.stage}, {_mw(each.candidate.power_w)},"
            f" {each.candidate.licensee}, {each.candidate.rank}: {each.why}"
            for each in made.verdicts
        ),
    ]


def _row(each: Fairness) -> dict[str, Any]:
    return {**vars(each), "hours": _text(each.hours), "energy_wh": _text(each.energy_wh)}


def _text(value: Fraction) -> str:
    return str(value)


def _mw(power_w: int | None) -> str:
    return "unknown" if power_w is None else f"{power_w / 1_000_000:.3f} MW"
