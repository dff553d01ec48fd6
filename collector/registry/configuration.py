"""Compiles a gateway's signed configuration from the register and the meter profiles."""

from typing import Any

from collector.evidence.cose import ContentType
from collector.evidence.downlink import Signer
from collector.model.profile import Profile
from collector.model.records import Gateway, Meter, RtuBus, Site, TcpBus
from collector.registry.profiles import load_profile
from collector.registry.view import View

_PARITY = {"none": 0, "even": 1, "odd": 2}


def compile_configuration(view: View, gateway_id: str, issued_ms: int, signer: Signer) -> bytes:
    """The signed configuration message; its version is the time of issue.

    Raises UnknownError or ProfileError when the register or the profiles lack something.
    """
    gateway = view.one(Gateway, gateway_id)
    site = view.one(Site, gateway.site)
    meters = [meter for meter in view.meters_of(site.name) if meter.gateway == gateway_id]
    payload = {
        0: 1,
        1: bytes.fromhex(gateway_id),
        2: issued_ms,
        3: issued_ms,
        4: site.name,
        5: site.zone,
        6: [gateway.timing.interval_ms, gateway.timing.sample_ms, gateway.timing.frame_ms],
        7: [_bus(bus) for bus in gateway.buses],
        8: [_meter(meter, load_profile(meter.profile)) for meter in meters],
        9: [
            {
                0: stage.id,
                1: stage.output,
                2: stage.min_off_ms,
                3: stage.min_on_ms,
                4: stage.confirm_ms,
            }
            for stage in site.stages
        ],
    }
    return signer.seal(ContentType.CONFIGURATION, payload)


def _bus(bus: RtuBus | TcpBus) -> list[Any]:
    if isinstance(bus, TcpBus):
        return [1, bus.host, bus.port]
    return [0, bus.baud, _PARITY[bus.parity], bus.stop_bits]


def _meter(meter: Meter, profile: Profile) -> dict[int, Any]:
    return {
        0: meter.slot,
        1: meter.serial,
        2: profile.name,
        3: profile.sha256,
        4: meter.bus,
        5: meter.unit,
        6: list(meter.ct),
        7: list(meter.vt),
        8: profile.function,
        9: profile.max_registers,
        10: profile.timeout_ms,
        11: profile.gap_ms,
        12: [[entry.address, entry.registers, int(entry.interval)] for entry in profile.registers],
    }
