"""The gateway's signing key, its name, and the number of the epoch it signs in."""

import binascii
import hashlib

from gateway import cbor, cose, signer
from gateway.configuration import SetupError
from gateway.journal import BILLING

_OWNER_CELL = "gateway"


def cose_key(public64: bytes) -> dict:
    return {1: 2, -1: 1, -2: public64[:32], -3: public64[32:]}


def thumbprint(public64: bytes) -> bytes:
    """32 bytes, RFC 9679. The first 8 are the key-id."""
    return hashlib.sha256(cbor.encode(cose_key(public64))).digest()


def create(random_bytes: bytes, save) -> "Identity":
    """Makes and saves a new key from at least 40 bytes of a true random source."""
    made = signer.make(random_bytes)
    identity = Identity(made, thumbprint(made.public)[:8], 0, save)
    identity.store()
    return identity


def restore(load, save, forget=None) -> "Identity | None":
    """The saved identity, None when there is none. Raises ValueError when it is damaged.

    `forget()` leaves nothing of records that were replaced, and says whether nothing is left.
    """
    record = load()
    if not record:
        return None
    body = bytes(record[:-4])
    if binascii.crc32(body) != int.from_bytes(record[-4:], "big"):
        raise ValueError("identity record damaged")
    kept, public, gateway, epoch, *more = cbor.decode(body)
    identity = Identity(signer.restore(kept, public), gateway, epoch, save, forget)
    for part in more:
        if isinstance(part, str):
            identity.retired = part
        else:
            identity.step = part
    identity.forget_old()
    return identity


class Identity:
    """`settle` before anything is signed: where a step was begun, the journal says who this is."""

    def __init__(self, held, gateway: bytes, epoch: int, save, forget=None) -> None:
        """`held`: a signer."""
        self._save = save  # save(bytes) replaces the record at once or not at all
        self._forget = forget
        self.gateway = gateway  # 8 bytes: the key-id of the first key
        self.epoch = epoch  # 0: nothing was signed yet
        self.retired: str | None = None  # why
        # [epoch, seq, kept, public] or [epoch, seq, why]; empty: an old key may still be in flash
        self.step: list | None = None
        self._use(held)

    def _use(self, held):
        self._signer = held
        self.public = held.public  # 64 bytes, x || y
        self.kid = thumbprint(held.public)[:8]

    async def sign(self, digest: bytes) -> bytes:
        return await self._signer.sign(digest)

    def begin_epoch(self, after: int) -> None:
        """One above that as well. Durable before a frame is signed in it.

        A number is never used for two beginnings.
        """
        self.epoch = max(self.epoch, after) + 1
        self.store()

    def intend(self, epoch: int, seq: int, *step) -> None:
        """The billing frame of this name, once it is in the journal, is a step to another key

        (what its signer keeps, its public key) or to the end (why). Durable before it is signed.
        """
        self.step = [epoch, seq] + list(step)
        self.store()

    def settle(self, journal) -> None:
        """Take the step if its frame is there, else give it up.

        Raises SetupError when the journal is another gateway's.
        """
        owner = journal.get_cell(_OWNER_CELL)
        if owner is None:
            journal.put_cell(_OWNER_CELL, self.gateway)
        elif owner != self.gateway:
            raise SetupError(
                "the journal is that of gateway %s, and identity.key is not: lay down that one's; "
                "or hand over what the journal holds, and erase it" % owner.hex()
            )
        step = self.step
        if not step:
            return
        self.step = None
        frame = journal.find(BILLING, step[1], step[0]) or b""
        if len(step) == 4:
            if step[3][:32] in frame:  # x of the new key, in its enrolment
                self._signer.destroy()
                self._use(signer.restore(step[2], step[3]))
                self.step = []
        elif cbor.encode({0: step[2]}) in frame:
            self.retired = step[2]
        self.store()
        self.forget_old()

    def destroy(self) -> None:
        """What stays is a record of who this was, and why it ended."""
        self._signer.destroy()
        self.step = []
        self.store()
        self.forget_old()

    def forget_old(self) -> bool:
        """Finish what `settle` or `destroy` began. Whether no old key is left in flash."""
        if self.step == [] and self._forget and self._forget():
            self.step = None
            self.store()
        return self.step != []

    def is_in(self, content: bytes) -> bool:
        """Whether a file holds the private key."""
        return bytes(self._signer.kept) in content

    def is_destroyed(self) -> bool:
        return not self._signer.kept

    def store(self) -> None:
        record = [bytes(self._signer.kept), self.public, self.gateway, self.epoch]
        if self.retired is not None:
            record.append(self.retired)
        if self.step is not None:
            record.append(self.step)
        body = cbor.encode(record)
        self._save(body + binascii.crc32(body).to_bytes(4, "big"))

    async def enrolment(self, hardware_id: str) -> bytes:
        """The message that offers this key to the operator's register."""
        body = {0: 1, 1: cose_key(self.public), 2: hardware_id}
        return await cose.seal(self, cose.ENROLMENT, cbor.encode(body))
