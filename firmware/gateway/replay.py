"""A command's counter is used once, also across power failures (docs/wire-format.md §6)."""

from micropython import const

NEW = const(0)
SAME = const(1)  # the last accepted message again: to be ignored
UNFINISHED = const(2)  # the same, but it was never obeyed to the end
REPLAYED = const(3)

_FINISHED = b"\x01"


class ReplayGuard:
    """Targets are as in a command: the gateway's 8 bytes, or the zone's name."""

    def __init__(self, journal) -> None:
        self._journal = journal

    def last(self, target) -> int:
        """The last counter accepted for the target; 0 when there was none."""
        record = self._journal.get_cell(_cell(target))
        return int.from_bytes(record[:4], "big") if record else 0

    def check(self, target, counter: int, message_hash: bytes) -> int:
        """NEW, SAME, UNFINISHED or REPLAYED."""
        if counter > self.last(target):
            return NEW
        record = self._journal.get_cell(_cell(target))
        accepted = _record(counter, message_hash)
        if record == accepted:
            return UNFINISHED
        return SAME if record == accepted + _FINISHED else REPLAYED

    def commit(self, target, counter: int, message_hash: bytes) -> None:
        """Durable on return. To be done before the command is obeyed."""
        self._journal.put_cell(_cell(target), _record(counter, message_hash))

    def finish(self, target, counter: int, message_hash: bytes) -> None:
        """Durable on return. To be done when the command was obeyed; a newer one is left alone."""
        accepted = _record(counter, message_hash)
        if self._journal.get_cell(_cell(target)) == accepted:
            self._journal.put_cell(_cell(target), accepted + _FINISHED)


def _cell(target) -> str:
    return "zone " + target if isinstance(target, str) else "gateway " + target.hex()


def _record(counter: int, message_hash: bytes) -> bytes:
    return counter.to_bytes(4, "big") + message_hash
