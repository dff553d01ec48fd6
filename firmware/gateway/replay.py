"""A command's counter is used once, also across power failures (docs/wire-format.md §6)."""

from micropython import const

NEW = const(0)
SAME = const(1)  # the last accepted message again: to be ignored
UNFINISHED = const(2)  # the same, but it was never obeyed to the end
REPLAYED = const(3)

_FINISHED = b"\x01"
_CELL = "command"


class ReplayGuard:
    """One counter for what is addressed to the gateway and to its zone: the newest wins."""

    def __init__(self, journal) -> None:
        self._journal = journal

    def last(self) -> int:
        """The last counter accepted; 0 when there was none."""
        record = self._journal.get_cell(_CELL)
        return int.from_bytes(record[:4], "big") if record else 0

    def check(self, counter: int, message_hash: bytes) -> int:
        """NEW, SAME, UNFINISHED or REPLAYED."""
        if counter > self.last():
            return NEW
        record = self._journal.get_cell(_CELL)
        accepted = _record(counter, message_hash)
        if record == accepted:
            return UNFINISHED
        return SAME if record == accepted + _FINISHED else REPLAYED

    def commit(self, counter: int, message_hash: bytes) -> None:
        """Durable on return. To be done before the command is obeyed."""
        self._journal.put_cell(_CELL, _record(counter, message_hash))

    def finish(self, counter: int, message_hash: bytes) -> None:
        """Durable on return. To be done when the command was obeyed; a newer one is left alone."""
        accepted = _record(counter, message_hash)
        if self._journal.get_cell(_CELL) == accepted:
            self._journal.put_cell(_CELL, accepted + _FINISHED)


def _record(counter: int, message_hash: bytes) -> bytes:
    return counter.to_bytes(4, "big") + message_hash
