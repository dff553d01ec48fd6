"""The files that the demo's programs read: scenario, register, boards."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulator.demo import plan
from simulator.demo.plan import SitePlan, Timeline

AUTHORITY = Path(__file__).parent / "authority.md"
_FAR_MS = 3 * 365 * 24 * 3600 * 1000
_SERIAL = {"kind": "rtu", "baud": 9600, "parity": "none", "stop_bits": 1}
_FLASH_BLOCKS = 160


@dataclass(frozen=True)
class SiteFolder:
    """A site's directory: the gateway's settings and flash, its outputs and contacts."""

    path: Path

    @property
    def board(self) -> Path:
        return self.path / "board.json"

    @property
    def settings(self) -> Path:
        return self.path / "settings"

    @property
    def stop(self) -> Path:
        """When this file is there, the gateway hands over what it holds, and ends."""
        return self.path / "stop"

    def output(self, stage: int) -> Path:
        return self.path / f"output-{stage}"

    def contact(self, stage: int) -> Path:
        return self.path / f"contact-{stage}"


def write_scenario(path: Path, sites: list[SitePlan], folders: list[SiteFolder], seed: int) -> None:
    scenario = {
        "seed": seed,
        "sites": [
            {
                "name": site.name,
                "bus": {"kind": "tcp"} if site.bus == "tcp" else _SERIAL,
                "auxiliary_w": plan.AUXILIARY_W,
                "meters": [
                    {
                        "slot": meter.slot,
                        "serial": meter.serial,
                        "profile": meter.profile,
                        "unit": meter.unit,
                        "point": "feeder" if meter.point == "delivery" else meter.point,
                        "ct": meter.ct,
                        "vt": meter.vt,
                        "register_base_wh": str(meter.register_base_wh),
                    }
                    for meter in site.meters
                ],
                "stages": [
                    {
                        "id": stage.id,
                        "rated_w": stage.rated_w,
                        "ramp_s": 6,
                        "output": str(folder.output(stage.id)),
                        "contact": str(folder.contact(stage.id)),
                    }
                    for stage in site.stages
                ],
            }
            for site, folder in zip(sites, folders, strict=True)
        ],
    }
    path.write_text(json.dumps(scenario, indent=2))


def write_settings(directory: Path, store: str) -> None:
    """Of the collector: where its series goes."""
    (directory / "collector.toml").write_text(f"[series]\nstore = {json.dumps(store)}\n")


def write_board(folder: SiteFolder, site: SitePlan, root: bytes, broker_port: int) -> None:
    folder.settings.mkdir(parents=True, exist_ok=True)
    stages = [stage.id for stage in site.stages]
    board = {
        "name": site.name,
        "dir": str(folder.settings),
        "flash": str(folder.path / "flash.bin"),
        "flash_blocks": _FLASH_BLOCKS,
        "stop": str(folder.stop),
        "uarts": {},
        "outputs": {str(stage): str(folder.output(stage)) for stage in stages},
        "contacts": {str(stage): str(folder.contact(stage)) for stage in stages},
    }
    folder.board.write_text(json.dumps(board, indent=2))
    for stage in stages:
        folder.output(stage).write_text("1")  # the gateway comes to a site that stands closed
    network = {"host": "127.0.0.1", "port": broker_port, "keepalive_s": 15, "tls": None}
    (folder.settings / "network.json").write_text(json.dumps(network))
    (folder.settings / "root.pub").write_bytes(root)


def connect_bus(folder: SiteFolder, pty: str) -> None:
    """Say which pty is the board's first UART."""
    board = json.loads(folder.board.read_text())
    board["uarts"] = {"0": pty}
    folder.board.write_text(json.dumps(board, indent=2))


def write_register(
    path: Path,
    sites: list[SitePlan],
    enrolments: Mapping[str, Mapping[str, str]],
    buses: Mapping[str, Mapping[str, Any]],
    timeline: Timeline,
) -> None:
    """`enrolments` by site: what the gateway printed; `buses` by site: a registry bus."""
    entries: list[tuple[str, dict[str, Any]]] = [
        ("market", _market()),
        ("policy", _policy()),
        ("authority", _authority(timeline)),
    ]
    for site in sites:
        enrolment = enrolments[site.name]
        entries += _site_entries(site, enrolment, buses[site.name], timeline)
    path.write_text("\n".join(f"[[{kind}]]\n{_table(entry)}" for kind, entry in entries))


def _market() -> dict[str, Any]:
    return {"label": plan.LABEL, "period_s": plan.PERIOD_S, "interval_s": plan.INTERVAL_S}


def _policy() -> dict[str, Any]:
    return {
        "receipt_s": 2,
        "checkpoint_s": 20,
        "late_s": 8,
        "command_ttl_s": 60,
        "repeat_s": 5,
        "max_repeats": 5,
        "hold_s": 600,
        "settle_s": 3,
        "before_window_s": 16,
        "verify_timeout_s": 45,  # longer than the broker is away
        "min_samples": 3,
        "full_permille": 900,
        "partial_permille": 200,
        "return_margin_permille": 1200,
        "ramp_offset_ms": 2000,
        "ramp_step_ms": 1000,
    }


def _authority(timeline: Timeline) -> dict[str, Any]:
    return {
        "id": "demo-authority",
        "title": "EXAMPLE authority of the demo, not a legal document",
        "document_sha256": hashlib.sha256(AUTHORITY.read_bytes()).hexdigest(),
        "official": plan.OFFICIAL,
        "valid_from": _moment(timeline.first_period_ms - _FAR_MS),
        "valid_until": _moment(timeline.first_period_ms + _FAR_MS),
        "reasons": ["over_allocation", "licence"],
        "notice_s": plan.NOTICE_S,
        "example": True,
    }


def _site_entries(
    site: SitePlan,
    enrolment: Mapping[str, str],
    bus: Mapping[str, Any],
    timeline: Timeline,
) -> list[tuple[str, dict[str, Any]]]:
    ends_ms = (
        timeline.first_period_ms + _FAR_MS
        if site.licence_ends_s is None
        else timeline.at(site.licence_ends_s)
    )
    licence = {
        "number": site.licence,
        "licensee": site.bin,
        "subtype": "I",
        "sites": [site.name],
        "valid_from": _moment(min(ends_ms, timeline.first_period_ms) - _FAR_MS),
        "valid_until": _moment(ends_ms),
    }
    stages = [
        {
            "id": stage.id,
            "name": stage.name,
            "output": stage.id,
            "min_off_ms": 5000,
            "min_on_ms": 5000,
            "confirm_ms": 2000,
        }
        for stage in site.stages
    ]
    gateway = {
        "enrolment": enrolment["enrolment"],
        "site": site.name,
        "buses": [dict(bus)],
        "timing": {
            "interval_ms": plan.INTERVAL_S * 1000,
            "sample_ms": plan.SAMPLE_S[site.bus] * 1000,
            "frame_ms": plan.SAMPLE_S[site.bus] * 1000,
        },
    }
    place = {
        "name": site.name,
        "licensee": site.bin,
        "zone": plan.ZONE,
        "gateway": enrolment["gateway"],
        "stages": stages,
        "auxiliary_w": plan.DECLARED_AUXILIARY_W,
    }
    return [
        ("licensee", {"bin": site.bin, "name": site.licensee}),
        ("licence", licence),
        ("site", place),
        ("gateway", gateway),
        *(("meter", _meter(site, meter, enrolment["gateway"])) for meter in site.meters),
        *(
            ("allocation", _allocation(site, timeline, period))
            for period in range(timeline.periods)
        ),
    ]


def _meter(site: SitePlan, meter: plan.MeterPlan, gateway: str) -> dict[str, Any]:
    return {
        "serial": meter.serial,
        "site": site.name,
        "gateway": gateway,
        "slot": meter.slot,
        "profile": meter.profile,
        "bus": 0,
        "unit": meter.unit,
        "ct": list(meter.ct),
        "vt": list(meter.vt),
        "point": meter.point,
    }


def _allocation(site: SitePlan, timeline: Timeline, period: int) -> dict[str, Any]:
    return {
        "licensee": site.bin,
        "zone": plan.ZONE,
        "start": _moment(timeline.at(period * plan.PERIOD_S)),
        "energy_mwh": site.allocation_mwh(period),
    }


def _moment(instant_ms: int) -> str:
    return datetime.fromtimestamp(instant_ms / 1000, UTC).isoformat()


def _table(entry: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {_toml(value)}\n" for key, value in entry.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
