"""What opens a site's stages: judged by the register, compiled into the gateway's configuration."""

from typing import Any

import pytest
from collector_world import ZONE, TestGateway, meter_record, site_record

from collector.evidence.configuration import is_stage
from collector.model.actuator import actuator_names
from collector.model.records import Feeder, FrequencyRelay, Site, Stage
from collector.registry.configuration import compile_stage
from collector.registry.references.equipment import odd_of_site
from collector.registry.references.grid import site as judge
from collector.registry.view import View

GATEWAY = TestGateway()
CONTACTOR, RELEASE, SHUNT = "abb-af205", "schneider-nsf-mn", "schneider-nsf-mx"


def stage(**changes: Any) -> Stage:
    whole = {
        "id": 1,
        "name": "hall 1",
        "output": 1,
        "min_off_ms": 60_000,
        "min_on_ms": 0,
        "confirm_ms": 500,
        "actuator": CONTACTOR,
        "inputs": {"selector": 21},
    }
    return Stage.model_validate(whole | changes)


def site(*stages: Stage, **changes: Any) -> Site:
    whole = {"stages": stages or (stage(),), "gateway_circuit": "separate"}
    return site_record(GATEWAY).model_copy(update=whole | changes)


def faults(record: Site) -> list[str]:
    fields = ("stages", "gateway_circuit", "protected_floor", "frequency_relay")
    return [text for field, text in judge(View([record]), record) if field in fields]


def odd(record: Site, *others: Any) -> list[str]:
    return [f"{field}: {text}" for field, text in odd_of_site(View([record, *others]), record)]


def test_a_contactor_with_its_selector_is_in_order() -> None:
    assert faults(site()) == []


def test_a_stage_must_not_feed_its_gateway() -> None:
    (fault,) = faults(site(gateway_circuit=1))
    assert "an order to open it would unpower the gateway" in fault
    assert "feed it from the protected floor" in fault
    (fault,) = faults(site(gateway_circuit=7))
    assert fault == "'floor', 'separate' or a stage of the site, one of [1]; given: 7"


def test_nor_must_a_stage_that_opens_the_line_which_feeds_the_site() -> None:
    lines = [
        Feeder(name="upper", zone=ZONE, substation="S", valid_from=0),
        Feeder(name="lower", zone=ZONE, substation="S", valid_from=0, parent="upper"),
        Feeder(name="other", zone=ZONE, substation="S", valid_from=0),
    ]

    def told(feeder: str, circuit: str | None) -> list[str]:
        record = site(stage(feeder=feeder), gateway_circuit=circuit, feeder="lower")
        return [t for f, t in judge(View([record, *lines]), record) if f == "gateway_circuit"]

    for circuit in ("floor", None):
        (fault,) = told("upper", circuit)
        assert fault.startswith("stage 1 opens line 'upper', which feeds the site and gateway")
    assert told("upper", "separate") == []
    assert told("other", "floor") == []


def test_outputs_are_shared_by_nothing() -> None:
    first = stage(soft_stop={"output": 2, "run_down_ms": 10})
    second = stage(id=2, output=3, cooling={"output": 2, "run_on_ms": 10})
    assert faults(site(first, second)) == ["the output 2 stands twice"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"actuator": "fuse"}, "stage 1: actuator: there is no actuator 'fuse'; known are: abb-"),
        ({"inputs": {}}, "stage 1: inputs: wire a selector or a reset button"),
        ({"inputs": {"trip": 23}, "actuator": RELEASE}, "stage 1: inputs: wire a selector"),
        ({"inputs": {"selector": 21, "trip": 21}}, "stage 1: the input 21 stands twice"),
        ({"inputs": {"reset": 1}}, "stage 1: input 1 is the feedback contact of the stage"),
        ({"confirm_ms": 199}, "stage 1: confirm_ms: the contact of 'abb-af205' follows within 200"),
        ({"actuator": SHUNT, "confirm_ms": 449}, "stage 1: confirm_ms: the contact of"),
        ({"permission": 5}, "stage 1: permission: 'abb-af205' is permitted by its own output"),
        ({"actuator": None, "permission": 5}, "stage 1: permission: name the actuator"),
    ],
)
def test_what_does_not_fit_is_said(changes: dict[str, Any], said: str) -> None:
    (fault,) = faults(site(stage(**changes)))
    assert fault.startswith(said)


def test_a_breaker_that_pulses_needs_nothing_to_clear_it() -> None:
    assert faults(site(stage(actuator=SHUNT, inputs={}, permission=5))) == []


def test_a_stage_of_before_is_judged_as_before() -> None:
    record = site_record(GATEWAY)
    assert faults(record) == []
    assert odd(record) == []


def test_what_feeds_the_gateway_should_be_said() -> None:
    told = odd(site(gateway_circuit=None))
    assert any("what feeds the gateway is not said" in text for text in told)


def test_the_floor_has_a_meter_of_its_own() -> None:
    record = site(gateway_circuit="floor", protected_floor=("ventilation", "fire"))
    missing = "protected_floor: it has no meter; hang one whose point is 'floor'"
    assert missing in odd(record)
    assert missing not in odd(record, meter_record(GATEWAY, "M-9", 3, "floor"))
    assert any(
        "no protected floor is declared" in text for text in odd(site(gateway_circuit="floor"))
    )


def test_example_data_is_said_to_be_that() -> None:
    assert any("feedback of 'abb-af205' is example data" in text for text in odd(site()))


@pytest.mark.parametrize("name", actuator_names())
def test_every_actuator_compiles(name: str) -> None:
    assert is_stage(compile_stage(stage(actuator=name)))


def test_all_of_it_compiles() -> None:
    whole = stage(
        actuator=SHUNT,
        inputs={"selector": 21, "reset": 24},
        soft_stop={"output": 11, "run_down_ms": 20_000},
        cooling={"output": 12, "run_on_ms": 300_000},
        permission=13,
    )
    compiled = compile_stage(whole)
    assert is_stage(compiled)
    assert {key: compiled[key] for key in range(5, 10)} == {
        5: [1, 1, 200, 12],
        6: [11, 20_000],
        7: [12, 300_000],
        8: [21, None, None, 24],
        9: 13,
    }


def test_a_stage_of_before_compiles_as_before() -> None:
    (first, _) = site_record(GATEWAY).stages
    assert compile_stage(first) == {0: 1, 1: 1, 2: 0, 3: 0, 4: 1000}


def relay(**changes: Any) -> FrequencyRelay:
    whole = {
        "certificate": "KZ.01.234",
        "well": 11,
        "low": 12,
        "delay_s": 5,
        "restored_s": 600,
        "stages": [1],
    }
    return FrequencyRelay.model_validate(whole | changes)


def test_a_frequency_relay_with_two_contacts_of_its_own_is_in_order() -> None:
    assert faults(site(frequency_relay=relay())) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"low": 11}, "a broken wire would say that the frequency is well"),
        ({"stages": [1, 2]}, "stages: one of [1]; given: 2"),
        ({"stages": [1, 1]}, "stage 1 stands twice"),
        ({"well": 1}, "contact 1 is a stage's feedback or input"),
        ({"low": 21}, "contact 21 is a stage's feedback or input"),
    ],
)
def test_a_frequency_relay_that_does_not_fit_is_refused(changes: dict[str, Any], said: str) -> None:
    (fault,) = faults(site(frequency_relay=relay(**changes)))
    assert said in fault


def test_no_relay_opens_a_line() -> None:
    line = stage(feeder="line-1")
    found = faults(site(line, frequency_relay=relay()))
    assert [fault for fault in found if "a person orders that, no relay" in fault]


def test_what_would_be_under_frequency_load_shedding_is_refused() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 5"):
        relay(delay_s=4)
