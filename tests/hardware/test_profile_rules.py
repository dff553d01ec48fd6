"""Each rule catches its error, says where it is, and what would be right."""

import copy
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.model.profile import Profile
from collector.model.profile_files import NotTomlError, profile_schema, toml_document
from collector.model.profile_rules import faults

GOOD = """
schema = 2
name = "vendor-model"
vendor = "Vendor"
model = "Model"
protocol = "modbus"
status = "unconfirmed"
unconfirmed = "the time to answer"
notes = "Values are primary."
quirks = []

[[source]]
document = "Manual"
url = "https://example.com"
read = "Page 1"

[[conflict]]
about = "the import"
says = ["source A: 101", "source B: 99"]
taken = "101"

[instrument]
connection = "transformer"
wiring = ["3P4W"]
max_current_a = 6
active_energy_class = "0.5S"

[transport]
baud = 9600
parity = "none"
stop_bits = 1
tcp = false

[request]
function = 3
address_base = 1
max_registers = 20
timeout_ms = 300
gap_ms = 10
turnaround_ms = 20
jitter_ms = 10
readable = [[101, 110], [120, 125]]

[registers]
default = { type = "int32", word_order = "high_first", side = "primary" }
quantity = [
  { name = "active_energy_import", obis = "1-0:1.8.0", address = 101, unit = "Wh", scale = "10", quantum = "100", interval = true, modulus = 1000000, exponent = "exponent_1" },
  { name = "active_power", obis = "1-0:16.7.0", address = 103, unit = "W", scale = "1/10", quantum = "1/10", no_value = ["7fffffff"] },
  { name = "frequency", obis = "1-0:14.7.0", address = 120, type = "float32", unit = "Hz", scale = "1", quantum = "1/1000" },
  { name = "exponent_1", address = 105, type = "int16", unit = "1", scale = "1", quantum = "1", interval = true },
]
identity = [
  { name = "serial", address = 900, type = "ascii", registers = 8 },
  { name = "ct_primary", address = 910, type = "uint16", scale = "1/10" },
]
"""  # noqa: E501


class _Gone:
    def __repr__(self) -> str:
        return "GONE"


GONE = _Gone()
ENERGY = ("registers", "quantity", 0)
POWER = ("registers", "quantity", 1)
EXPONENT = ("registers", "quantity", 3)
SERIAL = ("registers", "identity", 0)
CT = ("registers", "identity", 1)
SECOND = {
    "name": "active_energy_import_t2",
    "obis": "1-0:1.8.2",
    "address": 107,
    "unit": "Wh",
    "scale": "10",
    "quantum": "100",
    "interval": True,
    "exponent": "exponent_1",
}
E = "quantity active_energy_import"
E1 = "quantity 1 (active_energy_import)"
P = "quantity active_power"
X4 = "quantity 4 (exponent_1)"
P2 = "quantity 2 (active_power)"


def changed(*changes: tuple[tuple[str | int, ...], Any]) -> dict[str, Any]:
    document: Any = copy.deepcopy(tomllib.loads(GOOD))
    for path, value in changes:
        here = document
        for step in path[:-1]:
            here = here[step]
        if value is GONE:
            del here[path[-1]]
        elif isinstance(here, list) and path[-1] == len(here):
            here.append(value)
        else:
            here[path[-1]] = value
    result: dict[str, Any] = document
    return result


def found(document: dict[str, Any]) -> list[str]:
    return [str(fault) for fault in faults(document, profile_schema(), "vendor-model")]


def test_the_example_is_good() -> None:
    assert found(changed()) == []


BROKEN_GRAMMAR: list[tuple[tuple[str | int, ...], Any, str, str, str]] = [
    # field, its new value; the place, what is wrong, what would be right
    (("schema",), 1, "schema", "reads schema 2, the file says 1", "README"),
    (("vendor",), GONE, "vendor", "is missing", "add vendor"),
    (("vendor",), "", "vendor", "is empty", "write something"),
    (("vendor",), 7, "vendor", "7 is not text in quotes", "write text in quotes"),
    (("unconfirmed",), GONE, "unconfirmed", "is missing", "what was not read, and why"),
    (("status",), "confirmed", "unconfirmed", "does not belong", 'status = "unconfirmed"'),
    (("status",), "unconfirmd", "status", "is not known", "did you mean unconfirmed?"),
    (("source",), [], "source", "the number of entries is 0", "at least 1"),
    (("source", 0, "url"), "page 4", "source 1, url", "form", "https://"),
    (("colour",), "grey", "colour", "is no known field", "one of: schema, name"),
    (("conflict", 0, "says"), ["A"], "conflict 1, says", "entries is 1", "at least 2"),
    (("protocol",), "dlms", "protocol", '"dlms" is not possible', 'protocol = "modbus"'),
    (("instrument", "active_energy_class"), "0.5s", "instrument, active_energy_class",
     "is not known", "did you mean 0.5S? one of: 0.2S"),
    (("instrument", "wiring"), ["3P4W", "3P4W"], "instrument, wiring", "twice", "once"),
    (("instrument", "wiring", 0), "4W", "instrument, wiring 1", "is not known", "3P3W"),
    (("transport", "baud"), "9600", "transport, baud", '"9600" is in quotes', "without"),
    (("transport", "tcp"), "no", "transport, tcp", '"no" is not true or false', "true or false"),
    (("request", "max_registers"), 126, "request, max_registers", "126 is out", "at most 125"),
    (("request", "timeout_ms"), 0, "request, timeout_ms", "0 is out", "at least 1"),
    (("request", "timeout"), 300, "request, timeout", "no known field", "did you mean timeout_ms"),
    ((*ENERGY, "scale"), "0.1", f"{E1}, scale", '"0.1" is not in the form', 'write "1/10"'),
    ((*ENERGY, "scale"), 1000, f"{E1}, scale", "1000 is not in quotes", 'write "1000"'),
    ((*ENERGY, "scale"), 0.25, f"{E1}, scale", "0.25 is not in quotes", 'write "1/4"'),
    ((*ENERGY, "scale"), "0", f"{E1}, scale", '"0" is not in the form', "greater than zero"),
    ((*ENERGY, "scale"), "1" * 5000, f"{E1}, scale", "is not in the form", "at most 18 digits"),
    ((*ENERGY, "scale"), "1e99999999", f"{E1}, scale", "is not in the form", "at most 18 digits"),
    ((*ENERGY, "scale"), "1/" + "3" * 19, f"{E1}, scale", "not in the form", "at most 18 digits"),
    ((*ENERGY, "quantum"), 1e300, f"{E1}, quantum", "1e+300 is not text", "text in quotes"),
    ((*ENERGY, "modulus"), 10**30, f"{E1}, modulus", "out of range", str(2**64)),
    ((*POWER, "coding"), "four_quadrants", f"{P2}, coding", "does not belong", "only power_factor"),
    ((*ENERGY, "scale"), "ten", f"{E1}, scale", '"ten" is not in the form', "fraction of two"),
    ((*ENERGY, "type"), "int23", f"{E1}, type", '"int23" is not known', "did you mean int32?"),
    ((*ENERGY, "word_order"), "little", f"{E1}, word_order", "not known", "high_first, low_first"),
    ((*ENERGY, "name"), "active_energy_imprt", "quantity 1 (active_energy_imprt), name",
     "is not known", "did you mean active_energy_import?"),
    ((*ENERGY, "name"), GONE, "quantity 1, name", "is missing", "add name"),
    ((*ENERGY, "obis"), GONE, f"{E1}, obis", "is missing", "README"),
    ((*ENERGY, "obis"), "1.8.0", f"{E1}, obis", "form", "1-0:1.8.0"),
    ((*POWER, "interval"), True, f"{P2}, interval", "true is not possible", "only energies"),
    ((*POWER, "modulus"), 1000, f"{P2}, modulus", "does not belong", "only energies"),
    ((*POWER, "no_value", 0), "7FFF", f"{P2}, no_value 1", "form", "small letters"),
    ((*POWER, "unit"), "kW", f"{P2}, unit", '"kW" is not known', "write W, and a scale 1000 times"),
    ((*POWER, "unit"), "w", f"{P2}, unit", '"w" is not known', "did you mean W?"),
    ((*POWER, "unit"), 1, f"{P2}, unit", "1 is not known", "one of: Wh"),
    ((*EXPONENT, "type"), "uint16", f"{X4}, type", "not possible", '"int16"'),
    ((*EXPONENT, "obis"), "1-0:1.8.0", f"{X4}, obis", "belong", "no OBIS"),
    ((*EXPONENT, "exponent"), "exponent_2", f"{X4}, exponent", "belong", "remove"),
    ((*SERIAL, "registers"), GONE, "identity 1 (serial), registers", "is missing", "how many"),
    ((*CT, "registers"), 1, "identity 2 (ct_primary), registers", "belong", "only ascii"),
    (("registers", "default", "type"), "int23", "default, type", "not known", "mean int32?"),
    (("registers", "default", "typ"), "int32", "default, typ", "no known field", "mean type?"),
    (("registers", "identity"), GONE, "registers, identity", "is missing", "identity = []"),
    (("registers",), 5, "registers", "5 is not a table", "a table of fields"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "place", "wrong", "right"),
    BROKEN_GRAMMAR,
    ids=[f"{'.'.join(map(str, each[0]))}: {each[2]}" for each in BROKEN_GRAMMAR],
)
def test_grammar_is_explained_once(
    path: tuple[str | int, ...], value: Any, place: str, wrong: str, right: str
) -> None:
    said = found(changed((path, value)))
    assert len(said) == 1, said
    assert said[0].startswith(f"{place}: ")
    assert wrong in said[0]
    assert right in said[0].split("; ", 1)[1]


def test_a_byte_order_mark_is_nothing() -> None:
    content = b"\xef\xbb\xbf" + GOOD.encode()
    assert found(toml_document(content)) == []
    assert Profile.parse(content).name == "vendor-model"


def test_a_misspelt_field_is_not_said_to_be_missing_too() -> None:
    (said,) = found(changed(((*ENERGY, "scale"), GONE), ((*ENERGY, "scal"), "10")))
    assert said.startswith(f"{E1}, scal: is no known field; did you mean scale?")


BROKEN_SENSE: list[tuple[list[tuple[tuple[str | int, ...], Any]], str, str, str]] = [
    ([(("name",), "vendor-other")], "name", "not the name of the file", "same name"),
    ([(("registers", "identity", 2), {"name": "ct_primary", "address": 920, "type": "int16"})],
     "identity ct_primary", "stands 2 times", "keep one"),
    ([((*CT, "address"), 0)], "identity ct_primary, address", "register 0 cannot", "1 to 65536"),
    ([((*CT, "address"), 65537)], "identity ct_primary, address", "cannot be asked", "65536"),
    ([((*POWER, "address"), 102)], f"{E}, address",
     "registers 101 to 102: shared with quantity active_power, registers 102 to 103", "correct"),
    ([((*CT, "address"), 907)], "identity serial, address", "shared with identity", "correct"),
    ([((*CT, "address"), 104)], f"{P}, address", "shared with identity ct_primary", "correct"),
    ([(("request", "readable"), [[101, 110], [125, 120], [126, 130]])], "request, readable",
     "[125, 120] is no block", "[first, last]"),
    ([(("request", "readable"), [[101, 110], [110, 125]])], "request, readable",
     "[110, 125] begins before", "order the blocks"),
    ([(("request", "readable"), [[120, 125], [101, 110]])], "request, readable",
     "[101, 110] begins before", "order the blocks"),
    ([(("request", "readable", 0), [0, 110])], "request, readable", "[0, 110] is no", "from 1"),
    ([(("request", "readable", 0), [101, 103]), ((*EXPONENT, "address"), 122)], f"{P}, address",
     "registers 103 to 104: not whole inside one block", "or the block"),
    ([(("request", "max_registers"), 7)], "identity serial, type", "takes 8 registers", "max_reg"),
    ([((*ENERGY, "obis"), "1-0:2.8.0")], f"{E}, obis",
     "the code of active_energy_export", '"1-0:1.8.0"'),
    ([((*POWER, "obis"), "1-0:99.7.0")], f"{P}, obis", "code of no quantity", '"1-0:16.7.0"'),
    ([((*POWER, "unit"), "var")], f"{P}, unit", "var is not the unit", 'write "W"'),
    ([((*POWER, "quantum"), "1/20")], f"{P}, quantum", "not a whole number", "1/10 W"),
    ([((*POWER, "exponent"), "exponent_2")], f"{P}, exponent", "there is no exponent_2",
     "did you mean exponent_1?"),
    ([((*ENERGY, "exponent"), GONE)], "quantity exponent_1", "scales nothing", "remove it"),
    ([((*EXPONENT, "interval"), GONE)], "quantity exponent_1, interval",
     "active_energy_import is", "interval = true"),
    ([((*ENERGY, "exponent"), GONE), ((*POWER, "exponent"), "exponent_1")],
     "quantity exponent_1, interval", "nothing that it scales is", "remove it"),
    ([((*ENERGY, "modulus"), 2**31 + 1)], f"{E}, modulus", "int32 cannot", str(2**31)),
    ([((*ENERGY, "modulus"), 2**32 + 1), ((*ENERGY, "type"), "uint32")], f"{E}, modulus",
     "uint32 cannot", str(2**32)),
    ([((*ENERGY, "modulus"), 10**8 + 1), ((*ENERGY, "type"), "bcd32")], f"{E}, modulus",
     "bcd32 cannot", str(10**8)),
    ([((*ENERGY, "modulus"), 2**24 + 1), ((*ENERGY, "type"), "float32")], f"{E}, modulus",
     "float32 cannot", str(2**24)),
    ([((*POWER, "name"), "active_energy_export_t2"), ((*POWER, "obis"), "1-0:2.8.2"),
      ((*POWER, "unit"), "Wh")], "quantity active_energy_export_t2",
     "there is no active_energy_export", "add active_energy_export"),
    ([(("registers", "quantity", 4), SECOND | {"quantum": "200"})],
     "quantity active_energy_import_t2, quantum", "not as that of active_energy_import", "same"),
    ([((*POWER, "no_value"), ["7fff"])], f"{P}, no_value", "4 digits", "int32 has 8"),
    ([((*ENERGY, "interval"), GONE), ((*EXPONENT, "interval"), GONE)], f"{E}, interval",
     "not part of intervals", "interval = true"),
    ([((*ENERGY, "name"), "active_energy_export"), ((*ENERGY, "obis"), "1-0:2.8.0")],
     "registers, quantity", "there is no active_energy_import", "what is billed"),
    ([(("instrument", "connection"), "direct"), ((*POWER, "side"), "secondary")],
     "instrument, connection", "secondary: active_power", 'side = "primary"'),
    ([((*SERIAL, "scale"), "1")], "identity serial, scale", "only ratios", "remove"),
    ([((*CT, "name"), "vt_in_use")], "identity vt_in_use, scale", "only ratios", "remove"),
    ([((*SERIAL, "block"), [901, 16])], "identity serial, block",
     "registers 900 to 907: not within registers 901 to 916", "around it"),
    ([((*SERIAL, "block"), [900, 21])], "identity serial, block", "takes 21 registers",
     "max_reg"),
    ([((*SERIAL, "block"), [0, 20]), ((*SERIAL, "address"), 1)], "identity serial, block",
     "registers 0 to 19 cannot be asked for", "address_base = 1"),
    ([(SERIAL, {"name": "serial", "address": 900, "type": "float32", "word_order": "low_first"})],
     "identity serial, type", "float32 cannot hold", "document"),
    ([(CT, {"name": "ct_ratio", "address": 910, "type": "ascii", "registers": 2})],
     "identity ct_ratio, type", "a number, not text", "counts"),
    ([(("request", "jitter_ms"), 21)], "request, jitter_ms", "21 ms before the usual 20", "20"),
    ([(("request", "timeout_ms"), 29)], "request, timeout_ms", "29 ms is over", "at least 30"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "place", "wrong", "right"),
    BROKEN_SENSE,
    ids=[f"{each[1]}: {each[2]}" for each in BROKEN_SENSE],
)
def test_each_rule_catches_its_error(
    changes: list[tuple[tuple[str | int, ...], Any]], place: str, wrong: str, right: str
) -> None:
    said = found(changed(*changes))
    assert len(said) == 1, said
    assert said[0].startswith(f"{place}: ")
    assert wrong in said[0]
    assert right in said[0].split("; ", 1)[1]


GOOD_TOO: list[list[tuple[tuple[str | int, ...], Any]]] = [
    [(("conflict",), GONE)],
    [(("request", "readable"), GONE)],
    [(("registers", "identity"), [])],
    [((*SERIAL, "block"), [895, 20])],
    [(("status",), "confirmed"), (("unconfirmed",), GONE)],
    [((*ENERGY, "modulus"), 2**31)],
    [((*ENERGY, "modulus"), 2**24), ((*ENERGY, "type"), "float32")],
    [(("registers", "quantity", 4), SECOND)],
    [((*ENERGY, "modulus"), 10**8), ((*ENERGY, "type"), "bcd32")],
    [((*POWER, "exponent"), "exponent_1")],
    [((*CT, "address"), 103), ((*CT, "function"), 4)],  # another function's registers
    [((*CT, "address"), 65536)],
    [(("instrument", "connection"), "either"), ((*POWER, "side"), "secondary")],
]


@pytest.mark.parametrize("changes", GOOD_TOO, ids=str)
def test_what_is_right_is_let_be(changes: list[tuple[tuple[str | int, ...], Any]]) -> None:
    assert found(changed(*changes)) == []


def places(here: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(here, str | int):
        return [path]
    steps = here.items() if isinstance(here, dict) else enumerate(here)
    inner = [each for step, value in steps for each in places(value, (*path, step))]
    return [path, *inner] if path else inner


JUNK = st.sampled_from(
    [GONE, "", "x", "k", "1/0", -1, 10**30, 1.5, float("nan"), True, [], {}, [[]], ["x"], [{}]]
)


@given(st.sampled_from(places(changed())), JUNK)
def test_nothing_in_a_file_is_too_odd_to_be_judged(path: tuple[str | int, ...], junk: Any) -> None:
    for said in found(changed((path, junk))):
        assert 3 <= len(said) <= 600
        assert "; " in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'name = "a"\nvendor = \n', "line 2, column 10"),
        (b'name = "a"\nvendor = "b', "line 2, column 12"),
        (b'name = "a"\nnotes = "\xff"\n', "line 2, column 10"),
        (b"a = 1\na = 2\n", "line 2"),
        (b"a = " + b"1" * 5000, "a number in it is too long"),
    ],
)
def test_a_file_that_is_no_toml_says_where(content: bytes, said: str) -> None:
    with pytest.raises(NotTomlError, match=said):
        toml_document(content)
