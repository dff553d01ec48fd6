"""A meter profile as a register sheet, as a technician reads one beside the instrument."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from textwrap import wrap
from typing import Any

from collector.model.decoding import IdentityRegister, Layout, Register
from collector.model.profile import Profile
from collector.model.requests import line_time_ms

WIDTH = 120
_INDENT = 14
_QUANTITY = ("OBIS", "name", "printed", "wire", "type", "order", "unit", "scale", "side", "step",
             "rollover", "")  # fmt: skip
_IDENTITY = ("identity", "printed", "wire", "type", "order", "function", "scale")


def sheet_text(document: dict[str, Any], profile: Profile) -> str:
    lines = [
        *_head(document, profile),
        "",
        *_table(_QUANTITY, (_quantity_row(entry, profile) for entry in profile.registers)),
        *_no_value(profile),
        "",
    ]
    if profile.identity:
        rows = (_identity_row(entry, profile) for entry in profile.identity)
        lines += _table(_IDENTITY, rows)
    else:
        lines.append("No identity registers: nobody notices that this meter was changed.")
    lines += [
        "",
        "order: the bytes of a value, highest A, as they come. i: part of interval snapshots.",
        "step, scale: in the unit, before any ratio; 10^e1: times ten to the power of exponent_1.",
        f"sha256 {profile.sha256.hex()}",
    ]
    return "\n".join(line.rstrip() for line in lines)


def sheet_data(document: dict[str, Any], profile: Profile) -> dict[str, Any]:
    """The same for a program; rationals as text."""
    return {
        "name": profile.name,
        "sha256": profile.sha256.hex(),
        "vendor": profile.vendor,
        "model": profile.model,
        "status": document["status"],
        "unconfirmed": profile.unconfirmed,
        "notes": document["notes"],
        "quirks": document["quirks"],
        "source": document["source"],
        "conflict": document.get("conflict", []),
        "instrument": asdict(profile.instrument),
        "transport": asdict(profile.transport),
        "request": document["request"],
        "requests": {
            kind: {
                "asked": [list(request) for request in profile.requests(interval=interval)],
                "line_ms": round(float(_line_ms(profile, interval=interval)), 1),
            }
            for kind, interval in (("interval", True), ("sample", False))
        },
        "quantity": [_quantity_data(entry, profile) for entry in profile.registers],
        "identity": [_identity_data(entry, profile) for entry in profile.identity],
    }


def order(layout: Layout) -> str:
    """How the bytes of a value come, the highest called A: ABCD, CDAB, BADC, DCBA."""
    if layout.type == "ascii":
        return "BADC…" if layout.low_byte_first else "ABCD…"
    # reordering is its own inverse
    return layout.ordered(bytes(range(ord("A"), ord("A") + layout.size))).decode()


def _head(document: dict[str, Any], profile: Profile) -> Iterator[str]:
    yield f"{profile.vendor} {profile.model}   ({profile.name})"
    yield from _said("status", document["status"])
    if profile.unconfirmed is not None:
        yield from _said("why", profile.unconfirmed)
    yield from _said("instrument", _instrument(profile))
    yield from _said("serial port", _transport(profile))
    yield from _said("requests", _manners(profile))
    for kind, interval in (("interval", True), ("full sample", False)):
        yield from _said(kind, _planned(profile, interval=interval))
    yield from _said("notes", document["notes"])
    for quirk in document["quirks"]:
        yield from _said("quirk", quirk)
    for source in document["source"]:
        yield from _said("source", source["document"])
        yield from _said("", source["url"])
        yield from _said("", source["read"])
    for conflict in document.get("conflict", ()):
        says = "; ".join(conflict["says"])
        yield from _said("conflict", f"{conflict['about']}: {says}. Taken: {conflict['taken']}")


def _said(label: str, text: str) -> list[str]:
    words = " ".join(text.split())
    width = WIDTH - _INDENT
    first, *rest = wrap(words, width, break_long_words=False, break_on_hyphens=False) or [""]
    return [f"{label:{_INDENT}}{first}", *(" " * _INDENT + line for line in rest)]


def _instrument(profile: Profile) -> str:
    instrument = profile.instrument
    parts = [
        {
            "transformer": "by transformers",
            "direct": "direct",
            "either": "direct or by transformers",
        }[instrument.connection],
        " or ".join(instrument.wiring),
        f"{instrument.max_current_a} A at most",
        f"active energy class {instrument.active_energy_class}",
    ]
    if instrument.frequency_accuracy_mhz is not None:
        parts.append(f"frequency ± {instrument.frequency_accuracy_mhz} mHz")
    if instrument.update_ms is not None:
        parts.append(f"registers refreshed every {instrument.update_ms} ms")
    return ", ".join(parts)


def _transport(profile: Profile) -> str:
    port = profile.transport
    tcp = "also Modbus TCP" if port.tcp else "no Modbus TCP"
    stop = "1 stop bit" if port.stop_bits == 1 else f"{port.stop_bits} stop bits"
    return f"{port.baud} baud, parity {port.parity}, {stop} (factory defaults); {tcp}"


def _manners(profile: Profile) -> str:
    blocks = "not known"
    if profile.readable is not None:
        blocks = " ".join(f"{block.start:04X}h-{block.stop - 1:04X}h" for block in profile.readable)
    return (
        f"function {profile.function}, at most {profile.max_registers} registers; silence before"
        f" {profile.gap_ms} ms, answer within {profile.timeout_ms} ms, as a rule"
        f" {profile.turnaround_ms} ± {profile.jitter_ms} ms; wire address = printed"
        f" - {profile.address_base}; readable blocks on the wire: {blocks}"
    )


def _planned(profile: Profile, *, interval: bool) -> str:
    asked = profile.requests(interval=interval)
    listed = " ".join(f"{address:04X}h+{count}" for address, count in asked)
    many = "1 request" if len(asked) == 1 else f"{len(asked)} requests"
    line_ms = round(_line_ms(profile, interval=interval))
    return f"{many}: {listed}; {line_ms} ms on the line at {profile.transport.baud} baud"


def _line_ms(profile: Profile, *, interval: bool) -> Any:
    return line_time_ms(
        profile.requests(interval=interval),
        baud=profile.transport.baud,
        bits_per_character=profile.transport.bits_per_character,
        gap_ms=profile.gap_ms,
        turnaround_ms=profile.turnaround_ms,
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    cells = [heads, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    lines = [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        for row in cells
    ]
    return [lines[0], "-" * min(len(lines[0]), WIDTH), *lines[1:]]


def _no_value(profile: Profile) -> Iterator[str]:
    names: dict[str, list[str]] = {}
    for entry in profile.registers:
        for code in sorted(entry.no_value):
            names.setdefault(f"{code.hex().upper()}h", []).append(entry.name)
    for count, of in names.items():
        every = len(of) == len(profile.registers)
        yield from _said("no value", f"{count}: {'all' if every else ', '.join(of)}")


def _quantity_row(entry: Register, profile: Profile) -> tuple[str, ...]:
    scale = str(entry.scale)
    if entry.exponent is not None:
        scale += f" ×10^e{entry.exponent.removeprefix('exponent_')}"
    return (
        entry.obis or "-",
        entry.name,
        str(entry.address + profile.address_base),
        f"{entry.address:04X}h",
        entry.type,
        order(entry.layout),
        entry.unit,
        scale,
        "secondary" if entry.secondary else "primary",
        str(entry.quantum),
        "-" if entry.modulus is None else _rollover(entry.modulus),
        "i" if entry.interval else "",
    )


def _rollover(modulus: int) -> str:
    zeros = len(str(modulus)) - 1
    return f"10^{zeros}" if modulus == 10**zeros else str(modulus)


def _identity_row(entry: IdentityRegister, profile: Profile) -> tuple[str, ...]:
    kind, (first, count) = entry.layout.type, entry.request
    within = "" if count == entry.registers else f" in {first + profile.address_base}+{count}"
    return (
        entry.name,
        str(entry.address + profile.address_base) + within,
        f"{entry.address:04X}h",
        f"{kind} {2 * entry.registers}" if kind == "ascii" else kind,
        order(entry.layout),
        str(entry.function),
        "-" if entry.is_text else str(entry.scale),
    )


def _layout_data(layout: Layout) -> dict[str, Any]:
    return {
        "type": layout.type,
        "registers": layout.registers,
        "word_order": "low_first" if layout.low_word_first else "high_first",
        "byte_order": "low_first" if layout.low_byte_first else "high_first",
    }


def _quantity_data(entry: Register, profile: Profile) -> dict[str, Any]:
    return {
        "name": entry.name,
        "obis": entry.obis,
        "address": entry.address + profile.address_base,
        "wire_address": entry.address,
        **_layout_data(entry.layout),
        "unit": entry.unit,
        "scale": str(entry.scale),
        "exponent": entry.exponent,
        "side": "secondary" if entry.secondary else "primary",
        "interval": entry.interval,
        "quantum": str(entry.quantum),
        "modulus": entry.modulus,
        "no_value": sorted(code.hex() for code in entry.no_value),
        "coding": "four_quadrants" if entry.four_quadrants else None,
    }


def _identity_data(entry: IdentityRegister, profile: Profile) -> dict[str, Any]:
    return {
        "name": entry.name,
        "address": entry.address + profile.address_base,
        "wire_address": entry.address,
        **_layout_data(entry.layout),
        "function": entry.function,
        "asked": list(entry.request),
        "scale": None if entry.is_text else str(entry.scale),
    }
