"""Gateways that sign: their register, and frames made before anything is timed."""

import hashlib
import json
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

METERS = 10
PROFILE = "eastron-sdm120"
_UNREAD = bytes([0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])
"""Of the profile's eleven quantities one gives no answer: ten are read."""
_FRAME = "application/vnd.esep.frame"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_BIN, _ZONE = "100240000017", "north"


def _canonical(value: Any) -> bytes:
    return cbor2.dumps(value, canonical=True)


@dataclass
class Gateway:
    key: ec.EllipticCurvePrivateKey
    configuration: bytes = bytes(32)
    seq: int = 0
    last: bytes = bytes(32)
    count: int = 0
    id: bytes = field(init=False)
    _protected: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.id = hashlib.sha256(_canonical(self._cose_key())).digest()[:8]
        self._protected = self._header(_FRAME)

    @property
    def frame_topic(self) -> str:
        return f"esep/v1/{self.id.hex()}/frame"

    @property
    def enrolment(self) -> bytes:
        body = {0: 1, 1: self._cose_key(), 2: "bench"}
        return self._seal(self._header("application/vnd.esep.enrolment"), body)

    def frame(self, readings: int, at_ms: int) -> bytes:
        """The next of telemetry: so many readings of ten quantities each."""
        self.seq += 1
        records = [self._sample(at_ms) for _ in range(readings)]
        body = {
            0: 1,
            1: self.id,
            2: 1,
            3: 1,
            4: self.seq,
            5: self.last,
            6: self.configuration,
            7: [at_ms, "S", 1],
            8: records,
        }
        message = self._seal(self._protected, body)
        self.last = hashlib.sha256(message).digest()
        return message

    def _sample(self, at_ms: int) -> list[Any]:
        """Of one meter after another; two of one meter are not of the same moment."""
        self.count += 1
        wobble = self.count % 97 / 100
        watts = 1150 + 10 * wobble
        values = (1000 + self.count / 1000, 0.0, 10.0, watts, 20.0, 1151.0, 0.99, 50.0)
        raw = struct.pack(">10f", *values, 230 + wobble, 5.0)
        return [2, self.count % METERS, at_ms + self.count // METERS, _UNREAD, raw]

    def _cose_key(self) -> dict[int, int | bytes]:
        public = self.key.public_key()
        point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {1: 2, -1: 1, -2: point[1:33], -3: point[33:]}

    def _header(self, kind: str) -> bytes:
        return _canonical({1: -7, 3: kind, 4: self.id})

    def _seal(self, protected: bytes, payload: Any) -> bytes:
        body = _canonical(payload)
        signed = _canonical(["Signature1", protected, b"", body])
        r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + min(s, _ORDER - s).to_bytes(32, "big")
        return _canonical(cbor2.CBORTag(18, [protected, {}, body, signature]))


class Fleet:
    """One site for each gateway."""

    def __init__(self, number: int) -> None:
        self.gateways = [Gateway(ec.generate_private_key(ec.SECP256R1())) for _ in range(number)]

    def configured(self, folder: Path) -> None:
        """Take the hashes of the configurations that were issued."""
        for gateway in self.gateways:
            message = (folder / f"{gateway.id.hex()}.cose").read_bytes()
            gateway.configuration = hashlib.sha256(message).digest()

    def frames(self, number: int, readings: int) -> list[tuple[Gateway, int, bytes]]:
        """Gateway, seq and message; one gateway after another."""
        at_ms = time.time_ns() // 1_000_000
        made = []
        for count in range(number):
            gateway = self.gateways[count % len(self.gateways)]
            message = gateway.frame(readings, at_ms)
            made.append((gateway, gateway.seq, message))
        return made

    def write_register(self, path: Path, receipt_s: float) -> None:
        entries: list[tuple[str, dict[str, Any]]] = [
            ("market", _MARKET),
            ("policy", POLICY | {"receipt_s": receipt_s}),
        ]
        entries.append(("licensee", {"bin": _BIN, "name": "Bench"}))
        entries.append(("licence", _licence(f"site-{n}" for n in range(len(self.gateways)))))
        for number, gateway in enumerate(self.gateways):
            entries += _site(number, gateway)
        path.write_text("\n".join(f"[[{kind}]]\n{toml_table(entry)}" for kind, entry in entries))


_MARKET = {"label": "bench", "period_s": 3600, "interval_s": 900}
POLICY = {
    "checkpoint_s": 3600,
    "late_s": 300,
    "command_ttl_s": 120,
    "repeat_s": 20,
    "max_repeats": 5,
    "hold_s": 7200,
    "settle_s": 3,
    "before_window_s": 60,
    "verify_timeout_s": 240,
    "min_samples": 3,
    "full_permille": 900,
    "partial_permille": 200,
    "return_margin_permille": 1200,
    "ramp_offset_ms": 120000,
    "ramp_step_ms": 10000,
}


def _licence(sites: Iterable[str]) -> dict[str, Any]:
    begin, end = (datetime(year, 1, 1, tzinfo=UTC).isoformat() for year in (2020, 2099))
    return {
        "number": "L-1",
        "licensee": _BIN,
        "subtype": "I",
        "sites": list(sites),
        "valid_from": begin,
        "valid_until": end,
    }


def _site(number: int, gateway: Gateway) -> list[tuple[str, dict[str, Any]]]:
    name, identity = f"site-{number}", gateway.id.hex()
    site = {"name": name, "licensee": _BIN, "zone": _ZONE, "gateway": identity}
    stages = [
        {"id": 1, "name": "hall", "output": 1, "min_off_ms": 0, "min_on_ms": 0, "confirm_ms": 1000}
    ]
    enrolled = {
        "enrolment": gateway.enrolment.hex(),
        "site": name,
        "buses": [{"kind": "tcp", "host": "127.0.0.1", "port": 502}],
        "timing": {"interval_ms": 900_000, "sample_ms": 1000, "frame_ms": 1000},
    }
    meters = [
        {
            "serial": f"{identity}-{slot}",
            "site": name,
            "gateway": identity,
            "slot": slot,
            "profile": PROFILE,
            "bus": 0,
            "unit": slot + 1,
            "ct": [1, 1],
            "vt": [1, 1],
            "point": 1 if slot else "delivery",
        }
        for slot in range(METERS)
    ]
    return [
        ("site", site | {"stages": stages, "auxiliary_w": 0}),
        ("gateway", enrolled),
        *(("meter", meter) for meter in meters),
    ]


def toml_table(entry: dict[str, Any]) -> str:
    return "".join(f"{key} = {_toml(value)}\n" for key, value in entry.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
