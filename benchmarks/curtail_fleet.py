"""The sites of `esep bench curtail`: register, keys, and the file that the light gateways read."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.collector_process import System
from benchmarks.curtail_real import AUXILIARY_W, RealSite
from benchmarks.fleet import POLICY, toml_table
from simulator.gateways.meters import CT, PROFILE
from simulator.gateways.wire import Key

SAMPLE_S = 5
AUTHORITY = "bench"
_BIN = "100240000017"
_STAGE = {"id": 1, "name": "hall", "output": 1, "min_off_ms": 0, "min_on_ms": 0, "confirm_ms": 1000}


@dataclass(frozen=True)
class LightSite:
    """`rated_w`: of its one stage."""

    name: str
    zone: str
    rated_w: int
    private: ec.EllipticCurvePrivateKey

    @property
    def gateway(self) -> str:
        return Key(self.private).id.hex()

    @property
    def enrolment(self) -> str:
        return Key(self.private).enrolment("light").hex()

    @property
    def bus(self) -> dict[str, Any]:
        """There is none: its meters are part of it."""
        return {"kind": "tcp", "host": "127.0.0.1", "port": 502}

    def serial(self, slot: int) -> str:
        return f"{self.name}-{slot}"


AnySite = LightSite | RealSite


@dataclass(frozen=True)
class Ramp:
    """A zone's: so many W each so many seconds, and never more of them `within_s`."""

    zone: str
    step_w: int
    step_s: int
    within_s: int


def sites(zone: str, number: int, rated_w: int) -> list[LightSite]:
    return [
        LightSite(f"{zone}-{each:04}", zone, rated_w, ec.generate_private_key(ec.SECP256R1()))
        for each in range(number)
    ]


@dataclass
class CurtailFleet:
    """As `benchmarks.collector_process.System` wants a fleet."""

    sites: Sequence[AnySite]
    ramps: Sequence[Ramp]
    configurations: Path | None = None

    def write_register(self, path: Path, receipt_s: float) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        begin, end = ((now + timedelta(days=days)).isoformat() for days in (-30, 300))
        always = {"valid_from": begin, "valid_until": end}
        policy = {
            **POLICY,
            "receipt_s": receipt_s,
            "before_window_s": 30,
            "verify_timeout_s": 60,
            "ramp_offset_ms": 5000,
            "ramp_step_ms": 1000,
        }
        document = hashlib.sha256(b"the benchmark's authority").hexdigest()
        authority = {
            "id": AUTHORITY,
            "title": "Authority of the benchmark, no legal document",
            "document_sha256": document,
            "official": "a benchmark",
            "reasons": ["emergency", "manual"],
            "notice_s": 0,
            "example": True,
        }
        licence = {"number": "L-1", "licensee": _BIN, "subtype": "I"}
        entries: list[tuple[str, dict[str, Any]]] = [
            ("market", {"label": "bench", "period_s": 3600, "interval_s": 900}),
            ("policy", policy),
            ("licensee", {"bin": _BIN, "name": "Bench"}),
            ("licence", licence | always | {"sites": [site.name for site in self.sites]}),
            ("authority", authority | always),
        ]
        for ramp in self.ramps:
            bounds = {
                "shed_step_w": ramp.step_w,
                "shed_step_s": ramp.within_s,
                "shed_every_s": ramp.step_s,
            }
            entries.append(("zone_ramp", {"zone": ramp.zone, "valid_from": begin} | bounds))
        for site in self.sites:
            entries += _entries(site)
        path.write_text("\n".join(f"[[{kind}]]\n{toml_table(entry)}" for kind, entry in entries))

    def configured(self, folder: Path) -> None:
        self.configurations = folder

    def write_file(
        self,
        path: Path,
        chosen: Sequence[LightSite],
        system: System,
        root: bytes,
        *,
        sample_s: float,
        esp32_ms: tuple[Sequence[float], Sequence[float]],
    ) -> None:
        """What `python -m simulator.gateways` reads; `esp32_ms`: of a signature, a verification."""
        assert self.configurations is not None
        folder = path.with_suffix(".clients")
        folder.mkdir(exist_ok=True)
        entries = []
        for site in chosen:
            message = (self.configurations / f"{site.gateway}.cose").read_bytes()
            issued = None
            if system.authority is not None:
                pem = system.authority.issue(site.gateway).write_pem(folder, site.gateway)
                issued = [str(each) for each in pem]
            entries.append(
                {
                    "key": f"{site.private.private_numbers().private_value:x}",
                    "configuration": hashlib.sha256(message).hexdigest(),
                    "zone": site.zone,
                    "stages": {"1": site.rated_w},
                    "auxiliary_w": AUXILIARY_W,
                    "certificate": issued,
                }
            )
        fleet = {
            "seed": 1,
            "host": system.place.host,
            "port": system.port,
            "root": root.hex(),
            "ca": None if system.ca is None else str(system.ca),
            "sample_s": sample_s,
            "sign_ms": esp32_ms[0],
            "verify_ms": esp32_ms[1],
            "gateways": entries,
        }
        path.write_text(json.dumps(fleet))


def _entries(site: AnySite) -> list[tuple[str, dict[str, Any]]]:
    gateway = site.gateway
    place = {"name": site.name, "licensee": _BIN, "zone": site.zone, "gateway": gateway}
    sample_ms = SAMPLE_S * 1000
    enrolled = {
        "enrolment": site.enrolment,
        "site": site.name,
        "buses": [site.bus],
        "timing": {"interval_ms": 900_000, "sample_ms": sample_ms, "frame_ms": sample_ms},
    }
    meters = [
        {
            "serial": site.serial(slot),
            "site": site.name,
            "gateway": gateway,
            "slot": slot,
            "profile": PROFILE,
            "bus": 0,
            "unit": slot + 1,
            "ct": list(CT),
            "vt": [1, 1],
            "point": slot or "delivery",
        }
        for slot in (0, 1)
    ]
    return [
        ("site", place | {"stages": [_STAGE], "auxiliary_w": AUXILIARY_W}),
        ("gateway", enrolled),
        *(("meter", meter) for meter in meters),
    ]
