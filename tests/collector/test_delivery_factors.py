"""Energy at the delivery point: by the factors of its time, exactly, and with bounds where not."""

from decimal import Decimal
from fractions import Fraction

import pytest
from collector_world import BIN, ZONE
from hypothesis import given
from hypothesis import strategies as st

from collector.checks.allocation import (
    BehindMeter,
    DeliveryMeter,
    Holder,
    PeriodOutcome,
    close_period,
)
from collector.checks.allowance import Allowance, Known, allowance
from collector.checks.delivery import Part, Piece, delivered, factors, parted
from collector.intervals.energy import MeteredEnergy, Metering, Snapshot
from collector.model.records import Allocation, LossFactor, Tolerance

HOUR, QUARTER = 3_600_000, 900_000
HOLDER = Holder(BIN, ZONE, ("a",))


def factor(
    line: str, start_ms: int = 0, end_ms: int | None = None, version: int = 1, *, gone: bool = False
) -> Known[LossFactor]:
    record = LossFactor(
        meter="m",
        transformer=Decimal(1),
        line=Decimal(line),
        valid_from=start_ms,
        valid_until=end_ms,
        withdrawn=gone,
        document_sha256="00" * 32,
        example=True,
    )
    return Known(record, version)


def energy(wh: int, start_ms: int = 0, end_ms: int = HOUR, quantum: int = 1) -> Metering:
    start = Snapshot(start_ms, Fraction(0), Fraction(quantum), 1)
    return Metering(MeteredEnergy(start, Snapshot(end_ms, Fraction(wh), Fraction(quantum), 2)), ())


def meter(wh: int, *pieces: Piece, operational: bool = False) -> DeliveryMeter:
    held = pieces or (Piece(0, HOUR),)
    return DeliveryMeter((Part(energy(wh), held),), is_operational=operational, version=7)


# --- factors in time


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], [(0, HOUR, "1", None)]),
        ([factor("1.02")], [(0, HOUR, "1.02", 1)]),
        ([factor("1.02", HOUR)], [(0, HOUR, "1", None)]),
        ([factor("1.02", gone=True)], [(0, HOUR, "1", None)]),
        (
            [factor("1.02"), factor("1.03", QUARTER, version=2)],
            [(0, QUARTER, "1.02", 1), (QUARTER, HOUR, "1.03", 2)],
        ),
        (
            [factor("1.02", 0, 600_000)],
            [(0, 600_000, "1.02", 1), (600_000, HOUR, "1", None)],
        ),
        ([factor("1.02", 0, QUARTER), factor("1.02", QUARTER, None, 1)], [(0, HOUR, "1.02", 1)]),
    ],
)
def test_the_factor_that_took_anothers_place_holds(
    records: list[Known[LossFactor]], expected: list[tuple[int, int, str, int | None]]
) -> None:
    found = [
        (piece.start_ms, piece.end_ms, piece.factor, piece.version)
        for piece in factors(records, 0, HOUR)
    ]
    assert found == [
        (one, other, Fraction(value), version) for one, other, value, version in expected
    ]


def test_a_period_is_parted_at_the_boundary_of_the_change() -> None:
    pieces = factors([factor("1.02"), factor("1.03", 2 * QUARTER, version=2)], 0, HOUR)
    read = [QUARTER, 2 * QUARTER, 3 * QUARTER]
    spans = parted(pieces, 0, HOUR, read)
    assert [(span, len(held)) for span, held in spans] == [
        ((0, 2 * QUARTER), 1),
        ((2 * QUARTER, HOUR), 1),
    ]


def test_where_no_boundary_is_at_the_change_the_quarter_around_it_is_in_doubt() -> None:
    pieces = factors([factor("1.02"), factor("1.04", QUARTER + 60_000, version=2)], 0, HOUR)
    spans = parted(pieces, 0, HOUR, [QUARTER, 2 * QUARTER, 3 * QUARTER])
    assert [(span, [str(piece.version) for piece in held]) for span, held in spans] == [
        ((0, QUARTER), ["1"]),
        ((QUARTER, 2 * QUARTER), ["1", "2"]),
        ((2 * QUARTER, HOUR), ["2"]),
    ]
    found = delivered([Part(energy(1000), held) for _, held in spans])
    assert found is not None
    assert found.energy_wh == 1020 + 1030 + 1040
    assert found.factor_error_wh == 10
    assert found.versions == {"loss_factor": (1, 2)}
    assert found.example


@given(
    wh=st.integers(0, 10**9),
    factors_=st.lists(st.fractions(Fraction(1), Fraction(3, 2)), min_size=1, max_size=4),
)
def test_what_was_delivered_lies_within_its_bounds(wh: int, factors_: list[Fraction]) -> None:
    """Whenever within the part the factor changed, all of it flowed by one of them."""
    pieces = tuple(Piece(0, HOUR, each, number) for number, each in enumerate(factors_))
    found = delivered([Part(energy(wh), pieces)])
    assert found is not None
    for each in factors_:
        assert abs(wh * each - found.energy_wh) <= found.factor_error_wh
    assert found.factor_error_wh == wh * (max(factors_) - min(factors_)) / 2


def test_a_part_that_was_not_measured_leaves_nothing_measured() -> None:
    parts = [Part(energy(5), (Piece(0, HOUR),)), Part(Metering(), (Piece(0, HOUR),))]
    assert delivered(parts) is None
    assert delivered([]) is None


# --- what may be drawn


def bought(
    mwh: str, source: str = "auction", lot: str = "1", version: int = 1
) -> Known[Allocation]:
    values = {"licensee": BIN, "zone": ZONE, "start": 0, "energy_mwh": mwh}
    return Known(Allocation.model_validate(values | {"source": source, "lot": lot}), version)


def tolerance(
    permille: int, energy_wh: int = 0, zone: str | None = None, start_ms: int = 0, version: int = 1
) -> Known[Tolerance]:
    record = Tolerance(
        zone=zone,
        permille=permille,
        energy_wh=energy_wh,
        valid_from=start_ms,
        title="Example",
        document_sha256="00" * 32,
        example=True,
    )
    return Known(record, version)


def test_all_lots_and_sources_are_allowed_together() -> None:
    entries = [
        bought("1.5"),
        bought("0.5", lot="2", version=4),
        bought("0.25", "import", version=9),
    ]
    found = allowance(entries, [], ZONE, 0)
    assert found.bought_wh == found.limit_wh == 2_250_000
    assert found.versions == {"allocation": (1, 4, 9)}


@pytest.mark.parametrize("source", ["own_generation", "own_renewable"])
def test_own_generation_behind_the_meter_is_no_grid_energy(source: str) -> None:
    entries = [bought("1"), bought("5", source, version=2)]
    assert allowance(entries, [], ZONE, 0, generates=True).bought_wh == 1_000_000
    assert allowance(entries, [], ZONE, 0).bought_wh == 6_000_000


@pytest.mark.parametrize(
    ("tolerances", "expected_wh"),
    [
        ([], "0"),
        ([tolerance(20)], "20000"),
        ([tolerance(20, 50_000)], "50000"),  # whichever is more
        ([tolerance(20), tolerance(30, zone=ZONE)], "30000"),  # the zone's own
        ([tolerance(20), tolerance(30, zone="west")], "20000"),
        ([tolerance(20), tolerance(10, start_ms=0, version=5)], "10000"),
        ([tolerance(20), tolerance(10, start_ms=1)], "20000"),  # it holds from later on
    ],
)
def test_the_tolerance_of_the_zone_and_the_day(
    tolerances: list[Known[Tolerance]], expected_wh: str
) -> None:
    found = allowance([bought("1")], tolerances, ZONE, 0)
    assert found.tolerance_wh == Fraction(expected_wh)
    assert found.example is bool(tolerances)


# --- the judgement


@pytest.mark.parametrize(
    ("wh", "outcome"),
    [
        (101_998, PeriodOutcome.WITHIN),
        (102_000, PeriodOutcome.UNDECIDED),
        (102_001, PeriodOutcome.BREACH),
    ],
)
def test_a_tolerance_is_not_exceeded_before_its_end(wh: int, outcome: PeriodOutcome) -> None:
    limit = Allowance(Fraction(100_000), Fraction(2_000), {"tolerance": (3,)}, example=True)
    result = close_period(HOLDER, 0, HOUR, limit, {"m": meter(wh)})
    assert result.outcome is outcome
    assert result.examples == ("tolerance",)
    assert result.versions == {"meter": (7,), "tolerance": (3,)}


def test_a_loss_factor_makes_a_breach_of_what_the_meter_saw_within() -> None:
    result = close_period(
        HOLDER,
        0,
        HOUR,
        Allowance(Fraction(1000)),
        {"m": meter(990, Piece(0, HOUR, Fraction(51, 50)))},
    )
    assert (result.measured_wh, result.outcome) == (Fraction("1009.8"), PeriodOutcome.BREACH)
    assert result.quantum_wh == Fraction(51, 50)


def test_a_factor_in_doubt_decides_only_beyond_its_bounds() -> None:
    doubtful = (Piece(0, 1, Fraction(1)), Piece(1, HOUR, Fraction(11, 10), 2))

    def outcome(allowed: int) -> PeriodOutcome:
        limit = Allowance(Fraction(allowed))
        return close_period(HOLDER, 0, HOUR, limit, {"m": meter(1000, *doubtful)}).outcome

    assert outcome(998) is PeriodOutcome.BREACH
    assert outcome(1050) is PeriodOutcome.UNDECIDED
    assert outcome(1102) is PeriodOutcome.WITHIN


@pytest.mark.parametrize(
    ("commercial", "operational", "outcome"),
    [
        (None, 200, PeriodOutcome.INDICATED),
        (50, 60, PeriodOutcome.INDICATED),
        (102, 60, PeriodOutcome.BREACH),  # by the commercial meter alone
        (50, 40, PeriodOutcome.WITHIN),
    ],
)
def test_an_operational_meter_warns_and_never_makes_a_breach(
    commercial: int | None, operational: int, outcome: PeriodOutcome
) -> None:
    metered = {"o": meter(operational, operational=True)}
    if commercial is not None:
        metered["c"] = meter(commercial)
    result = close_period(HOLDER, 0, HOUR, Allowance(Fraction(100)), metered)
    assert result.outcome is outcome
    assert result.operational == ("o",)


@pytest.mark.parametrize(
    ("generation", "export", "gross"), [(500, 100, 1400), (None, 100, None), (500, None, None)]
)
def test_gross_load_is_kept_apart_from_the_exchange_with_the_grid(
    generation: int | None, export: int | None, gross: int | None
) -> None:
    """Consumed: what came over the grid, and what was generated and not fed into it."""
    behind = BehindMeter(
        *(None if each is None else Fraction(each) for each in (generation, export))
    )
    result = close_period(HOLDER, 0, HOUR, Allowance(Fraction(1100)), {"m": meter(1000)}, behind)
    assert result.measured_wh == 1000
    assert result.gross_wh == gross
    assert result.outcome is PeriodOutcome.WITHIN


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6), st.integers(0, 10**6), st.data())
def test_splitting_a_site_changes_no_licensees_breach(
    drawn: list[int], allowed: int, data: st.DataObject
) -> None:
    """Its meters are the same, whichever site they hang at."""
    cut = data.draw(st.integers(0, len(drawn)))
    metered = {str(number): meter(wh) for number, wh in enumerate(drawn)}
    one = close_period(Holder(BIN, ZONE, ("a",)), 0, HOUR, Allowance(Fraction(allowed)), metered)
    halves = Holder(BIN, ZONE, ("a1", "a2"))
    names = list(metered)
    again = {name: metered[name] for name in (*names[cut:], *names[:cut])}
    two = close_period(halves, 0, HOUR, Allowance(Fraction(allowed)), again)
    assert (one.outcome, one.measured_wh, one.quantum_wh) == (
        two.outcome,
        two.measured_wh,
        two.quantum_wh,
    )
