"""What is wrong with a meter profile, in a technician's words; nothing, for a good one."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

from collector.model.decoding import FLOATS, SIZES
from collector.model.energy import IMPORT
from collector.model.profile import SCHEMA, merged
from collector.model.quantities import OBIS, SECOND_TARIFF, UNITS
from collector.model.schema_faults import Fault, did_you_mean, schema_faults

__all__ = ["Fault", "faults"]

_TEXTS = ("serial", "model", "firmware")
_UNSCALED = (*_TEXTS, "vt_in_use")
_WIRE = 65536

Document = Mapping[str, Any]
Entry = Mapping[str, Any]


def faults(document: Document, schema: Document, file_name: str | None = None) -> list[Fault]:
    """All that is wrong; the rules of meaning are judged once the grammar is right.

    `file_name`: without its ending, where the profile comes from a file.
    """
    if document.get("schema") != SCHEMA:
        given = document.get("schema", "nothing")
        wrong = f"this program reads schema {SCHEMA}, the file says {given}"
        return [Fault("schema", wrong, "see README.md beside the profiles for how it is written")]
    registers = document.get("registers")
    if isinstance(registers, dict):
        document = {**document, "registers": merged(registers)}
    found = schema_faults(document, schema)
    if not found:
        found = [fault for rule in _RULES for fault in rule(document)]
    if file_name is not None and document.get("name") != file_name:
        wrong = f'"{document.get("name")}" is not the name of the file, {file_name}.toml'
        found.insert(0, Fault("name", wrong, "give both the same name"))
    return found


def _quantities(document: Document) -> list[Entry]:
    entries: list[Entry] = document["registers"]["quantity"]
    return entries


def _identity(document: Document) -> list[Entry]:
    entries: list[Entry] = document["registers"]["identity"]
    return entries


def _at(kind: str, entry: Entry, field: str) -> str:
    return f"{kind} {entry['name']}, {field}"


def _size(entry: Entry) -> int:
    return int(entry["registers"]) if entry["type"] == "ascii" else SIZES[entry["type"]]


def _last(entry: Entry) -> int:
    return int(entry["address"]) + _size(entry) - 1


def _span(entry: Entry) -> str:
    return _named(entry["address"], _last(entry))


def _named(first: int, last: int) -> str:
    return f"register {first}" if first == last else f"registers {first} to {last}"


def _every(document: Document) -> Iterator[tuple[str, Entry]]:
    yield from (("quantity", entry) for entry in _quantities(document))
    yield from (("identity", entry) for entry in _identity(document))


def _names_once(document: Document) -> Iterator[Fault]:
    for kind, entries in (("quantity", _quantities(document)), ("identity", _identity(document))):
        for name, times in Counter(entry["name"] for entry in entries).items():
            if times > 1:
                right = "keep one, or correct the name of the others"
                yield Fault(f"{kind} {name}", f"stands {times} times", right)


def _on_the_wire(document: Document) -> Iterator[Fault]:
    base = document["request"]["address_base"]
    right = f"with address_base = {base} an address is from {base} to {base + _WIRE - 1}"
    for kind, entry in _every(document):
        if not base <= entry["address"] <= _last(entry) < base + _WIRE:
            wrong = f"{_span(entry)} cannot be asked for"
            yield Fault(_at(kind, entry, "address"), wrong, right)


def _registers_once(document: Document) -> Iterator[Fault]:
    function = document["request"]["function"]
    for (kind, one), (other_kind, other) in combinations(_every(document), 2):
        if one.get("function", function) != other.get("function", function):
            continue
        if one["address"] <= _last(other) and other["address"] <= _last(one):
            wrong = f"{_span(one)}: shared with {other_kind} {other['name']}, {_span(other)}"
            right = "correct the address or the type of one of them"
            yield Fault(_at(kind, one, "address"), wrong, right)


def _blocks(document: Document) -> Iterator[Fault]:
    base, blocks = document["request"]["address_base"], document["request"].get("readable", [])
    for first, last in blocks:
        if not base <= first <= last < base + _WIRE:
            right = f"write [first, last], both from {base} to {base + _WIRE - 1}"
            yield Fault("request, readable", f"[{first}, {last}] is no block", right)
    for before, after in pairwise(blocks):
        if before[1] >= after[0]:
            wrong = f"{after} begins before {before} has ended"
            right = "order the blocks by address, and give each register to one"
            yield Fault("request, readable", wrong, right)


def _whole_in_a_block(document: Document) -> Iterator[Fault]:
    blocks = document["request"].get("readable")
    if blocks is None or any(_blocks(document)):
        return
    for entry in _quantities(document):
        if not any(first <= entry["address"] and _last(entry) <= last for first, last in blocks):
            wrong = f"{_span(entry)}: not whole inside one block of request.readable"
            right = "correct the address, or the block"
            yield Fault(_at("quantity", entry, "address"), wrong, right)


def _identity_blocks(document: Document) -> Iterator[Fault]:
    base, most = document["request"]["address_base"], document["request"]["max_registers"]
    for entry in _identity(document):
        if "block" not in entry:
            continue
        place, (first, count) = _at("identity", entry, "block"), entry["block"]
        last = first + count - 1
        if not first <= entry["address"] <= _last(entry) <= last:
            wrong = f"{_span(entry)}: not within {_named(first, last)}"
            yield Fault(place, wrong, "write [address, registers] of a block around it")
        elif not base <= first <= last < base + _WIRE:
            right = f"with address_base = {base} an address is from {base} to {base + _WIRE - 1}"
            yield Fault(place, f"{_named(first, last)} cannot be asked for", right)
        elif count > most:
            wrong = f"takes {count} registers, a request at most {most}"
            yield Fault(place, wrong, "correct it, or request.max_registers")


def _fits_a_request(document: Document) -> Iterator[Fault]:
    most = document["request"]["max_registers"]
    for kind, entry in _every(document):
        if _size(entry) > most:
            wrong = f"takes {_size(entry)} registers, a request at most {most}"
            yield Fault(_at(kind, entry, "type"), wrong, "correct it, or request.max_registers")


def _codes_and_units(document: Document) -> Iterator[Fault]:
    for entry in _quantities(document):
        name, code = entry["name"], OBIS.get(entry["name"])
        if code is not None and entry["obis"] != code:
            owner = next(
                (of for of, known in OBIS.items() if known == entry["obis"]), "no quantity"
            )
            wrong = f"{entry['obis']} is the code of {owner}"
            yield Fault(_at("quantity", entry, "obis"), wrong, f'write "{code}"')
        unit = next(unit for kind, unit in UNITS.items() if name.startswith(kind))
        if entry["unit"] != unit:
            wrong = f"{entry['unit']} is not the unit of {name}"
            right = f'write "{unit}", and a scale that makes it so'
            yield Fault(_at("quantity", entry, "unit"), wrong, right)


def _whole_steps(document: Document) -> Iterator[Fault]:
    for entry in _quantities(document):
        if entry["type"] in FLOATS or "exponent" in entry:
            continue
        counts = Fraction(entry["quantum"]) / Fraction(entry["scale"])
        if counts.denominator != 1:
            wrong = f"a step of {entry['quantum']} is not a whole number of counts"
            right = f"one count is {entry['scale']} {entry['unit']}: write that, or a multiple"
            yield Fault(_at("quantity", entry, "quantum"), wrong, right)


def _exponents(document: Document) -> Iterator[Fault]:
    entries = {entry["name"]: entry for entry in _quantities(document)}
    exponents = [name for name in entries if name.startswith("exponent_")]
    scaled: dict[str, list[Entry]] = {name: [] for name in exponents}
    for entry in entries.values():
        name = entry.get("exponent")
        if name is None:
            continue
        if name not in entries:
            right = f"{did_you_mean(name, exponents)}add it as a quantity of type int16"
            yield Fault(_at("quantity", entry, "exponent"), f"there is no {name}", right)
            continue
        scaled[name].append(entry)
    for name, of in scaled.items():
        if not of:
            right = f'write exponent = "{name}" where it belongs, or remove it'
            yield Fault(f"quantity {name}", "scales nothing", right)
            continue
        counted = [entry["name"] for entry in of if entry.get("interval", False)]
        flagged = entries[name].get("interval", False)
        if counted and not flagged:
            wrong = f"is not part of intervals, and {counted[0]} is"
            yield Fault(f"quantity {name}, interval", wrong, "write interval = true")
        if flagged and not counted:
            wrong = "is part of intervals, and nothing that it scales is"
            yield Fault(f"quantity {name}, interval", wrong, "remove it")


def _most_counts(kind: str) -> int:
    """How many counts a register can tell apart from zero upwards; of a float, before it skips."""
    if kind in FLOATS:
        return int(2 ** (FLOATS[kind][2] + 1))
    bits = 16 * SIZES[kind]
    if kind.startswith("bcd"):
        return int(10 ** (bits // 4))
    return int(2 ** (bits if kind.startswith("uint") else bits - 1))


def _rollover(document: Document) -> Iterator[Fault]:
    for entry in _quantities(document):
        modulus = entry.get("modulus")
        if modulus is not None and modulus > (most := _most_counts(entry["type"])):
            wrong = f"{entry['type']} cannot count to {modulus}"
            yield Fault(_at("quantity", entry, "modulus"), wrong, f"write at most {most}")


def _second_tariffs(document: Document) -> Iterator[Fault]:
    entries = {entry["name"]: entry for entry in _quantities(document)}
    for name, entry in entries.items():
        if not name.endswith(SECOND_TARIFF):
            continue
        whole = name.removesuffix(SECOND_TARIFF)
        if whole not in entries:
            yield Fault(f"quantity {name}", f"there is no {whole} to add it to", f"add {whole}")
            continue
        for field in ("type", "scale", "exponent", "side", "interval", "quantum"):
            if entry.get(field) != entries[whole].get(field):
                wrong = f"is not as that of {whole}, to which it is added"
                yield Fault(_at("quantity", entry, field), wrong, "give both the same")


def _missing_codes(document: Document) -> Iterator[Fault]:
    for entry in _quantities(document):
        digits = 4 * _size(entry)
        for code in entry.get("no_value", ()):
            if len(code) != digits:
                wrong = f'"{code}" has {len(code)} digits'
                right = f"{entry['type']} has {digits}, high word first"
                yield Fault(_at("quantity", entry, "no_value"), wrong, right)


def _import(document: Document) -> Iterator[Fault]:
    found = [entry for entry in _quantities(document) if entry["name"] == IMPORT]
    if not found:
        yield Fault("registers, quantity", f"there is no {IMPORT}", "add it: it is what is billed")
    elif not found[0].get("interval", False):
        wrong = "is not part of intervals"
        yield Fault(_at("quantity", found[0], "interval"), wrong, "write interval = true")


def _direct(document: Document) -> Iterator[Fault]:
    if document["instrument"]["connection"] != "direct":
        return
    secondary = [entry["name"] for entry in _quantities(document) if entry["side"] == "secondary"]
    if secondary:
        wrong = f"direct, yet secondary: {', '.join(secondary)}"
        right = 'an instrument without transformers has side = "primary" throughout'
        yield Fault("instrument, connection", wrong, right)


def _identity_meaning(document: Document) -> Iterator[Fault]:
    for entry in _identity(document):
        if entry["name"] in _UNSCALED and "scale" in entry:
            wrong = "only ratios and their sides have a scale"
            yield Fault(_at("identity", entry, "scale"), wrong, "remove it")
        if entry["name"] in _TEXTS:
            if entry["name"] == "serial" and entry["type"] in FLOATS:
                wrong = f"{entry['type']} cannot hold every serial number"
                yield Fault(_at("identity", entry, "type"), wrong, "see the document again")
        elif entry["type"] == "ascii":
            wrong = "a ratio is a number, not text"
            yield Fault(_at("identity", entry, "type"), wrong, "give a type that counts")


def _timing(document: Document) -> Iterator[Fault]:
    request = document["request"]
    typical, jitter, most = request["turnaround_ms"], request["jitter_ms"], request["timeout_ms"]
    if jitter > typical:
        wrong = f"an answer cannot come {jitter} ms before the usual {typical} ms"
        yield Fault("request, jitter_ms", wrong, f"write at most {typical}")
    if typical + jitter > most:
        wrong = f"{most} ms is over before the latest usual answer, {typical} + {jitter} ms"
        yield Fault("request, timeout_ms", wrong, f"write at least {typical + jitter}")


_RULES: Iterable[Callable[[Document], Iterator[Fault]]] = (
    _names_once,
    _on_the_wire,
    _registers_once,
    _blocks,
    _whole_in_a_block,
    _fits_a_request,
    _identity_blocks,
    _codes_and_units,
    _whole_steps,
    _exponents,
    _rollover,
    _second_tariffs,
    _missing_codes,
    _import,
    _direct,
    _identity_meaning,
    _timing,
)
