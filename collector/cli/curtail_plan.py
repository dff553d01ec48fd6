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
    Setpoint,
    Sites,
    Zones,
    amount_of,
    cap_of,
    planned,
    planned_setpoint,
    scope_of,
)
from collector.cli.service import now_ms
from collector.orders import store
from collector.orders.choice.fairness import Fairness, ledger
from collector.orders.choice.planning import Expectation, Plan
from collector.orders.choice.setpoints import SetpointPlan, Share
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
    to_mw: Setpoint = None,
    as_json: AsJson = False,
) -> None:
    """A dry run: what would be opened, why, and what that sheds. Nothing is written."""
    engine = open_directory(directory)
    scope = scope_of(site, feeder, licensee, zone, everything=everything)
    cap_w, amount, view = (
        cap_of(to_mw, mw, percent),
        amount_of(mw, percent),
        Registry(engine).view(),
    )
    try:
        if cap_w is None:
            made = planned(engine, directory, view, scope, amount, now_ms())
            shown, said = plain(made), lines(made)
        else:
            held = planned_setpoint(engine, directory, view, scope, cap_w, now_ms())
            shown, said = plain_setpoint(held), setpoint_lines(held)
    except DraftError as error:
        raise fail(f"{error}. Nothing was changed") from None
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2) if as_json else "\n".join(said))


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
    wanted = "all of it" if made.target_w is None else _mw(made.target_w)
    return [
        f"wanted: {wanted}",
        _expected(made.expected, "stages have a fresh meter"),
        (f"touches {len(made.cuts)} sites of {len(made.licensees)} licensees; nothing was written"),
        *(
            f"  {'open ' if each.is_chosen else 'leave'} {each.candidate.site}"
            f" stage {each.candidate.stage}, {_mw(each.candidate.power_w)},"
            f" {each.candidate.licensee}, {each.candidate.rank}: {each.why}"
            for each in made.verdicts
        ),
    ]


def plain_setpoint(made: SetpointPlan) -> dict[str, Any]:
    return {
        "cap_w": made.cap_w,
        "expected": vars(made.expected),
        "sites": [
            {
                "site": each.cut.site,
                "stages": list(each.cut.stages),
                "licensee": each.cut.licensee,
                "rank": each.rank,
                "power_w": each.power_w,
                "cap_w": each.cut.cap_w,
                "opens": list(each.opened),
                "why": each.why,
            }
            for each in made.shares
        ],
    }


def setpoint_lines(made: SetpointPlan) -> list[str]:
    return [
        f"wanted: together at most {_mw(made.cap_w)}",
        _expected(made.expected, "sites are known by fresh meters"),
        f"touches {len(made.shares)} sites; nothing was written",
        *(
            f"  {each.cut.site}{_stages(each)} at most {_mw(each.cut.cap_w)}, draws"
            f" {_mw(each.power_w)}, {each.cut.licensee}, {each.rank}: {each.why}{_opens(each)}"
            for each in made.shares
        ),
    ]


def _stages(share: Share) -> str:
    return f" stages {', '.join(map(str, share.cut.stages))}" if share.cut.stages else ""


def _opens(share: Share) -> str:
    if not share.opened:
        return ""
    return f"; its gateway would open {', '.join(map(str, share.opened))}"


def _expected(expected: Expectation, known: str) -> str:
    return (
        f"expected: {_mw(expected.power_w)} less, from {_mw(expected.least_w)} to"
        f" {_mw(expected.most_w)}; confidence {expected.confidence}: {expected.fresh} of"
        f" {expected.stages} {known}, the oldest sample is {expected.oldest_s} s old"
    )


def _row(each: Fairness) -> dict[str, Any]:
    return {**vars(each), "hours": _text(each.hours), "energy_wh": _text(each.energy_wh)}


def _text(value: Fraction) -> str:
    return str(value)


def _mw(power_w: int | None) -> str:
    return "unknown" if power_w is None else f"{power_w / 1_000_000:.3f} MW"
