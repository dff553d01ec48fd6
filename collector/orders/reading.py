"""A reading on demand: the gateway snapshots every meter now, in the billing stream."""

import secrets

from sqlalchemy import Engine

from collector.evidence.downlink import Action, Command, Signer
from collector.orders import commands


def order_reading(engine: Engine, signer: Signer, gateway: str, ttl_s: int, now_ms: int) -> bytes:
    """Queue the command; return the id that the gateway's events will carry."""
    identity = secrets.token_bytes(16)
    with engine.begin() as connection:
        command = Command(
            target=bytes.fromhex(gateway),
            counter=commands.next_counter(connection, gateway),
            issued_ms=now_ms,
            expires_ms=now_ms + ttl_s * 1000,
            order=identity,
            action=Action.READ,
        )
        commands.send(connection, signer, gateway, command, now_ms)
    return identity
