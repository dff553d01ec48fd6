"""Readings against the configuration that their frame names."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.configurations import (
    Configuration,
    Quantity,
    check_readings,
    configuration_of,
    read_configuration,
)
from auditor.folder import Folder
from auditor.frames import Frame, read_frame
from auditor.refusal import Refusal

VECTORS = Path(__file__).parents[1] / "vectors"
FRAMES = {
    vector["name"]: read_frame(bytes.fromhex(vector["message"]))
    for vector in json.loads((VECTORS / "frames.json").read_text("utf-8"))["vectors"]
    if vector["expect"] == "ok"
}


@pytest.fixture
def configuration() -> Configuration:
    folder = Folder(VECTORS / "evidence")
    encoded = (VECTORS / "evidence" / "configurations" / "gateway-a.cose").read_bytes()
    return read_configuration(encoded, folder.root)


def verdict(frame: Frame, configuration: Configuration) -> str:
    try:
        check_readings(frame, configuration_of(frame, {configuration.hash: configuration}))
    except Refusal as refusal:
        return refusal.code
    return "ok"


@pytest.mark.parametrize("name", FRAMES)
def test_every_good_frame_fits(name: str, configuration: Configuration) -> None:
    assert verdict(FRAMES[name], configuration) == "ok"


@pytest.mark.parametrize("name", ["intervals", "reading", "samples", "interval_no_answer"])
def test_no_such_meter(name: str, configuration: Configuration) -> None:
    without_meters = replace(configuration, meters={})
    assert verdict(FRAMES[name], without_meters) == "wrong_reading"


@pytest.mark.parametrize("name", ["intervals", "reading", "samples"])
def test_other_registers(name: str, configuration: Configuration) -> None:
    first, *rest = configuration.meters[0]
    narrower = replace(first, registers=first.registers - 1)
    changed = replace(configuration, meters={**configuration.meters, 0: [narrower, *rest]})
    assert verdict(FRAMES[name], changed) == "wrong_reading"


@pytest.mark.parametrize("name", ["interval_no_answer", "sample_in_part"])
def test_other_number_of_quantities(name: str, configuration: Configuration) -> None:
    one_more = [*configuration.meters[0], Quantity(registers=1, is_in_intervals=True)]
    changed = replace(configuration, meters={**configuration.meters, 0: one_more})
    assert verdict(FRAMES[name], changed) == "wrong_reading"


def test_unknown_quality(configuration: Configuration) -> None:
    frame = FRAMES["sample_of_poor_quality"]
    kind, slot, read_ms, _, raw = frame.records[0]
    worse = replace(frame, records=[[kind, slot, read_ms, bytes([1, 0, 6]), raw]])
    assert verdict(worse, configuration) == "wrong_reading"


def test_configuration_of_another_gateway(configuration: Configuration) -> None:
    of_another = replace(configuration, gateway=bytes(8))
    assert verdict(FRAMES["intervals"], of_another) == "unknown_configuration"
