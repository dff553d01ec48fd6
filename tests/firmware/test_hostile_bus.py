"""No wrong value is believed: the Modbus master on a bad line, its parsers on random bytes.

`esep bench hostile` is the long run of the same.
"""

from pathlib import Path

import pytest

from benchmarks import fuzz, hostile
from benchmarks.workers import FIRMWARE
from simulator.hostile_line import Mode
from technician.bundle import compile_firmware

SEED = 1
REQUESTS = 2000
STRINGS = 1_000_000


@pytest.fixture(scope="module", params=["source", "bytecode"])
def firmware(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "source":
        return FIRMWARE
    bundle = tmp_path_factory.mktemp("firmware") / "bundle"
    compile_firmware(bundle, keep_names=True)
    return bundle


@pytest.fixture(scope="module")
def outcomes(firmware: Path) -> dict[str, hostile.Outcome]:
    """All modes at the same time: most of it is waiting."""
    per_mode = REQUESTS // len(Mode)
    return {each.mode: each for each in hostile.run(list(Mode), per_mode, SEED, firmware)}


@pytest.mark.parametrize("mode", Mode)
def test_a_bad_line_is_not_believed(outcomes: dict[str, hostile.Outcome], mode: Mode) -> None:
    outcome = outcomes[mode]
    assert outcome.holds, f"{outcome}\nagain: {outcome.replay}"


def test_random_bytes_are_refused_and_leave_nothing(firmware: Path) -> None:
    for fuzzed in fuzz.run(STRINGS, SEED, firmware):
        assert fuzzed.holds, f"{fuzzed}\nagain: {fuzzed.replay}"
