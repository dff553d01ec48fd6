"""What the details of each code hold, and of which kind: what its words may name."""

from collections.abc import Mapping
from enum import StrEnum

from collector.checks.codes import Code


class Kind(StrEnum):
    """How a value is written. Energies and ratios are exact, as text."""

    ENERGY = "energy, Wh"
    MARGIN = "energy, Wh, that may be none"
    REGISTER = "register, Wh to a thousandth"
    POWER = "power, W"
    MOMENT = "Unix ms"
    CLOCK = "Unix ms, shown as time of day"
    SECONDS = "seconds"
    COUNT = "number"
    DECIMAL = "number with its decimals"
    RATIO = "ratio"
    TEXT = "text"
    NAMES = "list of names"
    TERMS = "list of words that are translated"
    BREAKS = "list of [meter, what, Unix ms]"
    PAIRS = "list of [name, Unix ms]"


EVIDENCE = ("positions", "versions")
"""What the details of any code may hold besides: positions in the ledger, the versions that were
used (`evidence.versions`).
"""
_BY_UNIT = {
    "_wh": Kind.ENERGY,
    "_w": Kind.POWER,
    "_ms": Kind.MOMENT,
    "_s": Kind.SECONDS,
    "s": Kind.NAMES,
}
_BY_NAME = {
    "period_end_ms": Kind.CLOCK,
    "end_ms": Kind.CLOCK,
    "closing": Kind.COUNT,
    "minutes": Kind.COUNT,
    "exceeding": Kind.COUNT,
    "breach_ms": Kind.CLOCK,
    "error_wh": Kind.MARGIN,
    "boundary_error_wh": Kind.MARGIN,
    "quantum_wh": Kind.MARGIN,
    "breaks": Kind.BREAKS,
    "ailments": Kind.TERMS,
    "marks": Kind.TERMS,
    "points": Kind.COUNT,
    "members": Kind.PAIRS,
    "frames": Kind.COUNT,
    "count": Kind.COUNT,
    "watched": Kind.COUNT,
    "more": Kind.COUNT,
    "epoch": Kind.COUNT,
    "first_seq": Kind.COUNT,
    "last_seq": Kind.COUNT,
    "free_mib": Kind.COUNT,
    "days": Kind.DECIMAL,
}


def _details(*names: str, **kinds: Kind) -> dict[str, Kind]:
    """Kinds by name, by the unit at its end, or as given; else text."""
    found = {name: _BY_NAME.get(name) or _by_unit(name) for name in names}
    return found | kinds


def _by_unit(name: str) -> Kind:
    return next((kind for unit, kind in _BY_UNIT.items() if name.endswith(unit)), Kind.TEXT)


_PERIOD = _details(
    "sites",
    "period_start_ms",
    "period_end_ms",
    "allowed_wh",
    "measured_wh",
    "error_wh",
    "boundary_error_wh",
    "quantum_wh",
    "breaks",
    "closing",
    "examples",
    missing=Kind.NAMES,
    operational=Kind.NAMES,
    tolerance_wh=Kind.MARGIN,
    gross_wh=Kind.MARGIN,
)
_QUARTER = _details(
    "site", "start_ms", "end_ms", "energy_wh", "mean_w", "auxiliary_w", doubt_wh=Kind.MARGIN
)
_REGISTER = _details("sites", "meter", "at_ms", before=Kind.REGISTER, after=Kind.REGISTER)

_LOAD = _details(
    "site",
    "licences",
    "ended_ms",
    "ground",
    "power_w",
    "auxiliary_w",
    "meters",
    is_doubted=Kind.TEXT,
)
_VERIFICATION = _details("site", "meter", "part", "certificate", "ends_ms")
_STORM = _details(
    "zone", "count", "watched", "window_s", "began_ms", "last_began_ms", "members", "more"
)
_FEEDER = _details(
    "feeder",
    "period_start_ms",
    "period_end_ms",
    "head_wh",
    "children_wh",
    "loss_wh",
    "error_wh",
    "unaccounted_wh",
    "documents",
)

DETAILS: Mapping[Code, Mapping[str, Kind]] = {
    Code.WILL_EXCEED: _details(
        "sites",
        "period_start_ms",
        "period_end_ms",
        "breach_ms",
        "allowed_wh",
        "projected_excess_wh",
        "confidence",
        "minutes",
        "exceeding",
        "read_ms",
        "age_s",
        "examples",
        operational=Kind.NAMES,
        tolerance_wh=Kind.MARGIN,
        least_excess_wh=Kind.MARGIN,
        most_excess_wh=Kind.MARGIN,
    ),
    Code.BREACH: _PERIOD,
    Code.INDICATED: _PERIOD,
    Code.OVER_QUOTA: _details(
        "zone", "period_start_ms", "period_end_ms", "allocated_wh", "quota_wh"
    ),
    Code.LOAD_OUTSIDE_HOURS: _details(
        "site", "forbidden_from_ms", "load_from_ms", "power_w", "auxiliary_w", "rulings", "examples"
    ),
    Code.ENERGY_OUTSIDE_HOURS: _QUARTER | _details("rulings", "examples"),
    Code.OVER_CAPACITY: _QUARTER | _details("capacity_w", "contracted_w"),
    Code.OVER_CAPACITY_NOW: _details("site", "power_w", "capacity_w"),
    Code.OVER_CONTRACT: _QUARTER | _details("capacity_w", "contracted_w"),
    Code.UNMEASURED: _PERIOD,
    Code.UNDECIDED: _PERIOD,
    Code.UNLICENSED_LOAD: _LOAD,
    Code.SUSPENDED_LOAD: _LOAD,
    Code.REVOKED_LOAD: _LOAD,
    Code.TENANT_LOAD: _details(
        "site", "data_centre", "tenant", "stages", "ground", "licences", "meters", "power_w"
    ),
    Code.LICENCE_ENDS: _details("licence", "licensee", "sites", "days", "ends_ms"),
    Code.SITE_NOT_NAMED: _details("site", "licensee", "licences", "holders"),
    Code.OTHER_HOLDER: _details("site", "licensee", "licences", "holders"),
    Code.NO_DATA_CENTRE: _details("licence", "licensee"),
    Code.ACTS_CONFLICT: _details("licence", "sites", "acts", "misfits"),
    Code.GATEWAYS_SILENT: _STORM,
    Code.GATEWAY_SILENT: _details("site", "gateway", "last_ms"),
    Code.CHAIN_GAP: _details("site", "gateway", "epoch", "stream", "first_seq", "last_seq"),
    Code.CLOCK_DOUBTED: _details("site", "gateway", "letter"),
    Code.STALE: _details("site", "meter", "last_ms", quantities=Kind.NAMES),
    Code.GHOST_LOAD: _details(
        "site",
        "stage",
        "kind",
        "opened_ms",
        "stage_before_w",
        "stage_after_w",
        "site_before_w",
        "site_after_w",
    ),
    Code.QUANTUM_COARSE: _details(
        "site",
        "meter",
        "interval_wh",
        "contracted_w",
        quantum_wh=Kind.REGISTER,
        most_permille=Kind.COUNT,
    ),
    Code.VERIFICATION_ENDS: _VERIFICATION | _details("days"),
    Code.VERIFICATION_EXPIRED: _VERIFICATION,
    Code.VERIFICATION_MISSING: _details("site", "meter", "part", "requirement"),
    Code.SEAL_REMOVED: _details("site", "meter", "place", "seal"),
    Code.SEAL_MISSING: _details("site", "meter", "requirement"),
    Code.UNDESCRIBED: _details("site", "meter", "requirement", missing=Kind.TERMS),
    Code.CLASS_COARSE: _details(
        "site", "meter", "requirement", accuracy_class=Kind.TEXT, coarsest_class=Kind.TEXT
    ),
    Code.UNREAD: _details("site", "meters", "last_ms"),
    Code.UNREAD_TOGETHER: _STORM,
    Code.EXPORT: _details("site", "meter", "power_w"),
    Code.REGISTER_RESET: _REGISTER,
    Code.REGISTER_JUMP: _REGISTER,
    Code.ROLLOVER: _REGISTER,
    Code.REPLACED: _details("sites", "meter", "before", "after", "at_ms"),
    Code.RATIO_CHANGED: _details("sites", "meter", "at_ms", before=Kind.RATIO, after=Kind.RATIO),
    Code.RATIO_CORRECTED: _details(
        "site", "meter", "ct", "vt", "configured_ct", "configured_vt", "document_sha256"
    ),
    Code.ENERGY_MISSING: _FEEDER,
    Code.ENERGY_SURPLUS: _FEEDER,
    Code.SHAPE_OF_MINING: _details(
        "feeder", "points", "marks", "reasons", "from_ms", "thresholds_sha256"
    ),
    Code.MONTH_DIFFERS: _details(
        "month",
        "source",
        "ours_wh",
        "theirs_wh",
        "difference_wh",
        "allowed_wh",
        "holds",
        "meters",
        "operational",
        "document_sha256",
        operational=Kind.NAMES,
        statement=Kind.COUNT,
    ),
    Code.AILING: _details("site", "ailments"),
    Code.ROLLOUT_STOPPED: _details("site", "gateway", "release", "why"),
    Code.FORK: _details("site", "epoch", "stream", "first_seq", "count"),
    Code.UNAUTHORISED: _details("sites", order_reason=Kind.TERMS, lacks=Kind.TERMS),
    Code.ORDER_OVERDUE: _details(
        "site", "order", "licensee", "stages", order_reason=Kind.TERMS, situation=Kind.TERMS
    ),
    Code.DISK: _details("free_mib"),
    Code.LAG: _details("follower", "frames", "seconds", seconds=Kind.SECONDS),
    Code.CERTIFICATE: _details("certificate", "days"),
    Code.CHECKPOINT: _details("unsigned_s"),
    Code.CLOCK: _details("stepped_s", "ahead_of_gateways_s"),
}
