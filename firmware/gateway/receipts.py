"""The collector's receipts: what may leave the journal, what to send again, what time it is."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from gateway import cose, records, shape
from gateway.health import alive, at_rest, log
from gateway.journal import BILLING, TELEMETRY

_HOUR_MS = const(3_600_000)
_EPOCHS_AN_HOUR = const(4)

_HASH = shape.data(32)
_HELD = shape.array(shape.row(shape.seq, shape.seq, _HASH), 0, 16)
_WANTED = shape.array(shape.row(shape.seq, shape.seq), 0, 16)
_STREAM = shape.row(shape.seq, shape.uint32, _HELD, _WANTED, _HASH)
_well_shaped = shape.record(
    {
        0: shape.version,
        1: shape.data(8),
        2: shape.uint,
        3: shape.uint,
        4: shape.row(_STREAM, _STREAM),
    }
)


class Receipts:
    """Takes the newest receipt that came; an older one that still waits says nothing more."""

    def __init__(self, gateway, trust, clock, journal, sent, outbox, bill, on_room):
        self._gateway = gateway
        self._trust = trust
        self._clock = clock
        self._journal = journal
        self._sent = sent
        self._outbox = outbox
        self._bill = bill
        self._on_room = on_room
        self._message = b""
        self._arrived = asyncio.Event()
        self._begun: list = []  # epochs, for a receipt, in the last hour
        self.last_number = -1  # of the last one taken since the start

    def offer(self, message: bytes) -> None:
        self._message = message
        self._arrived.set()

    async def run(self) -> None:
        while True:
            at_rest("receipts")
            await self._arrived.wait()
            self._arrived.clear()
            alive("receipts")
            try:
                await self.take(self._message)
            except cose.WireError as error:
                log("receipt refused: " + error.reason)

    async def take(self, message: bytes) -> None:
        """Do what a receipt says. Raises WireError when it is to be ignored."""
        clock = self._clock
        # No dates are judged by a clock that nobody vouches for: receipts could not set it again.
        body = await self._trust.accept(
            message, cose.RECEIPT, _well_shaped, clock.synchronised(), clock.now_ms()
        )
        if body[1] != self._gateway:
            raise cose.WireError("not_for_me")
        if body[2] <= self.last_number:
            raise cose.WireError("replayed")
        self.last_number = body[2]
        ages_ms: list = []
        for stream, (epoch, upto, held, wanted, digest) in zip((BILLING, TELEMETRY), body[4]):
            runs = [[1, upto, digest]] + held if upto else held
            known = [self._journal.is_known(stream, epoch, *run[1:]) for run in runs]
            if False in known:
                if self._may_begin_epoch():
                    # Frames made since the loss have names of others, and the collector may not
                    # have them: they are kept; the event begins the billing of a new epoch.
                    self._journal.fresh = True
                    self._journal.confirmed = body[4][BILLING][:2] + [body[4][BILLING][4]]
                    what = "frames of stream %d are lost here" % stream
                    self._bill(records.fault(clock.now_ms(), "journal", what))
                continue
            ours = [run[:2] for run, is_ours in zip(runs, known) if is_ours]
            ages_ms.append(self._sent.age_ms(stream, epoch, 0, ours))
            self._journal.receipt(stream, epoch, 0, ours)
            self._outbox.receipt_came(stream, epoch, upto, [run[:2] for run in held], wanted)
        change = clock.hear(body[3], min([a for a in ages_ms if a is not None], default=None))
        if change:
            self._bill(records.clock_step(clock.now_ms(), *change))
        self._on_room()

    def _may_begin_epoch(self):
        """Few in an hour: another board with this key would make it begin one with each receipt."""
        if self._journal.fresh:
            return False
        now = ticks_ms()
        self._begun = [at for at in self._begun if ticks_diff(now, at) < _HOUR_MS]
        if len(self._begun) >= _EPOCHS_AN_HOUR:
            return False
        self._begun.append(now)
        return True
