"""`esep curtail schedule`: what a site may draw, and what its gateway holds of that."""

import json
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from collector.cli.arguments import AsJson, Directory, fail, open_directory
from collector.cli.service import now_ms
from collector.evidence.cose import ContentType, parse
from collector.evidence.schedule import Limit, Schedule, read_body
from collector.model.moments import moment_text
from collector.model.records import Site
from collector.orders.permit import schedule_store
from collector.orders.permit.schedule_store import Issued, LimiterState
from collector.orders.permit.schedules import is_measured
from collector.registry.store import Registry
from collector.registry.view import UnknownError, View
from collector.storage import reading


def schedule(
    directory: Directory,
    site: Annotated[str, typer.Argument(help="its name")],
    as_json: AsJson = False,
) -> None:
    """What the site may draw, period by period, and what its gateway says it holds and does."""
    engine = open_directory(directory)
    view = Registry(engine).view()
    try:
        gateway = view.one(Site, site).gateway
    except UnknownError as error:
        raise fail(str(error.args[0])) from None
    with reading(engine) as connection:
        issued = schedule_store.newest(connection).get(gateway)
        held = schedule_store.held(connection, gateway)
        state = schedule_store.limiter_states(connection).get(gateway)
        newest = None if issued is None else _read(connection, issued)
        spans = schedule_store.fail_safes(connection, gateway)
    answer = {
        "site": site,
        "gateway": gateway,
        "issued": _issued(issued, newest),
        "held": _issued(held, None),
        "state": _state(state),
        "fail_safes": [vars(span) for span in spans],
        "why_none": _why_none(view, site) if issued is None else None,
    }
    for line in [json.dumps(answer)] if as_json else _lines(answer):
        typer.echo(line)


def _read(connection: Connection, issued: Issued) -> Schedule | None:
    if issued.hash is None:
        return None
    message = schedule_store.message(connection, issued.hash)
    return read_body(parse(message, ContentType.SCHEDULE).payload)


def _why_none(view: View, site: str) -> str:
    if view.policy.limits is None:
        return "the policy has no limits: no schedules are issued"
    if not is_measured(view, site, now_ms()):
        return "its gateway reads no meter of the delivery point that it can count by itself"
    return "it is issued when the collector runs"


def _issued(issued: Issued | None, schedule: Schedule | None) -> dict[str, Any] | None:
    if issued is None:
        return None
    answer: dict[str, Any] = {
        "serial": issued.serial,
        "hash": None if issued.hash is None else issued.hash.hex(),
        "issued_ms": issued.issued_ms,
        "taken_ms": issued.taken_ms,
        "refusal": issued.refusal,
    }
    if schedule is None:
        return answer
    return answer | {
        "mode": "enforce" if schedule.enforces else "observe",
        "authority": None if schedule.authority is None else schedule.authority.hex(),
        "cut_off_ms": schedule.cut_off_ms,
        "expires_ms": schedule.expires_ms,
        "default": _limit(schedule.default),
        "fail_safe": {"name": schedule.fail_safe.name, **_limit(schedule.fail_safe.limit)},
        "periods": [
            {
                "start_ms": schedule.first_ms + number * schedule.period_ms,
                "limit": None if limit is None else _limit(limit),
            }
            for number, limit in enumerate(schedule.limits)
        ],
    }


def _limit(limit: Limit) -> dict[str, int]:
    return {"energy_wh": limit.energy_wh, "power_w": limit.power_w}


def _state(state: LimiterState | None) -> dict[str, Any] | None:
    return None if state is None else vars(state)


def _lines(answer: dict[str, Any]) -> list[str]:
    issued, held, state = answer["issued"], answer["held"], answer["state"]
    lines = [f"{answer['site']}, gateway {answer['gateway']}"]
    if issued is None:
        return [*lines, f"no schedule: {answer['why_none']}"]
    lines.append(f"issued: serial number {issued['serial']}, {moment_text(issued['issued_ms'])}")
    if held is None:
        lines.append("held: its gateway has not said that it holds any")
    else:
        lines.append(f"held: serial number {held['serial']}, since {moment_text(held['taken_ms'])}")
    if issued["refusal"] is not None:
        lines.append(f"refused by the gateway: {issued['refusal']}")
    if state is not None:
        since = moment_text(state["at_ms"])
        lines.append(
            f"limiter: {state['permit']}, {state['load']} ({state['cause']}), since {since}"
        )
    for span in answer["fail_safes"]:
        until = "now" if span["until_ms"] is None else moment_text(span["until_ms"])
        lines.append(
            f"fail-safe: {moment_text(span['from_ms'])} to {until}, {span['cause']};"
            f" settled as: {span['settled_as']}"
        )
    if "mode" not in issued:
        return lines
    lines.append(f"mode: {issued['mode']}; until {moment_text(issued['expires_ms'])}")
    for each in issued["periods"]:
        limit = each["limit"]
        if limit is not None:
            start = moment_text(each["start_ms"])
            lines.append(f"  {start}  {limit['energy_wh']:>12} Wh  {limit['power_w']:>12} W")
    default = issued["default"]
    cut_off = moment_text(issued["cut_off_ms"])
    lines.append(f"  from {cut_off}  {default['energy_wh']} Wh  {default['power_w']} W")
    return lines
