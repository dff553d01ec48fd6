"""A gateway that is stopped, for the programs that change its key or end it."""

from gateway import cbor, configuration, identity
from gateway.chain import Chain
from gateway.clock import Clock
from gateway.configuration import SetupError
from gateway.journal import BILLING, Journal, JournalFull

KEY_FILE = "identity.key"
OLD_KEY_LEFT = "an old key may still be in the flash, which is worn: keep the board safe"


class Stopped:
    """Its key and journal, once each says what the other does. Raises SetupError."""

    def __init__(self, board) -> None:
        self.board = board
        key = identity.restore(
            lambda: board.read_setting(KEY_FILE),
            lambda record: board.write_setting(KEY_FILE, record),
            board.forget_old,
        )
        if key is None:
            raise SetupError("there is no identity.key: this gateway was never enrolled")
        self.identity = key
        self.journal = Journal(board.flash())
        key.settle(self.journal)
        self.clock = Clock(board)
        self._chain = Chain(BILLING, self.journal, key)

    def next(self) -> tuple:
        """(epoch, seq) of the next billing frame."""
        if self.journal.fresh or self.in_force() is None:
            raise SetupError("its journal is new, or was lost: start the gateway once before this")
        epoch, seq, _ = self.journal.last(BILLING)
        return epoch, seq + 1

    async def append(self, *of) -> None:
        """Sign a frame of these records."""
        encoded = [cbor.encode(record) for record in of]
        try:
            await self._chain.append(encoded, self.in_force(), self.clock.triplet())
        except JournalFull:
            raise SetupError("the journal is full: let the gateway hand over first")

    async def take_step(self, event: list, *step) -> None:
        """Sign the frame of this event, which is the step that Identity.intend describes."""
        self.identity.intend(*self.next(), *step)
        try:
            await self.append(event)
        finally:
            self.identity.settle(self.journal)

    def in_force(self):
        """The hash of the configuration that frames name."""
        return self.journal.get_cell(configuration.IN_FORCE_CELL)
