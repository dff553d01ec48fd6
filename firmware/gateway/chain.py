"""A stream's chain of frames: numbered, linked, signed, in the journal before anyone sees them."""

from micropython import const

from gateway import cbor, cose
from gateway.journal import BILLING

MAX_RECORDS = const(64)

_EVENT = const(3)
_EPOCH_EVENT = const(8)
_MOST_ENDS = const(16)


class FrameTooLong(Exception):
    """The records need more than one frame."""


class Chain:
    def __init__(self, stream: int, journal, identity) -> None:
        self._stream = stream
        self._journal = journal
        self._identity = identity
        if stream == BILLING and not journal.fresh:
            # An epoch that began without leaving a billing frame here may have made some.
            journal.fresh = journal.last(BILLING)[0] < identity.epoch

    async def append(self, records: list, config_hash: bytes, clock: list) -> tuple:
        """Signs the records, each encoded, as the next frame and keeps it: (seq, message).

        `clock` is [unix_ms, letter, sync_age_s or None]. The first billing frame of an epoch
        after the first gets its `epoch` event here. Raises FrameTooLong, or what
        Journal.append raises; then nothing has changed.
        """
        async with cose.turn:
            while True:
                epoch, seq, previous = self._next()
                payload = self._payload(epoch, seq, previous, records, config_hash, clock)
                message = await cose.seal(self._identity, cose.FRAME, payload)
                if epoch == self._next()[0]:  # else one began while this was signed
                    self._journal.append(self._stream, epoch, seq, message)
                    return seq, message

    def _payload(self, epoch, seq, previous, records, config_hash, clock):
        """Encoded; what it is made of is given back before it is signed."""
        if seq == 1 and epoch > 1 and self._stream == BILLING:
            records = [cbor.encode(self._epoch_event(epoch, clock[0]))] + records
        body = {
            0: 1,
            1: self._identity.gateway,
            2: epoch,
            3: self._stream,
            4: seq,
            5: previous,
            6: config_hash,
            7: clock,
            8: cbor.array(records),
        }
        payload = cbor.encode(body)
        if len(records) > MAX_RECORDS or (cose.size(cose.FRAME, len(payload)) > cose.MAX_MESSAGE):
            raise FrameTooLong
        return payload

    def _epoch_event(self, epoch, at_ms):
        detail = {0: epoch - 1, 1: "counter lost"}
        if self._journal.confirmed:
            detail[2] = self._journal.confirmed
        ends = self._journal.ends(epoch)[-_MOST_ENDS:]
        if ends:
            detail[3] = ends
        return [_EVENT, at_ms, _EPOCH_EVENT, detail]

    def _next(self) -> tuple:
        """(epoch, seq, previous hash). A fresh journal begins an epoch."""
        if self._journal.fresh:
            self._identity.begin_epoch((self._journal.confirmed or (0,))[0])
            self._journal.fresh = False
        last = self._journal.last(self._stream)
        if last is not None and last[0] >= self._identity.epoch:
            return last[0], last[1] + 1, last[2]
        return self._identity.epoch, 1, bytes(32)
