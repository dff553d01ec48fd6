"""A meter of the register, compiled: requests, forms, what an energy can rise by."""

from typing import Any

import pytest

from collector.evidence.configuration import is_meter
from collector.model.profile_files import profile_names
from collector.model.records import Line, Meter
from collector.registry.configuration import compile_meter
from collector.registry.profiles import load_profile

SIGNED, FLOAT, LOW_WORD_FIRST = 2, 3, 8
MANNERS, STALE, SAMPLE, QUANTITIES, INTERVAL, IDENTITY = 9, 10, 11, 12, 13, 14


def meter(profile: str, **fields: Any) -> Meter:
    given: dict[str, Any] = {
        "serial": "1",
        "site": "site",
        "gateway": "00" * 8,
        "slot": 0,
        "bus": 0,
        "unit": 1,
        "ct": (300, 5),
        "vt": (10_000, 100),
        "point": "delivery",
    }
    return Meter(profile=profile, **(given | fields))


def compiled(profile: str, **fields: Any) -> dict[int, Any]:
    return compile_meter(meter(profile, **fields), load_profile(profile))


def holds(request: list[int], quantity: list[int]) -> bool:
    return request[0] <= quantity[0] and sum(quantity[:2]) <= sum(request)


@pytest.mark.parametrize("name", profile_names())
def test_every_quantity_of_every_instrument_is_whole_in_one_request(name: str) -> None:
    body, profile = compiled(name), load_profile(name)
    assert is_meter(body)
    energies = [quantity for quantity in body[QUANTITIES] if len(quantity) == 4]
    for requests, quantities in ((body[SAMPLE], body[QUANTITIES]), (body[INTERVAL], energies)):
        assert all(count <= profile.max_registers for _, count in requests)
        for quantity in quantities:
            assert sum(holds(request, quantity) for request in requests) == 1
    names = [entry.name for entry in profile.registers]
    assert len(body[QUANTITIES]) == len(names)
    assert [len(quantity) == 4 for quantity in body[QUANTITIES]] == [
        entry.interval for entry in profile.registers
    ]


def test_an_identity_register_in_a_block_is_asked_for_with_all_of_it() -> None:
    assert [3, 64001, 27] in compiled("siemens-pac3200")[IDENTITY]


def of(name: str, quantity: str, **fields: Any) -> list[int]:
    names = [entry.name for entry in load_profile(name).registers]
    entry: list[int] = compiled(name, **fields)[QUANTITIES][names.index(quantity)]
    return entry


def test_an_energy_says_its_form_and_how_fast_the_wiring_lets_it_rise() -> None:
    # 120 % of 300 A and 120 V × 100: twice 360 A × 12 kV are 8.64 MW, 2400 Wh a second, in Wh
    assert of("schneider-pm5560", "active_energy_import") == [3203, 4, SIGNED, 2400]
    # 120 % of 2500 A and 690 V, without a voltage transformer: 4.14 MW, 1150 Wh, in 100 Wh
    low = of("carlo-gavazzi-em24", "active_energy_import", ct=(2500, 5), vt=(1, 1))
    assert low == [0x003E, 2, SIGNED + LOW_WORD_FIRST, 12]


def test_an_energy_with_an_exponent_may_not_fall_unseen_either() -> None:
    _, _, form, most = of("schneider-pm750", "active_energy_import")
    assert form == 1  # unsigned
    assert most >= 2400  # in Wh, of which a count may be one or more
    assert of("schneider-pm750", "exponent_4")[2:] == [0, 0]  # the same bytes twice


def test_a_float_rises_in_1024ths_of_its_unit_and_by_two_units_at_least() -> None:
    small = of("eastron-sdm630", "active_energy_import", ct=(5, 5), vt=(1, 1))
    assert small == [0x0048, 2, FLOAT, 2048]


def test_what_is_measured_has_no_form() -> None:
    assert len(of("schneider-pm5560", "active_power")) == 2


def test_manners_are_the_profiles_unless_the_installation_says_other() -> None:
    profile = load_profile("carlo-gavazzi-em24")
    assert compiled("carlo-gavazzi-em24")[MANNERS] == [profile.timeout_ms, profile.gap_ms, 1, None]
    line = Line(baud=4800, parity="even", stop_bits=2)
    own = compiled("carlo-gavazzi-em24", timeout_ms=900, gap_ms=0, retries=3, line=line)
    assert own[MANNERS] == [900, 0, 3, [4800, 1, 2]]


@pytest.mark.parametrize("name", profile_names())
def test_stale_after_ten_refreshes_or_a_minute_or_five_where_none_is_stated(name: str) -> None:
    update_ms = load_profile(name).instrument.update_ms
    wanted = 300_000 if update_ms is None else max(60_000, 10 * update_ms)
    assert compiled(name)[STALE] == wanted


def test_identity_registers_are_asked_for_one_by_one_with_their_function() -> None:
    profile = load_profile("eastron-sdm630")
    assert compiled("eastron-sdm630")[IDENTITY] == [
        [entry.function, entry.address, entry.registers] for entry in profile.identity
    ]
    assert profile.identity
