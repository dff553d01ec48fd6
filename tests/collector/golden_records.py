"""The register of the golden month: a record of each row of the document's tables."""

from typing import Any

from collector_world import POLICY, REAL, TestGateway, gateway_record
from golden_document import HOUR_MS, Row, moment, spans, tables

from collector.model.records import KINDS, Policy, Record, Timing

_DOCUMENT = "ab" * 32
_SAID: dict[str, dict[str, Any]] = {
    "licence_act": {"reference": "decision", "document_sha256": _DOCUMENT},
    "loss_factor": {"document_sha256": _DOCUMENT, "example": True},
    "tolerance": {"title": "Example", "document_sha256": _DOCUMENT, "example": True},
    "ratio_correction": {"reason": "the plate was misread", "document_sha256": _DOCUMENT},
    "quota": {"document_sha256": _DOCUMENT},
    "meter": {"profile": "schneider-pm5560", "bus": 0, "vt": (1, 1)},
}
_KINDS = (
    "zone", "licensee", "site", "licence", "data_centre", "tenancy", "licence_act", "meter",
    "loss_factor", "delivery_point", "verification", "ratio_correction", "tolerance", "quota",
)  # fmt: skip
_MOMENTS = ("valid_from", "valid_until", "start")
_LISTS = ("sites", "stages")
_RATIOS = ("ct", "vt")
_LICENSEES = ("licensee", "owner", "tenant")
BEGIN_MS, END_MS = moment("1 Nov 00:00"), moment("1 Dec 00:00")
_BEFORE_MS = BEGIN_MS - 12 * HOUR_MS


def bins() -> dict[str, str]:
    """Of each licensee's name."""
    return {row["name"]: row["bin"] for row in tables()["licensee"]}


def records(gateways: dict[str, TestGateway]) -> dict[int, list[Record]]:
    """By the moment at which the register was told of them, the earliest first."""
    found: dict[int, list[Record]] = {_BEFORE_MS: [REAL, _policy()]}
    for site, gateway in gateways.items():
        known = gateway_record(gateway, site, REAL)
        timing = Timing(interval_ms=900_000, sample_ms=900_000, frame_ms=HOUR_MS)
        found[_BEFORE_MS].append(known.model_copy(update={"timing": timing}))
    for kind in _KINDS:
        for row in tables()[kind]:
            found.setdefault(_known_ms(row), []).append(_record(kind, row, gateways))
    for row in tables()["allocation"]:
        found.setdefault(_known_ms(row), []).extend(_allocations(row))
    return dict(sorted(found.items()))


def _known_ms(row: Row) -> int:
    return moment(row["known"]) if row.get("known") else _BEFORE_MS


def _policy() -> Policy:
    said = {row["setting"]: row["value"] for row in tables()["policy"]}
    data = POLICY.data.model_copy(
        update={name: int(value) for name, value in said.items() if name != "late_s"}
    )
    return Policy.model_validate(POLICY.model_dump() | {"late_s": said["late_s"], "data": data})


def _record(kind: str, row: Row, gateways: dict[str, TestGateway]) -> Record:
    own = ("known", "register")
    fields = {name: _value(name, text) for name, text in row.items() if text and name not in own}
    if kind == "site":
        stages = (1, 2) if row["name"] == "alatau-1" else ()
        fields["gateway"] = gateways[row["name"]].id.hex()
        fields["stages"] = [_stage(number) for number in stages]
    if kind == "meter":
        fields["gateway"] = gateways[row["site"]].id.hex()
        fields["unit"] = int(row["slot"]) + 1
        fields["point"] = row["point"] if row["point"] == "delivery" else int(row["point"])
    return KINDS[kind].model_validate(fields | _SAID.get(kind, {}))


def _stage(number: int) -> dict[str, Any]:
    times = dict.fromkeys(("min_off_ms", "min_on_ms"), 0)
    return {"id": number, "name": f"hall {number}", "output": number, "confirm_ms": 1000} | times


def _value(name: str, text: str) -> Any:
    if name in _MOMENTS:
        return moment(text)
    if name in _LISTS:
        return text.split(", ")
    if name in _RATIOS:
        return text.split("/")
    return bins()[text] if name in _LICENSEES else text


def _allocations(row: Row) -> list[Record]:
    common = {"licensee": bins()[row["licensee"]], "zone": row["zone"]}
    return [
        KINDS["allocation"].model_validate(
            common | {"start": start_ms, "energy_mwh": row["energy_mwh"]}
        )
        for start_ms in spans(row, HOUR_MS)
    ]
