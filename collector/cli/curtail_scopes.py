"""What `esep curtail draft` and `plan` have in common: what an order is for, and how much of it."""

import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from collector.cli.arguments import fail
from collector.orders.choice import planning, setpoints
from collector.orders.choice.planning import Amount, Plan
from collector.orders.choice.scopes import Scope
from collector.orders.choice.setpoints import SetpointPlan
from collector.registry.view import View
from collector.series.embedded import EmbeddedSeries
from collector.storage import reading

Sites = Annotated[
    list[str] | None, typer.Option("--site", help="NAME, or NAME:STAGE,STAGE; may be repeated")
]
Feeders = Annotated[
    list[str] | None, typer.Option("--feeder", help="every site on this line; may be repeated")
]
Licensees = Annotated[
    list[str] | None, typer.Option("--licensee", help="every site of this BIN; may be repeated")
]
Zones = Annotated[
    list[str] | None, typer.Option("--zone", help="every site of this zone; may be repeated")
]
Everything = Annotated[bool, typer.Option("--everything", help="every site there is")]
Megawatts = Annotated[
    str | None, typer.Option("--mw", help="shed so much of it; without, all of it")
]
Percent = Annotated[
    str | None, typer.Option("--percent", help="shed so much of what it draws now, in %")
]
Setpoint = Annotated[
    str | None, typer.Option("--to-mw", help="a setpoint: all of it together draws no more")
]
MOST_CAP_W = 2**32 - 1
"""As much as a command can say."""
_SITE = re.compile(r"([^:]+)(?::(\d{1,2}(?:,\d{1,2})*))?")


def scope_of(
    sites: list[str] | None,
    feeders: list[str] | None,
    licensees: list[str] | None,
    zones: list[str] | None,
    *,
    everything: bool,
) -> Scope:
    return Scope(
        tuple(_site(text) for text in sites or ()),
        tuple(feeders or ()),
        tuple(licensees or ()),
        tuple(zones or ()),
        everything,
    )


def amount_of(megawatts: str | None, percent: str | None) -> Amount:
    """Exact: to the watt, or to a thousandth."""
    if megawatts is not None and percent is not None:
        raise fail("give --mw or --percent, not both")
    if megawatts is not None:
        return Amount(power_w=_whole(megawatts, "--mw", 1_000_000, 10**12, "MW, to the watt: 1.5"))
    if percent is not None:
        return Amount(permille=_whole(percent, "--percent", 10, 1000, "0.1 to 100, as 12.5"))
    return Amount()


def cap_of(to_mw: str | None, megawatts: str | None, percent: str | None) -> int | None:
    """A setpoint in W, exact to the watt."""
    if to_mw is None:
        return None
    if megawatts is not None or percent is not None:
        raise fail("give --to-mw, or --mw, or --percent: not two of them")
    return _whole(to_mw, "--to-mw", 1_000_000, MOST_CAP_W, "MW, to the watt, up to 4294: 1.5")


def planned(
    engine: Engine, directory: Path, view: View, scope: Scope, amount: Amount, now_ms: int
) -> Plan:
    """Raises DraftError."""
    series = EmbeddedSeries(directory)
    try:
        with reading(engine) as connection:
            return planning.plan(connection, view, series, scope, amount, now_ms)
    finally:
        series.close()


def planned_setpoint(
    engine: Engine, directory: Path, view: View, scope: Scope, cap_w: int, now_ms: int
) -> SetpointPlan:
    """Raises DraftError."""
    series = EmbeddedSeries(directory)
    try:
        with reading(engine) as connection:
            return setpoints.plan(connection, view, series, scope, cap_w, now_ms)
    finally:
        series.close()


def _whole(text: str, option: str, times: int, most: int, right: str) -> int:
    try:
        value = Decimal(text.strip()) * times
    except InvalidOperation:
        raise fail(f"{option} {text}: write a number of {right}") from None
    if not value.is_finite() or value != int(value) or not 0 < value <= most:
        raise fail(f"{option} {text}: write a number of {right}")
    return int(value)


def _site(text: str) -> tuple[str, tuple[int, ...] | None]:
    found = _SITE.fullmatch(text.strip())
    if found is None:
        raise fail(f"--site {text}: write NAME, or NAME:1,2 for its stages 1 and 2")
    name, stages = found.groups()
    return name, None if stages is None else tuple(int(each) for each in stages.split(","))
