"""The fleet of `esep bench checks` is one that a register takes, and that has something to find."""

from dataclasses import replace
from pathlib import Path

import pytest
from cli_world import run, run_json

from benchmarks.checked_fleet import PERIOD_MS, START_MS, CheckedFleet, bin_of
from benchmarks.checks import Measured, growth
from collector.cli.registry import app as registry
from collector.model.bin import fault
from collector.model.delivery import moment_text

MEASURED = Measured(100, 60, 6.0, 6.0, 0.1, 0.1, 0.1, 100, 0, 0, 600.0, 600.0, 600.0)


def test_every_licensee_of_ten_thousand_meters_has_a_number_that_can_be() -> None:
    numbers = [bin_of(number) for number in range(1000)]
    assert len(set(numbers)) == 1000
    assert not any(map(fault, numbers))


def test_an_hour_of_it_is_closed(tmp_path: Path) -> None:
    directory, fleet = tmp_path / "collector", CheckedFleet(30)
    run("init", directory)
    fleet.write_register(tmp_path / "register.toml")
    run("import", directory, tmp_path / "register.toml", app=registry)
    run("rebuild-series", directory)
    end_ms = START_MS + PERIOD_MS
    moments = range(end_ms, end_ms + 120_000, 60_000)
    fleet.write_databases(directory, moments)
    span = ("--from", moment_text(moments[0]), "--until", moment_text(moments[-1]))
    told = run_json("check", directory, *span)
    assert (told["runs"], told["closings"]) == (2, 2 * 3)  # of two hours, for three licensees
    found = run_json("findings", directory)
    assert {each["code"] for each in found} >= {"allocation.breach", "allocation.will_exceed"}


@pytest.mark.parametrize(("times", "power"), [(100, 1.0), (10_000, 2.0), (1, 0.0)])
def test_growth_is_the_power_of_the_meters(times: int, power: float) -> None:
    most = replace(MEASURED, meters=10_000, run_p50_s=MEASURED.run_p50_s * times)
    assert growth([most, MEASURED]) == power
    assert growth([most]) is None
