"""Configurations as they were signed: what a frame's configuration hash stands for."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from collector.evidence.configuration import read_configuration
from collector.evidence.cose import message_hash
from collector.evidence.errors import EvidenceError
from collector.evidence.keys import PublicKey
from collector.model.continuity import DELAY_MS, Limits
from collector.model.energy import Quantity
from collector.model.identity import Comparison, compare
from collector.model.limits import Pair, greatest_power_w
from collector.model.profile import Profile
from collector.model.samples import SampleReader
from collector.registry.profiles import read_profile
from collector.storage import reading
from collector.storage.tables import issued

KIND = "configuration"
PROFILE_KIND = "profile"


class ConfigurationError(ValueError):
    """A configuration or one of its profiles is not at hand."""


@dataclass(frozen=True)
class ConfiguredMeter:
    """A meter as a frame's configuration names it."""

    serial: str
    profile: Profile
    ct_pair: Pair
    vt: Fraction

    @property
    def ct(self) -> Fraction:
        return Fraction(*self.ct_pair)

    def decode(self, raw: bytes, quality: bytes | None, *, interval: bool) -> dict[str, Quantity]:
        """The good values of a reading; raises ReadingError."""
        return self.profile.decode(raw, quality, interval=interval, ct=self.ct, vt=self.vt)

    def compare(self, read: Mapping[str, str | Fraction]) -> Comparison:
        """What an instrument said of itself against this."""
        return compare(self.profile, read, self.serial, self.ct, self.vt)

    @cached_property
    def samples(self) -> SampleReader:
        """Its samples, read fast."""
        return SampleReader(self.profile, self.ct_pair, self.vt)

    @cached_property
    def limits(self) -> Mapping[str, Limits]:
        """What each energy register can do."""
        greatest_w = greatest_power_w(self.profile, self.ct_pair, self.vt)
        delay_ms = max(DELAY_MS, self.profile.instrument.update_ms or 0)
        return {
            entry.name: Limits(entry.modulus, greatest_w, delay_ms)
            for entry in self.profile.registers
            if entry.is_energy
        }


@dataclass(frozen=True)
class Configured:
    """What a configuration says of its gateway; meters by slot."""

    gateway: bytes
    issued_ms: int
    interval_ms: int
    meters: Mapping[int, ConfiguredMeter]


class Configurations:
    """Stores signed configurations and answers what a slot means under one of them."""

    def __init__(self, engine: Engine, root: PublicKey) -> None:
        self._engine = engine
        self._root = root
        self._known: dict[bytes, Configured] = {}
        self._profiles: dict[bytes, Profile] = {}

    def store(self, message: bytes, issued_ms: int) -> bytes:
        """Keep a signed configuration and the profiles it names; return its hash."""
        self.store_all({message: issued_ms})
        return message_hash(message)

    def store_all(self, messages: Mapping[bytes, int]) -> None:
        """The same for many, each with when it was issued, in one transaction."""
        kept: dict[bytes, tuple[str, int]] = {}
        for message, issued_ms in messages.items():
            kept[message] = KIND, issued_ms
            for entry in self._payload(message)[8]:
                profile = read_profile(entry[2])
                if message_hash(profile) != entry[3]:
                    text = f"meter {entry[1]}: {entry[2]!r} is another version here"
                    raise ConfigurationError(text)
                kept.setdefault(profile, (PROFILE_KIND, issued_ms))
        with self._engine.begin() as connection:
            for raw, (kind, issued_ms) in kept.items():
                keep_issued(connection, kind, raw, issued_ms)

    def of(self, gateway: bytes, digest: bytes) -> Configured:
        """The configuration of that hash; raises ConfigurationError when it is not here, cannot
        be read, or was issued for another gateway.
        """
        if digest not in self._known:
            self._known[digest] = self._load(digest)
        configured = self._known[digest]
        if configured.gateway != gateway:
            raise ConfigurationError(f"{digest.hex()} is of gateway {configured.gateway.hex()}")
        return configured

    def _load(self, digest: bytes) -> Configured:
        message = self._issued(digest)
        try:
            body = self._payload(message)
            meters = {entry[0]: self._meter(entry) for entry in body[8]}
        except (EvidenceError, LookupError, ValueError, ArithmeticError) as error:
            raise ConfigurationError(f"{digest.hex()} cannot be read: {error}") from error
        return Configured(body[1], body[3], body[6][0], meters)

    def _meter(self, entry: dict[int, Any]) -> ConfiguredMeter:
        profile = self._profile(entry[3])
        ct, vt = tuple(entry[6]), Fraction(*entry[7])
        return ConfiguredMeter(entry[1], profile, ct, vt)

    def _profile(self, digest: bytes) -> Profile:
        """Thousands of meters share a few."""
        if digest not in self._profiles:
            self._profiles[digest] = Profile.parse(self._issued(digest))
        return self._profiles[digest]

    def _payload(self, message: bytes) -> Any:
        return read_configuration(message, self._root)

    def _issued(self, digest: bytes) -> bytes:
        with reading(self._engine) as connection:
            raw: bytes | None = connection.scalar(
                select(issued.c.raw).where(issued.c.hash == digest)
            )
        if raw is None:
            raise ConfigurationError(f"{digest.hex()} was never issued here")
        return raw


def keep_issued(connection: Connection, kind: str, raw: bytes, issued_ms: int) -> bytes:
    """Keep what the operator signed or relied on, once; return its hash."""
    digest = message_hash(raw)
    if connection.scalar(select(issued.c.hash).where(issued.c.hash == digest)) is None:
        row = {"hash": digest, "kind": kind, "issued_ms": issued_ms, "raw": raw}
        connection.execute(insert(issued), [row])
    return digest
