"""`esep collector correction`: what a wrong transformer ratio touches, before and after."""

import hashlib
import json
from typing import Annotated, Any

import typer

from collector.checks import corrections
from collector.cli.arguments import AsJson, Directory, fail, open_directory
from collector.cli.correction_report import Tried, by_register, supposed
from collector.cli.intervals import moment_of
from collector.cli.service import now_ms
from collector.intervals.closed.rules import RulesError, read_rules
from collector.model.records import Market, Meter, RatioCorrection
from collector.registry.store import Registry
from collector.storage import reading

_SHOWN = 20


def correction(
    directory: Directory,
    meter: Annotated[str, typer.Argument(help="the meter's serial number")],
    ct: Annotated[str | None, typer.Option(help="as if its CT ratio were this: 200/5")] = None,
    vt: Annotated[str | None, typer.Option(help="and its VT ratio; as configured without")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="day in Astana, or time with its offset")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="the same; still without")] = None,
    as_json: AsJson = False,
) -> None:
    """Every interval, finding and order that rests on a meter's wrong ratio, and by how much.

    By the corrections of the register: as it was done, or will be done. With `--ct` or `--vt`: as
    if there were one; nothing is kept.
    """
    engine = open_directory(directory)
    registry = Registry(engine)
    view = registry.view()
    if meter not in view.all(Meter):
        raise fail(f"there is no meter {meter!r} in the register")
    try:
        tried = Tried(engine, registry, read_rules(directory), now_ms())
    except RulesError as error:
        raise fail(str(error)) from None
    if not view.all(Market):
        raise fail("the register holds no market yet; take one in with `esep registry import`")
    if ct or vt:
        document = supposed(tried, _supposition(view.one(Meter, meter), ct, vt, since, until))
    else:
        if since or until:
            raise fail(
                "--from and --to say since when another ratio is true; give --ct or --vt too"
            )
        with reading(engine) as connection:
            known = corrections.known(connection, meter)
        if not known:
            raise fail(
                f"the register holds no ratio correction of {meter}; take one in with"
                " `esep registry import`, or try one: --ct 200/5 --from 2026-11-02"
            )
        document = by_register(tried, view, meter)
    typer.echo(json.dumps(document, indent=2) if as_json else _text(document))


def _supposition(
    meter: Meter, ct: str | None, vt: str | None, since: str | None, until: str | None
) -> RatioCorrection:
    if since is None:
        raise fail("--from is needed: since when the ratio is another one")
    return RatioCorrection(
        meter=meter.serial,
        ct=_ratio("--ct", ct) if ct else meter.ct,
        vt=_ratio("--vt", vt) if vt else meter.vt,
        valid_from=moment_of(since),
        valid_until=moment_of(until) if until else None,
        reason="supposed",
        document_sha256=hashlib.sha256(b"").hexdigest(),
    )


def _ratio(option: str, text: str) -> tuple[int, int]:
    primary, _, secondary = text.partition("/")
    if not (primary.isdecimal() and secondary.isdecimal() and int(primary) and int(secondary)):
        raise fail(f"{option} {text!r} is no ratio; primary and secondary, as in 200/5")
    return int(primary), int(secondary)


def _text(document: dict[str, Any]) -> str:
    lines = [f"{document['meter']}: {document['state']}"]
    for each in document["corrections"]:
        configured = f"{_pair(each['configured_ct'])}, {_pair(each['configured_vt'])}"
        lines.append(
            f"  CT {_pair(each['ct'])}, VT {_pair(each['vt'])} (configured {configured}:"
            f" × {each['factor']}) from {each['from']} to {each['to'] or 'now'}; {each['reason']}"
        )
    sums = document["sums"]
    lines.append(
        f"{sums['quarters']} quarters and {sums['hours']} hours: {sums['before_wh']} Wh before,"
        f" {sums['after_wh']} Wh after, {sums['difference_wh']} Wh"
    )
    lines += _listed(
        document["periods"],
        lambda row: (
            f"period {row['start']} of {row['licensee']} in {row['zone']}:"
            f" {row['before_wh']} Wh {row['before']} → {row['after_wh']} Wh {row['after']}"
        ),
    )
    lines += _listed(
        document["findings"],
        lambda row: f"finding {row['code']} of {row['subject']}, since {row['first']}",
    )
    lines += _listed(
        document["orders"],
        lambda row: (
            f"order {row['id']} of {row['site']} ({row['reason']}, {row['step']})"
            f" rests on {row['rests_on']}"
        ),
    )
    return "\n".join(lines)


def _pair(ratio: list[int]) -> str:
    return f"{ratio[0]}/{ratio[1]}"


def _listed(rows: list[dict[str, Any]], say: Any) -> list[str]:
    more = [f"… and {len(rows) - _SHOWN} more; --json has all"] if len(rows) > _SHOWN else []
    return [*(say(row) for row in rows[:_SHOWN]), *more]
