"""`esep collector status`: how whole the chains are, and how the collector is."""

import json
from typing import Any

import typer

from collector.checks.condition import Condition, alarms, read_condition
from collector.cli import report
from collector.cli.arguments import AsJson, Directory, open_directory
from collector.cli.service import now_ms
from collector.registry.keyring import Keyring
from collector.registry.store import Registry
from collector.registry.tls_authority import ends_ms as tls_ends_ms
from collector.registry.view import UnknownError
from collector.storage import reading


def status(directory: Directory, as_json: AsJson = False) -> None:
    """How far each gateway's chains are whole, what was refused, and how the collector is.

    Exit 1 when it raises an alarm by the policy's thresholds.
    """
    engine = open_directory(directory)
    with reading(engine) as connection:
        ends_ms = Keyring(directory).ends_ms() | tls_ends_ms(directory)
        condition = read_condition(connection, directory, ends_ms, now_ms())
    try:
        found = alarms(condition, Registry(engine).view().policy)
    except UnknownError:
        found = {}  # there is no register yet
    state = report.status(engine) | {"collector": _as_dict(condition), "alarms": found}
    if as_json:
        typer.echo(json.dumps(state, indent=2))
    else:
        for line in _lines(state):
            typer.echo(line)
    if found:
        raise typer.Exit(1)


def _as_dict(condition: Condition) -> dict[str, Any]:
    checkpoint = condition.checkpoint
    return {
        "followers": [
            {
                "name": lag.follower,
                "position": lag.position,
                "lag_frames": lag.frames,
                "lag_s": lag.seconds,
            }
            for lag in condition.lags
        ],
        "disk_free_bytes": condition.disk_free_bytes,
        "certificates": {
            name: report.moment(ends_ms) for name, ends_ms in condition.certificates.items()
        },
        "checkpoint": None
        if checkpoint is None
        else {
            "frames": checkpoint.size,
            "at": report.moment(checkpoint.at_ms),
            "generation": checkpoint.generation,
        },
        "clock_ahead_of_gateways_s": condition.clock_ahead_s,
    }


def _lines(state: dict[str, Any]) -> list[str]:
    lines = [
        f"ledger: {state['frames']} frames; refused: {state['refused'] or 'none'}",
        f"faults: {state['faults'] or 'none'}; flagged: {state['flagged'] or 'none'}",
    ]
    lines += [
        f"{row['gateway']} epoch {row['epoch']} {row['stream']}: contiguous to {row['upto']}"
        f" of {row['highest']}"
        for row in state["chains"]
    ]
    for row in state["configurations"]:
        refused = f"; {row['refused']}" if row["refused"] else ""
        lines.append(
            f"{row['gateway']} configuration: issued {row['issued_version'] or 'none'},"
            f" in force {row['in_force_version'] or 'not known'}{refused}"
        )
    own = state["collector"]
    lines += [
        f"follower {row['name']}: at {row['position']}, {row['lag_frames']} frames"
        f" and {row['lag_s']:.0f} s behind"
        for row in own["followers"]
    ]
    checkpoint = own["checkpoint"]
    lines.append(
        "checkpoint: none"
        if checkpoint is None
        else f"checkpoint: over {checkpoint['frames']} frames, {checkpoint['at']}"
    )
    lines.append(f"disk: {own['disk_free_bytes'] // 2**20} MiB free")
    lines += [f"certificate {name} until {end}" for name, end in own["certificates"].items()]
    lines += [
        f"ALARM {name}: {', '.join(f'{key} {value}' for key, value in details.items())}"
        for name, details in state["alarms"].items()
    ]
    return lines
