"""What holds a private key and signs with it: a secure element will be another such class."""

from gateway import p256

_SEED_BYTES = 40  # 64 bits over the order, so that the secret is even (FIPS 186-5 §A.2.1)


class SoftwareKey:
    def __init__(self, kept: bytes, public: bytes) -> None:
        """`kept` is what a record must keep to make this signer again: here, the secret."""
        self.kept = bytearray(kept)
        self.public = public  # 64 bytes, x || y

    def sign(self, digest: bytes):
        """To be awaited: r || s, s in its lower half."""
        return p256.sign(int.from_bytes(self.kept, "big"), digest)

    def destroy(self) -> None:
        for i in range(len(self.kept)):
            self.kept[i] = 0
        self.kept = bytearray()


def restore(kept: bytes, public: bytes) -> SoftwareKey:
    """The signer that keeps this. Of a destroyed one nothing is kept."""
    return SoftwareKey(kept, public)


def make(random_bytes: bytes) -> SoftwareKey:
    """A new key, from at least 40 bytes of a true random source."""
    if len(random_bytes) < _SEED_BYTES:
        raise ValueError("40 random bytes needed")
    secret = int.from_bytes(random_bytes, "big") % (p256.ORDER - 1) + 1
    return SoftwareKey(secret.to_bytes(32, "big"), p256.public(secret))
