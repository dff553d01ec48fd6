"""A release of the application comes in parts (docs/update.md), into the slot that does not run.

First the bundle's message, which is judged before anything is erased; then the image in the order
of its bytes, straight into flash. After a restart it goes on from the last block that was whole.
"""

import hashlib
from time import ticks_diff, ticks_ms

import slots as table
from micropython import const

from gateway import cbor, cose, health, records, shape, trial
from gateway.cose import WireError
from gateway.health import log

# Anyone who can publish could wear out the flash.
_BEGINNINGS = const(8)
_PERIOD_MS = const(3_600_000)
_PART_BYTES = const(1024)  # more would not always find a piece of the heap
_IMAGE_BYTES = const(1048576)
_TOLD_EVERY_BYTES = const(49152)
_RECEIVED = const(1)
_REFUSED = const(5)

_is_part = shape.row(
    shape.data(32),
    shape.either(shape.null, shape.span(0, _IMAGE_BYTES - 1)),
    lambda data: isinstance(data, bytes) and 0 < len(data) <= _PART_BYTES,
)


def _well_shaped(body) -> bool:
    return shape.record(
        {
            0: shape.version,
            1: shape.seq,
            2: shape.text,
            3: shape.uint,
            4: shape.data(32),
            5: shape.span(1, _IMAGE_BYTES),
            6: shape.data(32),
        }
    )(body)


class Update:
    """`context` is that of Objects. `complete` when a restart is due, which begins the trial.

    `is_free()`: whether no order holds and no stage moves; nothing is begun before.
    """

    def __init__(self, slots, context, uplink, is_free, buses, by=table.BY_BROKER):
        self.complete = False
        self._slots = slots
        self._trust, self._clock, self._journal, _, _, self._bill = context
        self._uplink = uplink
        self._is_free = is_free
        self._buses = buses
        self._by = by
        self._slot = 1 - slots.runs
        self._coming = self._refused = b""  # hashes of bundles' messages
        self._image = (b"", 0)  # hash, bytes
        self._have = 0  # bytes
        self._begun = 0
        self._begun_since = ticks_ms()

    async def handle(self, payload) -> None:
        """Take a part. To be awaited one at a time."""
        try:
            part = cbor.decode(payload)
        except ValueError:
            part = None
        if not _is_part(part):
            log("a part of a release is not as it should be")
            return
        bundle, at, data = part
        if self.complete or self._slots.state in (table.WHOLE, table.TRIAL):
            return
        if at is None:
            await self._begin(bundle, data)
        elif bundle == self._coming and at == self._have and at + len(data) <= self._image[1]:
            before = self._have
            self._write(memoryview(data))
            if self._have == self._image[1]:
                await self._judge()
            elif before // _TOLD_EVERY_BYTES != self._have // _TOLD_EVERY_BYTES:
                self._say(self._have)

    async def _begin(self, bundle, message):
        if bundle == self._refused or hashlib.sha256(message).digest() != bundle:
            return
        if bundle != self._coming:
            if not self._is_free():
                self._uplink.update = [bundle.hex(), None]
                self._uplink.told = False
                return
            if not self._may_begin():
                return
            number = 0
            try:
                body = await self._believe(message)
                number = body[1]
                self._check(bundle, number, body[5])
                self._image = body[4], body[5]
                self._take_up(bundle, number, message)
            except WireError as error:
                self._refuse(bundle, number, error.reason)
                return
        self._say(self._have)

    def _may_begin(self):
        now = ticks_ms()
        if ticks_diff(now, self._begun_since) > _PERIOD_MS:
            self._begun = 0
            self._begun_since = now
        self._begun += 1
        return self._begun <= _BEGINNINGS

    async def _believe(self, message):
        """The body of what the release key signed."""
        parsed = cose.parse(message, cose.BUNDLE, _PART_BYTES)
        body = parsed.payload
        if not _well_shaped(body):
            raise WireError("wrong_shape")
        await self._trust.vouch(parsed, cose.BUNDLE, True, body[3])
        return body

    def _check(self, bundle, number, size):
        """Whether it may be installed here."""
        newest = max(self._slots.number, trial.newest(self._journal))
        if number <= newest:
            raise WireError("number %d, and %d is installed" % (number, newest))
        if self._slots.state == table.BAD and self._slots.bundle == bundle[:8]:
            raise WireError("it was rolled back here")
        if size > self._slots.room:
            raise WireError("no room for %d bytes" % size)

    def _take_up(self, bundle, number, message):
        slots = self._slots
        self._have = 0
        if (
            slots.state == table.RECEIVING
            and slots.bundle == bundle[:8]
            and slots.message(self._slot) == message
        ):
            self._have = slots.marked(self._slot)
        elif not (
            slots.begin(number, bundle, self._by)
            and slots.put_message(self._slot, number, self._image[1], message)
        ):
            raise WireError("the flash is worn")
        else:
            trial.keep(self._journal, slots, 0, self._buses)
        self._coming = bundle

    def _write(self, data):
        slots, block_bytes = self._slots, self._slots.block_bytes
        while data:
            block, filled = divmod(self._have, block_bytes)
            if not filled:
                slots.erase(self._slot, block)
            piece = data[: block_bytes - filled]
            slots.write(self._slot, self._have, piece)
            self._have += len(piece)
            data = data[len(piece) :]
            if not self._have % block_bytes:
                slots.mark(self._slot, block)

    async def _judge(self):
        """The whole as it lies in flash."""
        from gateway import sealed

        slots, bundle, slot = self._slots, self._coming, self._slot
        self._coming = b""
        whole, size = self._image
        try:
            found = await sealed.sha256(lambda at, count: slots.read(slot, at, count), size)
        finally:
            health.forget("sealed")
        message = slots.message(slot)
        if (
            found != whole
            or hashlib.sha256(message).digest() != bundle
            or not 0 < slots.image_bytes(slot) <= size
        ):
            slots.feed(table.SPOILT, "")
            self._refuse(bundle, slots.coming, "wrong_image")
            return
        if not slots.feed(table.VERIFIED, ""):
            self._refuse(bundle, slots.coming, "the flash is worn")
            return
        trial.tell(slots, self._journal, self._clock, self._bill)
        self._say(size)
        self.complete = True

    def settle(self) -> None:
        """What was told is in the journal, and the trial begins."""
        if self.complete:
            trial.keep(self._journal, self._slots, _RECEIVED, self._buses)

    def _say(self, have):
        self._uplink.update = [(self._coming or self._slots.bundle).hex(), have]
        self._uplink.told = False

    def _refuse(self, bundle, number, reason):
        """An image that is not the one may come again; what was signed will not be other."""
        if reason != "wrong_image":
            self._refused = bundle
        log("release %s refused: %s" % (bundle[:8].hex(), reason))
        self._bill(
            records.event(
                self._clock.now_ms(),
                trial.EVENT,
                {0: _REFUSED, 1: number, 2: bundle[:8], 3: reason},
            )
        )
        self._uplink.update = None
        self._uplink.told = False
