"""A fleet whose every meter is at a delivery point: its register, and what a collector knows of it.

Two meters to a site and a gateway, five sites to a licensee: the dearest fleet of its size, since
meters of stages cost the checks little. One licensee in ten has bought too little, one in fifty
draws without a licence. It is written straight into a collector's two databases.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.fleet import POLICY, PROFILE, Gateway, toml_table
from collector.model.bin import check_digit

START_MS = 1_795_424_400_000
"""2026-11-23 14:00 in Astana: a delivery hour begins."""
PERIOD_MS, MINUTE_MS = 3_600_000, 60_000
_METERS_OF_A_SITE, _SITES_OF_A_LICENSEE = 2, 5
_QUARTER_MS = 900_000
_POWER_W = 1_000_000  # of each meter
_EXCEEDING, _UNLICENSED = 10, 50  # of so many licensees one
_PERMITTED = (("00:00", "18:00"), ("21:00", "24:00"))
_CHAINS = 2  # of a gateway: telemetry and billing
_FOLLOWERS = ("chain", "intervals", "series")
_ZERO = "00" * 32


class CheckedFleet:
    def __init__(self, meters: int) -> None:
        self._meters = meters
        sites = -(-meters // _METERS_OF_A_SITE)
        self._gateways = [Gateway(ec.generate_private_key(ec.SECP256R1())) for _ in range(sites)]

    def write_register(self, path: Path) -> None:
        path.write_text("\n".join(self._register()))

    def write_databases(self, folder: Path, moments: range) -> None:
        """Readings and frames, as if they had been taken in by each of these moments."""
        _fill_snapshots(folder / "collector.sqlite", self._meters)
        self._fill_frames(folder / "collector.sqlite", moments[-1])
        _fill_points(folder / "series.sqlite", self._meters, moments)

    def _register(self) -> Iterator[str]:
        yield _entry("market", {"label": "bench", "period_s": 3600, "interval_s": 900})
        yield _entry("policy", POLICY | {"receipt_s": 60})
        ruling = {"title": "Example", "document_sha256": _ZERO, "example": True}
        ruling |= {"valid_from": _iso(0)}
        yield _entry("tolerance", ruling | {"permille": 20})
        spans = [{"start": start, "end": end} for start, end in _PERMITTED]
        yield _entry("permitted_hours", ruling | {"name": "evening", "spans": spans})
        for number in range(-(-len(self._gateways) // _SITES_OF_A_LICENSEE)):
            yield from _licensee(number, len(self._gateways))
        for number, gateway in enumerate(self._gateways):
            yield from _site(number, gateway)
        for number in range(self._meters):
            losses = {"meter": _serial(number), "transformer": 1.008, "line": 1.012}
            losses |= {"valid_from": _iso(0), "document_sha256": _ZERO, "example": True}
            yield _entry("loss_factor", losses)

    def _fill_frames(self, path: Path, received_ms: int) -> None:
        """The newest frame of each gateway's chains; nothing in them is read again."""
        chains = [
            (gateway.id, 1, stream, 1) for gateway in self._gateways for stream in range(_CHAINS)
        ]
        frames = [
            (position, *chain, position.to_bytes(32, "big"), received_ms, b"")
            for position, chain in enumerate(chains, 1)
        ]
        _write(path, "INSERT INTO frame VALUES (?,?,?,?,?,?,?,?)", frames)
        _write(path, "INSERT INTO chain VALUES (?,?,?,?,?)", [(*each, 1) for each in chains])
        followed = [(name, len(frames)) for name in _FOLLOWERS]
        _write(path, "INSERT OR REPLACE INTO follower VALUES (?,?)", followed)


def _licensee(number: int, sites: int) -> Iterator[str]:
    first = number * _SITES_OF_A_LICENSEE
    named = [f"site-{site}" for site in range(first, min(first + _SITES_OF_A_LICENSEE, sites))]
    yield _entry("licensee", {"bin": bin_of(number), "name": f"Bench {number}"})
    licence = {"number": f"L-{number}", "licensee": bin_of(number), "subtype": "I", "sites": named}
    ends = 2026 if number % _UNLICENSED == _UNLICENSED - 1 else 2028
    years = {"valid_from": ends - 3, "valid_until": ends}
    held = {name: f"{year}-01-01T00:00:00+05:00" for name, year in years.items()}
    yield _entry("licence", licence | held)
    each_mwh = 1.8 if number % _EXCEEDING == 0 else 2.4
    bought = {"licensee": bin_of(number), "zone": "north", "energy_mwh": len(named) * each_mwh}
    for start_ms in (START_MS, START_MS + PERIOD_MS):
        yield _entry("allocation", bought | {"start": _iso(start_ms)})


def _site(number: int, gateway: Gateway) -> Iterator[str]:
    name, identity = f"site-{number}", gateway.id.hex()
    site = {"name": name, "licensee": bin_of(number // _SITES_OF_A_LICENSEE), "zone": "north"}
    yield _entry("site", site | {"gateway": identity, "stages": [], "auxiliary_w": 5_000})
    enrolled = {
        "enrolment": gateway.enrolment.hex(),
        "site": name,
        "buses": [{"kind": "tcp", "host": "127.0.0.1", "port": 502}],
        "timing": {"interval_ms": 900_000, "sample_ms": 10_000, "frame_ms": 60_000},
    }
    yield _entry("gateway", enrolled)
    for slot in range(_METERS_OF_A_SITE):
        hung = {"serial": _serial(number * _METERS_OF_A_SITE + slot), "site": name}
        wired = {"gateway": identity, "slot": slot, "profile": PROFILE, "bus": 0, "unit": slot + 1}
        yield _entry("meter", hung | wired | {"ct": [400, 1], "vt": [1, 1], "point": "delivery"})
    bears = {"name": f"point-{number}", "site": name, "valid_from": _iso(0)}
    yield _entry("delivery_point", bears | {"capacity_w": 4_000_000, "contracted_w": 3_000_000})


def _fill_snapshots(path: Path, meters: int) -> None:
    """Of three hours, every quarter, read 20 ms after its boundary."""
    columns = (
        "meter, quantity, at_ms, kind, count, quantum, offset_ms, clock, position, interval_ms,"
        " modulus, greatest_w, delay_ms, ratio"
    )
    boundaries = range(START_MS - PERIOD_MS, START_MS + 2 * PERIOD_MS, _QUARTER_MS)
    rows = (
        (
            _serial(number),
            quantity,
            at_ms,
            "interval",
            _count(number, at_ms) if billed else 0,
            "1/10",
            20,
            "S",
            1,
            _QUARTER_MS,
            "1000000000",
            "2000000",
            1000,
            "400",
        )
        for number in range(meters)
        for at_ms in boundaries
        for quantity, billed in (("active_energy_import", True), ("active_energy_export", False))
    )
    statement = f"INSERT INTO snapshot ({columns}) VALUES ({','.join('?' * 14)})"  # noqa: S608
    _write(path, statement, rows)


def _fill_points(path: Path, meters: int, moments: range) -> None:
    """A reading a minute, some seconds before each run of the checks."""
    rows = (
        (
            _serial(number),
            at_ms - 5_000 - number % 50 * 1_000,
            1,
            json.dumps({"active_power": _power_w(number, at_ms), "frequency": 50.0}),
            f"{_count(number, at_ms - 5_000 - number % 50 * 1_000)}/10",
            "{}",
        )
        for at_ms in moments
        for number in range(meters)
    )
    _write(path, "INSERT OR REPLACE INTO point VALUES (?,?,?,?,?,?)", rows)


def _write(path: Path, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.executemany(statement, rows)
    connection.close()


def _count(number: int, at_ms: int) -> int:
    """A register of 0.1 Wh, which rises evenly."""
    since_ms = at_ms - (START_MS - PERIOD_MS)
    return number * 1_000 + _POWER_W * since_ms // 360_000


def _power_w(number: int, at_ms: int) -> float:
    return _POWER_W + (number * 7 + at_ms // MINUTE_MS) % 11 * 1_000.0


def _serial(number: int) -> str:
    return f"meter-{number:05}"


@cache
def _bins() -> list[str]:
    """Numbers whose first eleven digits have a check digit."""
    begun = (f"1001400{number:04}" for number in range(10_000))
    return [f"{digits}{last}" for digits in begun if (last := check_digit(digits)) is not None]


def bin_of(number: int) -> str:
    return _bins()[number]


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


def _entry(kind: str, values: dict[str, Any]) -> str:
    return f"[[{kind}]]\n{toml_table(values)}"
