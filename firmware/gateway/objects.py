"""Puts together in flash what comes in parts (docs/wire-format.md §4.5), for the next start.

Parts are taken in the order of their offsets; what is missed comes when the collector repeats them.
"""

from time import ticks_diff, ticks_ms

from micropython import const

from gateway import cbor, configuration, health, records, shape
from gateway.cose import MAX_CONFIGURATION, WireError
from gateway.health import log

# Anyone who can publish could wear out the flash.
_BEGINNINGS = const(4)
_PERIOD_MS = const(3_600_000)
_PART_BYTES = const(3072)
_BODY = b"\xaa\x00\x01\x01"  # ten fields; 0: version 1; 1: gateway

_is_part = shape.row(
    shape.data(32),
    shape.span(1, MAX_CONFIGURATION),
    shape.span(0, MAX_CONFIGURATION - 1),
    lambda data: isinstance(data, bytes) and 0 < len(data) <= _PART_BYTES,
)


class Objects:
    """`bill(record)` keeps an event. `complete` when a restart is due."""

    def __init__(self, staging, trust, clock, journal, gateway: bytes, config, bill):
        self.complete = False
        self._staging = staging
        self._trust = trust
        self._clock = clock
        self._journal = journal
        self._gateway = gateway
        self._in_force = config.hash
        self._version = config.version
        self._bill = bill
        self._coming = (b"", 0)  # hash, size
        self._received = 0
        self._begun = 0
        self._begun_since = ticks_ms()

    async def handle(self, payload) -> None:
        """Take a part. To be awaited one at a time."""
        try:
            part = cbor.decode(payload)
        except ValueError:
            part = None
        if not _is_part(part):
            log("a part of an object is not as it should be")
            return
        whole, size, offset, data = part
        if offset + len(data) > size or size > self._staging.room_bytes:
            log("a part of an object is out of its bounds")
            return
        if self.complete or whole in (self._in_force, configuration.refused(self._journal)[0]):
            return
        if self._coming != (whole, size):
            if offset or not self._may_begin():
                return
            self._staging.begin()
            self._coming = (whole, size)
            self._received = 0
        if offset != self._received:
            return
        self._staging.write(offset, data)
        self._received += len(data)
        if self._received == size:
            await self._judge(whole, size)

    def _may_begin(self):
        now = ticks_ms()
        if ticks_diff(now, self._begun_since) > _PERIOD_MS:
            self._begun = 0
            self._begun_since = now
        self._begun += 1
        return self._begun <= _BEGINNINGS

    async def _judge(self, whole, size):
        """All that can be judged beside the running application; the rest is for the start."""
        self._coming = (b"", 0)
        from gateway import sealed

        read = self._staging.read
        try:
            if await sealed.sha256(read, size) != whole:
                raise WireError("wrong_hash")
            message = sealed.Sealed(read, size)
            await message.verify(self._trust, self._clock)
            version = self._version_in(sealed.Reader(read, message.start, message.end))
            if version <= self._version:
                raise WireError("version %d, and %d is in force" % (version, self._version))
        except WireError as error:
            self._refuse(whole, error.reason)
        except MemoryError:
            self._refuse(whole, "no memory")
        else:
            self._staging.seal(size, whole)
            self.complete = True
        finally:
            health.forget("sealed")

    def _version_in(self, body):
        """Of a body whose shape nobody has judged yet."""
        try:
            if body.take(len(_BODY)) != _BODY:
                raise WireError("wrong_shape")
            if body.value(1) != self._gateway:
                raise WireError("not_for_me")
            key, version = body.value(1), body.value(1)
        except ValueError:
            raise WireError("malformed")
        if key != 2 or not isinstance(version, int):
            raise WireError("wrong_shape")
        return version

    def _refuse(self, whole, reason):
        what = configuration.refusal(whole, reason)
        log("configuration " + what)
        self._bill(records.fault(self._clock.now_ms(), "configuration", what))
