"""A gateway that changes its key and keeps its name."""

from dataclasses import dataclass, field, replace
from typing import Any

from collector_world import BILLING, TELEMETRY, Chain, TestGateway, event

from collector.evidence.cose import ContentType, seal
from collector.evidence.keys import PrivateKey


@dataclass
class Renamed(TestGateway):
    """Signs with its own key in another's name."""

    name: bytes = bytes(8)

    @property
    def id(self) -> bytes:
        return self.name


def enrolment(key: PrivateKey, signer: PrivateKey | None = None) -> bytes:
    body = {0: 1, 1: key.public.cose_key(), 2: "esp32-test"}
    return seal(signer or key, ContentType.ENROLMENT, body)


def key_event(new: PrivateKey, first: list[int], signer: PrivateKey | None = None) -> list[Any]:
    return event(12, {0: enrolment(new, signer), 1: first})


def retired_event() -> list[Any]:
    return event(13, {0: "the site closes"})


@dataclass
class Rotating:
    """Both chains of a gateway, signed by the key it has now."""

    gateway: TestGateway
    billing: Chain = field(init=False)
    telemetry: Chain = field(init=False)

    def __post_init__(self) -> None:
        self.billing = self.gateway.chain(BILLING)
        self.telemetry = self.gateway.chain(TELEMETRY)

    def successor(self, key: PrivateKey) -> TestGateway:
        return Renamed(key, self.gateway.configuration, name=self.gateway.id)

    def change_key(self, **changes: Any) -> bytes:
        """The frame that says so; what follows is signed by the new key. `changes` are lies."""
        new = changes.get("new") or PrivateKey.generate()
        first = changes.get("first") or [
            self.billing.epoch,
            self.billing.seq + 2,
            self.telemetry.seq + 1,
        ]
        frame = self.billing.next(key_event(new, first, changes.get("signer")))
        signer = self.successor(new)
        self.billing = replace(self.billing, gateway=signer)
        self.telemetry = replace(self.telemetry, gateway=signer)
        return frame
