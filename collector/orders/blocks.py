"""Blocks: a person says that no load returns in a zone, or anywhere, until that is lifted."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import Connection, insert, select

from collector.model.persons import same_person
from collector.model.records import Site
from collector.orders.drafting import ActError, require_person
from collector.registry.view import View
from collector.storage.tables import return_block as table


class _Act(StrEnum):
    BLOCKED = "blocked"
    LIFT_ASKED = "lift_asked"
    LIFTED = "lifted"


@dataclass(frozen=True)
class Said:
    """What a person did, and why."""

    at_ms: int
    person: str
    reason: str
    reference: str | None = None


@dataclass(frozen=True)
class Block:
    """`zone` None: everywhere. `asked`: the first of two who lift it."""

    number: int
    zone: str | None
    began: Said
    asked: Said | None = None
    lifted: Said | None = None

    def binds(self, site: Site) -> bool:
        return self.zone in (None, site.zone)

    def after(self, act: _Act, said: Said) -> "Block":
        return replace(self, asked=said) if act is _Act.LIFT_ASKED else replace(self, lifted=said)

    @property
    def where(self) -> str:
        return "everywhere" if self.zone is None else f"in zone {self.zone}"


def every(connection: Connection) -> list[Block]:
    """All there ever were, oldest first."""
    found: dict[int, Block] = {}
    for row in connection.execute(select(table).order_by(table.c.id)):
        said = Said(row.at_ms, row.person, row.reason, row.reference)
        if row.act == _Act.BLOCKED:
            found[row.id] = Block(row.id, row.zone, said)
        else:
            found[row.block] = found[row.block].after(_Act(row.act), said)
    return list(found.values())


def standing(connection: Connection) -> list[Block]:
    return [block for block in every(connection) if block.lifted is None]


def of_site(blocks: Iterable[Block], view: View, name: str) -> Block | None:
    """The first that keeps a site's load from returning."""
    site = view.all(Site).get(name)
    return next((each for each in blocks if site is not None and each.binds(site)), None)


def begin(connection: Connection, view: View, zone: str | None, said: Said) -> Block:
    """From now on the collector sends no release there. Raises ActError, DraftError."""
    _require_said(said)
    if not (said.reference or "").strip():
        raise ActError("a block names the call or letter that asked for it (--reference)")
    if zone is not None and zone not in view.zones:
        raise ActError(f"there is no zone {zone!r} in the register")
    same = _one(connection, zone)
    if same is not None:
        raise ActError(f"returns are blocked {same.where} already, by {same.began.person}")
    return Block(_keep(connection, None, _Act.BLOCKED, zone, said), zone, said)


def lift(connection: Connection, view: View, zone: str | None, said: Said) -> Block:
    """By one person; of a mass by a second after the first. Raises ActError, DraftError."""
    _require_said(said)
    block = _one(connection, zone)
    if block is None:
        where = "everywhere" if zone is None else f"in zone {zone}"
        raise ActError(f"returns are not blocked {where}; esep curtail blocks names what is")
    if not needs_two(view, block):
        return _kept(connection, block, _Act.LIFTED, said)
    if block.asked is None:
        return _kept(connection, block, _Act.LIFT_ASKED, said)
    if same_person(said.person, block.asked.person):
        raise ActError(
            f"{said.person} asked to lift it, and it is for many sites: another person must too"
        )
    return _kept(connection, block, _Act.LIFTED, said)


def needs_two(view: View, block: Block) -> bool:
    """Whether two people must lift it: as for an order of as many sites."""
    sites = [site for site in view.all(Site).values() if block.binds(site)]
    return block.zone is None or len(sites) > view.policy.one_person_sites


def _one(connection: Connection, zone: str | None) -> Block | None:
    return next((each for each in standing(connection) if each.zone == zone), None)


def _kept(connection: Connection, block: Block, act: _Act, said: Said) -> Block:
    _keep(connection, block.number, act, block.zone, said)
    return block.after(act, said)


def _keep(
    connection: Connection, number: int | None, act: _Act, zone: str | None, said: Said
) -> int:
    row: int = connection.execute(
        insert(table)
        .values(
            block=number,
            act=act,
            zone=zone,
            at_ms=said.at_ms,
            person=said.person.strip(),
            reason=said.reason.strip(),
            reference=said.reference,
        )
        .returning(table.c.id)
    ).scalar_one()
    return row


def _require_said(said: Said) -> None:
    require_person(said.person)
    if not said.reason.strip():
        raise ActError("say why (--reason)")
