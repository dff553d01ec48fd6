"""The record of findings, for those who look into it: filters, one of them, and acts on it."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from collector.checks import rounds, steps
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.life import Act, LifeError, Party, Standing, State, judge
from collector.model.records import Site
from collector.registry.view import View
from collector.storage.tables import finding as table


@dataclass(frozen=True)
class Kept:
    """A finding under its number. `times`: how often it was found, where it is a run of one cause;
    `opened_ms` is None until the running checks have noted that they know.
    """

    number: int
    finding: Finding
    state: State
    times: int
    opened_ms: int | None

    @property
    def known_ms(self) -> int:
        return max(self.opened_ms or 0, self.finding.last_ms)


@dataclass(frozen=True)
class Asked:
    """What is looked for; nothing named is everything. `licensee`: his BIN, with his `sites`."""

    code: Code | None = None
    states: tuple[State, ...] = ()
    site: str | None = None
    licensee: str | None = None
    licensee_sites: frozenset[str] = frozenset()
    since_ms: int | None = None

    def fits(self, finding: Finding) -> bool:
        named = {*finding.sites, finding.subject.partition("/")[0]}
        return (self.site is None or self.site in named) and (
            self.licensee is None or not named.isdisjoint({self.licensee, *self.licensee_sites})
        )


def sites_of(view: View, licensee: str | None) -> frozenset[str]:
    """Names of the sites that a BIN has now."""
    found = view.all(Site).values()
    return frozenset(site.name for site in found if site.licensee == licensee)


def search(connection: Connection, asked: Asked, limit: int) -> list[Kept]:
    """Those that were seen last, newest first, at most so many."""
    found: list[Kept] = []
    for kept in _read(connection, _narrowed(asked)):
        if asked.fits(kept.finding):
            found.append(kept)
            if len(found) == limit:
                break
    return found


def one(connection: Connection, number: int) -> Kept:
    """Raise LifeError when there is none of that number."""
    if number.bit_length() < 64:
        for kept in _read(connection, select(table).where(table.c.id == number)):
            return kept
    raise LifeError(f"there is no finding {number}; `esep collector findings DIR` lists them")


def act(
    connection: Connection, number: int, act: Act, dispute_days: int | None, now_ms: int
) -> State:
    """Do something with a finding and return where it stands; raises LifeError, nothing kept."""
    kept = one(connection, number)
    spoke = [
        step.act.person for step in steps.of(connection, number) if step.party is Party.LICENSEE
    ]
    is_present = rounds.read(connection, now_ms).show(kept.finding)
    standing = Standing(kept.state, kept.known_ms, is_present, spoke)
    try:
        state = judge(standing, act, dispute_days)
    except LifeError as error:
        raise LifeError(f"finding {number}: {error}") from None
    steps.keep(connection, number, state, act)
    return state


def _narrowed(asked: Asked) -> Select[Any]:
    """By what an index or the text of the details can tell; `fits` decides."""
    query = select(table).order_by(table.c.last_ms.desc(), table.c.id.desc())
    if asked.code is not None:
        query = query.where(table.c.code == asked.code)
    if asked.states:
        query = query.where(table.c.state.in_(asked.states))
    if asked.since_ms is not None:
        query = query.where(table.c.last_ms >= asked.since_ms)
    if asked.site is not None:
        query = query.where(_names([asked.site]))
    if asked.licensee is not None:
        query = query.where(_names([asked.licensee, *sorted(asked.licensee_sites)]))
    return query


def _names(names: Collection[str]) -> Any:
    within = [table.c.body.contains(json.dumps(name), autoescape=True) for name in names]
    begins = [table.c.subject.startswith(name, autoescape=True) for name in names]
    return or_(*within, *begins)


def _read(connection: Connection, query: Select[Any]) -> Iterator[Kept]:
    for row in connection.execute(query.execution_options(yield_per=200)):
        details = json.loads(row.body)
        finding = Finding(Code(row.code), row.subject, row.first_ms, row.last_ms, details)
        yield Kept(row.id, finding, State(row.state), row.times, row.opened_ms)
