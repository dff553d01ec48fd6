"""The gateway's signing key, its name, and the number of the epoch it signs in."""

import binascii
import hashlib

from gateway import cbor, cose, p256

_SEED_BYTES = 40  # 64 bits over the order, so that the secret is even (FIPS 186-5 §A.2.1)


def cose_key(public64: bytes) -> dict:
    return {1: 2, -1: 1, -2: public64[:32], -3: public64[32:]}


def thumbprint(public64: bytes) -> bytes:
    """32 bytes, RFC 9679. The first 8 are the key-id."""
    return hashlib.sha256(cbor.encode(cose_key(public64))).digest()


def create(random_bytes: bytes, save) -> "Identity":
    """Makes and saves a new key from at least 40 bytes of a true random source."""
    if len(random_bytes) < _SEED_BYTES:
        raise ValueError("40 random bytes needed")
    secret = int.from_bytes(random_bytes, "big") % (p256.ORDER - 1) + 1
    public = p256.public(secret)
    identity = Identity(secret, public, thumbprint(public)[:8], 0, save)
    identity.store()
    return identity


def restore(load, save) -> "Identity | None":
    """The saved identity, None when there is none. Raises ValueError when it is damaged."""
    record = load()
    if not record:
        return None
    body = bytes(record[:-4])
    if binascii.crc32(body) != int.from_bytes(record[-4:], "big"):
        raise ValueError("identity record damaged")
    secret, public, gateway, epoch = cbor.decode(body)
    return Identity(int.from_bytes(secret, "big"), public, gateway, epoch, save)


class Identity:
    def __init__(self, secret: int, public: bytes, gateway: bytes, epoch: int, save) -> None:
        self._secret = secret
        self._save = save  # save(bytes) replaces the record at once or not at all
        self.public = public  # 64 bytes, x || y
        self.kid = thumbprint(public)[:8]
        self.gateway = gateway  # 8 bytes: the key-id of the first key
        self.epoch = epoch  # 0: nothing was signed yet

    async def sign(self, digest: bytes) -> bytes:
        return await p256.sign(self._secret, digest)

    def begin_epoch(self) -> None:
        """Durable before a frame is signed in it. A number is never used for two beginnings."""
        self.epoch += 1
        self.store()

    def store(self) -> None:
        secret = self._secret.to_bytes(32, "big")
        body = cbor.encode([secret, self.public, self.gateway, self.epoch])
        self._save(body + binascii.crc32(body).to_bytes(4, "big"))

    async def enrolment(self, hardware_id: str) -> bytes:
        """The message that offers this key to the operator's register."""
        body = {0: 1, 1: cose_key(self.public), 2: hardware_id}
        return await cose.seal(self, cose.ENROLMENT, cbor.encode(body))
