"""A gateway's next key enters the register by its own word (docs/wire-format.md §4.4)."""

from collector.evidence.frame import Event, Frame
from collector.evidence.key_events import read_key_event
from collector.model.records import Gateway, GatewayKey
from collector.registry.view import View


class KeyNotTakenError(ValueError):
    """A `key` event by which the register gets no key."""


def with_next_key(view: View, frame: Frame, kid: bytes, event: Event) -> Gateway | None:
    """The gateway with the key of an event in a frame that the key `kid` signed.

    None when the register has taken it already. Raises KeyNotTakenError; EvidenceError when the
    event proves no possession of the key, or does not name the next frame.
    """
    public, first = read_key_event(frame, event)
    gateway = view.one(Gateway, frame.gateway.hex())
    valid = view.key_entry(kid, frame)
    if valid is None:
        raise KeyNotTakenError(f"key {kid.hex()} is not valid for this frame any more")
    old, _ = valid
    new = GatewayKey(x=public.raw[:32].hex(), y=public.raw[32:].hex(), start=first)
    if old.end == first and any(known.point == new.point for known in gateway.keys):
        return None
    if old.end is not None:
        raise KeyNotTakenError(f"key {kid.hex()} has its end already")
    if view.has_key(public.kid):
        raise KeyNotTakenError(f"key {public.kid.hex()} is in the register already")
    if (first.epoch, first.telemetry) < (old.start.epoch, old.start.telemetry):
        raise KeyNotTakenError("the new key begins before the old one")
    ended = old.model_copy(update={"end": first})
    keys = [ended if known == old else known for known in gateway.keys]
    return gateway.model_copy(update={"keys": (*keys, new)})


def keep_later_keys(known: Gateway | None, given: Gateway) -> Gateway:
    """A gateway that is given with nothing but its first key has the keys it got since."""
    if known is None or len(given.keys) != 1:
        return given
    [first] = given.keys
    if first.end is not None or first.point != known.keys[0].point:
        return given
    return given.model_copy(update={"keys": known.keys})
