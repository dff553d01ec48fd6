"""A release on its way to the gateways: to one, to ten, to all, as long as those do well."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import Connection, insert, select, update

from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.intervals import facts, gateways
from collector.model.records import Gateway
from collector.registry import releases
from collector.registry.releases import Release, ReleaseError
from collector.registry.view import View
from collector.storage.tables import rollout as table

STAGES = (1, 10, None)
"""How many gateways each stage has, those of the stages before among them; None: all."""
SILENT_MS = 900_000
"""An updated gateway whose status is older, or says that it is gone, does not do well."""


class Step(IntEnum):
    """What a `firmware` event tells (docs/wire-format.cddl)."""

    RECEIVED = 1
    TRIAL = 2
    GOOD = 3
    ROLLED_BACK = 4
    REFUSED = 5


class State(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


@dataclass(frozen=True)
class Rollout:
    id: int
    release: int
    started_ms: int
    soak_s: int
    stage: int
    stage_ms: int
    state: State
    ended_ms: int | None
    why: str | None
    gateways: tuple[str, ...]

    @property
    def due(self) -> tuple[str, ...]:
        """The gateways of its stage, and of those before it."""
        return self.gateways[: STAGES[self.stage]]


@dataclass(frozen=True)
class Told:
    """What a gateway told last of a release, since when."""

    step: Step
    number: int
    bundle: str
    why: str | None
    at_ms: int

    @property
    def words(self) -> str:
        name = self.step.name.lower().replace("_", " ")
        return name if self.why is None else f"{name}: {self.why}"


def _of(row: Any) -> Rollout:
    values = dict(row._mapping)
    values["gateways"] = tuple(json.loads(values["gateways"]))
    return Rollout(**values | {"state": State(values["state"])})


def newest(connection: Connection) -> Rollout | None:
    row = connection.execute(select(table).order_by(table.c.id.desc()).limit(1)).first()
    return None if row is None else _of(row)


def running(connection: Connection) -> Rollout | None:
    found = newest(connection)
    return found if found is not None and found.state is State.RUNNING else None


def start(
    connection: Connection, view: View, number: int, first: Sequence[str], soak_s: int, now_ms: int
) -> Rollout:
    """Begin with the gateways of `first`, in this order. Raises ReleaseError."""
    if releases.by_number(connection, number) is None:
        raise ReleaseError(f"there is no release {number}: take it in by `release add`")
    if (before := running(connection)) is not None:
        raise ReleaseError(f"release {before.release} is being rolled out: stop that first")
    known = sorted(view.all(Gateway))
    unknown = [gateway for gateway in first if gateway not in known]
    if unknown or not known:
        raise ReleaseError(f"no gateway of the register: {', '.join(unknown) or 'it has none'}")
    order = [*dict.fromkeys(first), *(each for each in known if each not in first)]
    row = {
        "release": number,
        "started_ms": now_ms,
        "soak_s": soak_s,
        "stage": 0,
        "stage_ms": now_ms,
        "state": State.RUNNING.value,
        "gateways": json.dumps(order),
    }
    made = connection.execute(insert(table).values(row).returning(*table.c)).one()
    return _of(made)


def stop(connection: Connection, rollout: Rollout, why: str, now_ms: int) -> None:
    _set(connection, rollout, state=State.STOPPED.value, ended_ms=now_ms, why=why)


def _set(connection: Connection, rollout: Rollout, **values: Any) -> None:
    connection.execute(update(table).where(table.c.id == rollout.id).values(values))


def told(connection: Connection) -> dict[str, Told]:
    """Of each gateway that told anything of a release."""
    return {
        gateway: Told(
            Step(body["step"]), body["number"], body["bundle"], body["why"], body["received_ms"]
        )
        for gateway, body in facts.firmware(connection)
    }


def is_done(release: Release, said: Told | None, runs: str | None) -> bool:
    """Whether the gateway has it, or a newer one, for good; `runs`: hash of its firmware.

    One that was flashed with it says nothing of it but by its start.
    """
    if said is not None and said.bundle == release.hash[:8].hex():
        return said.step is Step.GOOD
    if said is not None and said.step is Step.GOOD and said.number >= release.number:
        return True
    return runs == release.firmware.hex()


def is_trying(release: Release, said: Told | None) -> bool:
    """Whether the gateway has the release whole, and has not decided."""
    if said is None or said.bundle != release.hash[:8].hex():
        return False
    return said.step in (Step.RECEIVED, Step.TRIAL)


def failure(release: Release, said: Told | None) -> str | None:
    """Why the release came to nothing at a gateway."""
    if said is None or said.bundle != release.hash[:8].hex():
        return None
    if said.step in (Step.ROLLED_BACK, Step.REFUSED):
        return said.words
    return None


def advance(
    connection: Connection, statuses: Mapping[str, Mapping[str, Any]], now_ms: int
) -> Rollout | None:
    """Stop the one that runs when a gateway does not do well with it, else begin its next stage
    when all of this one have done well for long enough. What it is then.
    """
    rollout = running(connection)
    if rollout is None:
        return None
    release = releases.by_number(connection, rollout.release)
    if release is None:
        raise ReleaseError(f"release {rollout.release} is not here")
    said = told(connection)
    hashes = gateways.firmware_hashes(connection)
    conditions = gateways.conditions(connection)
    well_since = rollout.stage_ms
    is_stage_done = True
    for gateway in rollout.due:
        here = said.get(gateway)
        why = failure(release, here)
        if why is not None or not is_done(release, here, hashes.get(gateway)):
            is_stage_done = False
        elif here is not None and here.step is Step.GOOD:
            well_since = max(well_since, here.at_ms)
            if here.number == release.number:
                why = _ailment(conditions.get(gateway), statuses.get(gateway), here, now_ms)
        if why is not None:
            stop(connection, rollout, f"{gateway}: {why}", now_ms)
            return newest(connection)
    if is_stage_done and now_ms - well_since >= rollout.soak_s * 1000:
        is_last = len(rollout.due) == len(rollout.gateways)
        if is_last:
            _set(connection, rollout, state=State.DONE.value, ended_ms=now_ms)
        else:
            _set(connection, rollout, stage=rollout.stage + 1, stage_ms=now_ms)
    return newest(connection)


def _ailment(
    condition: gateways.Condition | None,
    status: Mapping[str, Any] | None,
    here: Told,
    now_ms: int,
) -> str | None:
    """What is not well with a gateway since it runs the release."""
    if condition is not None and condition.ailments and (condition.heard_ms or 0) >= here.at_ms:
        return "does not do well: " + ", ".join(condition.ailments)
    if status is None:  # since this collector began
        return None
    if now_ms - max(here.at_ms, status["received_ms"]) > SILENT_MS:
        return "is silent since it was updated"
    return None


def judge(connection: Connection, view: View, now_ms: int) -> Iterator[Finding]:
    """One finding of a roll-out that stopped itself, until another is started."""
    rollout = newest(connection)
    if rollout is None or rollout.state is not State.STOPPED or rollout.ended_ms is None:
        return
    gateway, _, why = (rollout.why or "").partition(": ")
    known = view.all(Gateway).get(gateway)
    if known is None:  # a person stopped it
        return
    details = {"site": known.site, "gateway": gateway, "release": rollout.release, "why": why}
    yield Finding(Code.ROLLOUT_STOPPED, gateway, rollout.ended_ms, now_ms, details)
