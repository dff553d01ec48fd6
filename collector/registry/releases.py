"""Releases of the gateways' firmware, as the release key signed them."""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from collector.evidence import cbor
from collector.evidence.bundle import read_bundle_file
from collector.evidence.cose import message_hash
from collector.evidence.keys import PublicKey
from collector.storage.tables import release as table

PART_BYTES = 1024


class ReleaseError(ValueError):
    """What was handed in is no release to take in, or there is none of that number."""


@dataclass(frozen=True)
class Release:
    """`hash` is that of the message; `firmware` what a boot event says."""

    number: int
    version: str
    signed_ms: int
    added_ms: int
    hash: bytes
    firmware: bytes


_COLUMNS = tuple(table.c[name] for name in Release.__dataclass_fields__)


def add(connection: Connection, content: bytes, root: PublicKey, now_ms: int) -> Release:
    """Take in a bundle's file. The same again changes nothing.

    Raises EvidenceError, and ReleaseError when its number is another's already.
    """
    bundle, image = read_bundle_file(content, root)
    message = cbor.decode(content)[0]
    made = Release(
        bundle.number,
        bundle.version,
        bundle.signed_ms,
        now_ms,
        message_hash(message),
        bundle.firmware_hash,
    )
    known = by_number(connection, bundle.number)
    if known is None:
        connection.execute(insert(table).values(vars(made) | {"message": message, "image": image}))
        return made
    if known.hash != made.hash:
        raise ReleaseError(
            f"release {bundle.number} is here already, and is another one: sign this one under a "
            "higher number"
        )
    return known


def by_number(connection: Connection, number: int) -> Release | None:
    row = connection.execute(select(*_COLUMNS).where(table.c.number == number)).first()
    return None if row is None else Release(*row)


def every(connection: Connection) -> list[Release]:
    """The newest first."""
    rows = connection.execute(select(*_COLUMNS).order_by(table.c.number.desc()))
    return [Release(*row) for row in rows]


def content(connection: Connection, number: int) -> tuple[bytes, bytes]:
    """(message, image)"""
    query = select(table.c.message, table.c.image).where(table.c.number == number)
    message, image = connection.execute(query).one()
    return message, image


def first_part(message: bytes) -> bytes:
    """`bundle-part` of docs/wire-format.cddl: what a gateway judges before anything else."""
    return cbor.encode([message_hash(message), None, message])


def part(bundle: bytes, image: bytes, offset: int) -> bytes:
    return cbor.encode([bundle, offset, image[offset : offset + PART_BYTES]])
