"""From the meter's register to an auditor's verdict, over mutual TLS.

The books are closed here: this module comes last of those that share the installation.
"""

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
from installation.proof import prove_frames, prove_intervals
from installation.world import Installation

from collector.evidence.frame import Event, EventCode
from simulator.demo import drain
from simulator.demo.programs import esep


@dataclass(frozen=True)
class Books:
    """What the simulator let flow, what the gateways said last, what the collector reports."""

    flowed_wh: dict[str, Fraction]
    statuses: dict[str, dict[str, Any]]
    report: dict[str, Any]


@pytest.fixture(scope="module")
def books(installation: Installation) -> Books:
    sites = drain.freeze_and_read(installation, installation.next_fact)
    statuses = installation.close_books()
    report = json.loads(esep("collector", "report", installation.evidence))
    flowed_wh = {
        meter["serial"]: Fraction(meter["energy_wh"]) for site in sites for meter in site["meters"]
    }
    return Books(flowed_wh, statuses, report)


def test_energies_are_those_that_flowed(books: Books) -> None:
    metered = {entry["meter"]: entry for entry in books.report["energy"]}
    assert metered.keys() == books.flowed_wh.keys()
    for serial, flowed_wh in books.flowed_wh.items():
        entry = metered[serial]
        assert flowed_wh > entry["quantum_wh"]
        difference_wh = entry["register_end_wh"] - entry["register_start_wh"] - flowed_wh
        assert abs(difference_wh) <= entry["quantum_wh"], serial


def test_every_frame_made_is_held_once(installation: Installation, books: Books) -> None:
    prove_frames(installation, books.statuses)
    prove_intervals(installation)
    assert books.report["ledger"]["faults"] == {}


def test_receipts_are_never_ahead_of_the_ledger(installation: Installation, books: Books) -> None:
    assert any(topic.endswith("/receipt") for topic, _ in installation.watcher.messages)
    assert installation.receipts_ahead == []


def test_auditor_agrees(installation: Installation, books: Books) -> None:
    assert installation.audit().splitlines()[-1] == "Verdict: everything holds."


def test_boot_names_the_interpreter(installation: Installation, books: Books) -> None:
    for site in installation.folders:
        boot = installation.frames(site)[0].records[0]
        assert isinstance(boot, Event)
        assert boot.code is EventCode.BOOT
        assert "micropython" in boot.detail[1].lower()
