"""The figures of `/api/state`, from a database that the rooms filled."""

from pathlib import Path
from typing import Any

import pytest
from control_room import NOW_MS, PERIOD_MS, SITES, START_MS, ControlRoom, empty, registered
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event

from collector.evidence.frame import Stream
from collector.model.order import Step
from collector.model.records import Authority, OrderReason, Quota
from collector.orders import acts, store
from collector.orders.drafting import Asked, terms_of
from collector.web import render
from collector.web.app import create_app
from collector.web.board import read_board


def state_of(room: ControlRoom, now_ms: int = NOW_MS) -> dict[str, Any]:
    app = create_app(room.engine, room.registry, room.series, room.statuses, lambda: now_ms)
    response = TestClient(app).get("/api/state")
    assert response.status_code == 200
    state: dict[str, Any] = response.json()
    return state


def site_of(state: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(site for site in state["sites"] if site["name"] == name)
    return found


def test_top_line(room: ControlRoom) -> None:
    state = state_of(room)
    assert state["market"]["is_real"] is False
    assert state["market"]["period_start_ms"] == START_MS
    assert state["market"]["period_end_ms"] == START_MS + PERIOD_MS
    assert state["power_w"] == 3_240_000 + 1_480_000 + 2_800_000
    assert state["allowed_w"] == 3 * 3_600_000
    assert state["unread_sites"] == 0
    assert state["frames"] == 1_284
    assert state["refused"] == {"bad_signature": 3, "unknown_gateway": 1}


def test_zones_say_what_was_bought_of_their_quota(room: ControlRoom) -> None:
    def north() -> dict[str, Any]:
        found: dict[str, Any] = next(z for z in state_of(room)["zones"] if z["name"] == "north")
        return found

    def publish(energy_mwh: str) -> None:
        quota = Quota(
            zone="north", start=START_MS, energy_mwh=energy_mwh, document_sha256="ab" * 32
        )
        room.registry.record([quota], bytes(32), NOW_MS)

    bought_wh = north()["bought_wh"]
    assert north()["quota_wh"] is None
    assert north()["is_over_quota"] is False
    publish(f"{bought_wh / 1_000_000}")
    assert (north()["quota_wh"], north()["is_over_quota"]) == (bought_wh, False)
    publish(f"{(bought_wh - 1000) / 1_000_000}")
    assert (north()["quota_wh"], north()["is_over_quota"]) == (bought_wh - 1000, True)
    page = TestClient(
        create_app(room.engine, room.registry, room.series, room.statuses, lambda: NOW_MS)
    ).get("/")
    assert "above it by 1.000 kWh" in page.text


def test_site_within_its_allowance(room: ControlRoom) -> None:
    site = site_of(state_of(room), "ekibastuz-1")
    assert site["condition"] == "within"
    assert site["power_w"] == 3_240_000
    allowance = site["allowance"]
    assert allowance["allowed_wh"] == 20_000
    assert allowance["used_wh"] == 3_240_000 * 12 // 3600
    assert allowance["projected_wh"] == 18_000
    assert allowance["exceeds_at_ms"] is None
    assert [(period["measured_wh"], period["outcome"]) for period in site["periods"]] == [
        (18_000, "within")
    ] * 4
    assert [period["start_ms"] for period in site["periods"]] == [
        START_MS - n * PERIOD_MS for n in (1, 2, 3, 4)
    ]


def test_breach_is_projected_and_then_true(tmp_path: Path) -> None:
    room = registered(tmp_path)
    room.run_site("ekibastuz-1", {0: 3_700_000}, periods=1)
    site = site_of(state_of(room), "ekibastuz-1")
    assert site["condition"] == "will_exceed"
    # 20 000 Wh at 3.7 MW last 19.46 s
    assert abs(site["allowance"]["exceeds_at_ms"] - (START_MS + 19_460)) < 20
    room.run_site("pavlodar-2", {0: 9_000_000}, periods=1)
    over = site_of(state_of(room), "pavlodar-2")
    assert over["condition"] == "over"
    assert over["allowance"]["is_over"] is True
    assert over["allowance"]["exceeds_at_ms"] is None


def test_margin_shows_a_breach_of_less_than_half_a_watt_hour(tmp_path: Path) -> None:
    room = registered(tmp_path)
    serial = room.registry.view().delivery_meters("ekibastuz-1", NOW_MS)[0].serial
    room.add_snapshots(serial, {START_MS - PERIOD_MS: 0, START_MS: 200_001}, "1/10")
    room.check()
    (period,) = site_of(state_of(room), "ekibastuz-1")["periods"]
    assert (period["measured_wh"], period["allowed_wh"]) == (20_000, 20_000)
    assert (period["outcome"], period["margin_wh"]) == ("breach", 1)


def test_order_and_what_it_holds(room: ControlRoom) -> None:
    state = state_of(room)
    notified, verified = state["orders"]
    assert [step["step"] for step in verified["steps"]] == [
        "drafted",
        "approved",
        "notified",
        "issued",
        "received",
        "applied",
        "verified",
    ]
    assert [step["elapsed_ms"] for step in verified["steps"]] == [0, 0, 0, 2000, 2400, 2700, 7000]
    assert verified["steps"][5]["position"] == 319
    assert verified["result"] == "full"
    assert verified["drop"] == {
        "stage_before_w": 2_160_412,
        "stage_after_w": 812,
        "site_before_w": 3_600_119,
        "site_after_w": 1_440_377,
    }
    assert verified["is_example"] is True
    assert notified["notice_until_ms"] == START_MS + 13_000
    site = site_of(state, "pavlodar-2")
    assert site["condition"] == "curtailed"
    assert [stage["state"] for stage in site["stages"]] == ["open", "no_order"]
    assert site["stages"][0]["since_ms"] == verified["steps"][5]["at_ms"]


@pytest.mark.parametrize(
    ("last", "state"),
    [
        (Step.ISSUED, "ordered_open"),
        (Step.APPLIED, "applied"),
        (Step.CONTACT_CONFIRMED, "open"),
        (Step.LAPSED, "closing"),
        (Step.RELEASED, "closing"),
        (Step.RESTORED, "restored"),
        (Step.FAILED, "unknown"),
    ],
)
def test_stage_after_each_step(tmp_path: Path, last: Step, state: str) -> None:
    room = registered(tmp_path)
    room.run_site("pavlodar-2", {0: 3_700_000}, periods=2)
    room.check()
    order = room.draft("pavlodar-2", START_MS)
    ways = {
        Step.FAILED: [Step.ISSUED, Step.FAILED],
        Step.ISSUED: [Step.ISSUED],
        Step.LAPSED: [Step.ISSUED, Step.LAPSED],
    }
    full = [
        Step.ISSUED,
        Step.RECEIVED,
        Step.APPLIED,
        Step.CONTACT_CONFIRMED,
        Step.RELEASED,
        Step.RESTORED,
    ]
    way = ways.get(last) or full[: full.index(last) + 1]
    for step in [Step.APPROVED, Step.NOTIFIED, *way]:
        order = room.take(order, step, START_MS + 1_000)
    assert site_of(state_of(room), "pavlodar-2")["stages"][0]["state"] == state


def test_stage_of_two_orders_is_what_holds_it_open(tmp_path: Path) -> None:
    room = registered(tmp_path)
    room.run_site("temirtau-3", {0: 6_900_000}, periods=1)
    room.check()
    breach = room.draft("temirtau-3", START_MS)
    for step in (Step.APPROVED, Step.NOTIFIED, Step.ISSUED, Step.RECEIVED, Step.APPLIED):
        breach = room.take(breach, step, START_MS + 1_000)
    licence = room.draft("temirtau-3", START_MS + 2_000)
    assert (breach.parts[0].cut.stages, licence.parts[0].cut.stages) == ((1,), (1, 2))
    stages = site_of(state_of(room), "temirtau-3")["stages"]
    assert [stage["state"] for stage in stages] == ["applied", "announced"]


def test_licence_ended_and_still_mining(room: ControlRoom) -> None:
    state = state_of(room)
    site = site_of(state, "temirtau-3")
    assert site["condition"] == "unlicensed_load"
    assert site["licence"]["state"] == "ended"
    assert site["licence"]["until_ms"] == START_MS - 5_000
    finding = state["findings"][0]
    assert (finding["code"], finding["is_present"]) == ("licence.unlicensed_load", True)


def test_licence_ends_to_the_millisecond(room: ControlRoom) -> None:
    until_ms = START_MS - 5_000
    before = site_of(state_of(room, until_ms - 1), "temirtau-3")["licence"]["state"]
    after = site_of(state_of(room, until_ms), "temirtau-3")["licence"]["state"]
    assert (before, after) == ("valid", "ended")


def test_old_value_is_never_current(room: ControlRoom) -> None:
    state = state_of(room, NOW_MS + 11_000)
    site = site_of(state, "ekibastuz-1")
    assert site["condition"] == "unread"
    assert site["power_w"] is None
    assert (site["last_power_w"], site["last_read_ms"]) == (3_240_000, NOW_MS)
    assert site["allowance"]["used_wh"] is None
    assert [(meter["is_fresh"], meter["age_ms"]) for meter in site["meters"]] == [
        (False, 11_000)
    ] * 3
    assert state["power_w"] is None
    assert state["unread_sites"] == 3


def test_finding_that_ended_is_not_present(room: ControlRoom) -> None:
    def present() -> list[str]:
        found = state_of(room, NOW_MS + 60_000)["findings"]
        return [finding["code"] for finding in found if finding["is_present"]]

    assert "licence.unlicensed_load" in present()
    room.check(NOW_MS + 60_000)
    assert "licence.unlicensed_load" not in present()


def test_meters(room: ControlRoom) -> None:
    delivery, first, _ = site_of(state_of(room), "ekibastuz-1")["meters"]
    assert (delivery["serial"], delivery["point"], delivery["power_w"]) == (
        "SE-4711",
        "delivery",
        3_240_000,
    )
    assert (first["point"], first["stage"], first["power_w"]) == ("hall 1", 1, 1_944_000)
    assert delivery["energy_wh"] == 48_215_000_000 + 3_240_000 * 132 // 3600


def test_gateway(room: ControlRoom) -> None:
    (gateway,) = site_of(state_of(room), "pavlodar-2")["gateways"]
    assert gateway["online"] is True
    assert gateway["status_age_ms"] == 12_000
    assert gateway["pending"] == {"billing": 1, "telemetry": 3}
    assert gateway["firmware"] == "0.1.0"
    assert gateway["chains"] == [
        {"stream": "billing", "epoch": 1, "upto": 88, "highest": 88},
        {"stream": "telemetry", "epoch": 1, "upto": 190, "highest": 190},
    ]
    assert gateway["faults"] == {}


def test_gateway_says_how_it_is(tmp_path: Path) -> None:
    room = registered(tmp_path)
    room.add_boot("pavlodar-2")
    room.add_release("pavlodar-2")
    room.add_health("pavlodar-2")
    (gateway,) = site_of(state_of(room), "pavlodar-2")["gateways"]
    assert gateway["release"] == "release 7 rolled back: ended by watchdog"
    assert gateway["health"] == {
        "at_ms": NOW_MS - 100_000,
        "free_bytes": 58_272,
        "stall_ms": 1_386,
        "days": [2, None],
        "erasures": 31,
        "signal_dbm": -71,
        "bus_failures": [0.005, 0.25],
        "drift_ppm": -12.34,
    }
    assert gateway["ailments"] == ["room", "bus", "stall"]


def test_gateway_in_trouble(tmp_path: Path) -> None:
    room = registered(tmp_path)
    room.add_chain("temirtau-3", Stream.BILLING, 12, 15)
    room.add_fork("temirtau-3")
    room.hear("temirtau-3", age_ms=100_000, online=True, pending=["<b>", None])
    (gateway,) = site_of(state_of(room), "temirtau-3")["gateways"]
    assert gateway["is_status_old"] is True
    assert gateway["pending"] == {}
    assert (gateway["chains"][0]["upto"], gateway["chains"][0]["highest"]) == (12, 15)
    assert gateway["faults"] == {"fork": 1}


def test_empty_database(tmp_path: Path) -> None:
    state = state_of(empty(tmp_path))
    assert state["market"] is None
    assert state["sites"] == []
    assert (state["power_w"], state["allowed_w"], state["frames"]) == (None, None, 0)


def test_registered_and_nothing_read(tmp_path: Path) -> None:
    state = state_of(registered(tmp_path))
    assert [site["condition"] for site in state["sites"]] == ["unread", "unread", "unlicensed"]
    site = site_of(state, "ekibastuz-1")
    assert (site["power_w"], site["last_power_w"]) == (None, None)
    assert site["meters"][0]["age_ms"] is None
    assert site["gateways"][0]["online"] is None


def test_state_is_read_and_never_written(room: ControlRoom, app: FastAPI) -> None:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(room.engine, "before_cursor_execute", note)
    client = TestClient(app)
    client.get("/api/state")
    client.get("/")
    assert statements
    assert all(text == "BEGIN" or text.startswith("SELECT") for text in statements)


def test_openapi_describes_the_state(app: FastAPI) -> None:
    document = TestClient(app).get("/openapi.json").json()
    schema = document["paths"]["/api/state"]["get"]["responses"]["200"]["content"]
    assert schema["application/json"]["schema"]["$ref"].endswith("/Board")
    assert document["components"]["schemas"]["ChainPart"]["properties"]["upto"]["description"]


def test_an_order_of_a_person_says_whose_it_is_and_what_it_waits_for(tmp_path: Path) -> None:
    room = registered(tmp_path)
    every = {"reasons": tuple(OrderReason), "notice_proof": True}
    [authority] = room.registry.view().all(Authority).values()
    room.registry.record([authority.model_copy(update=every)], bytes(32), NOW_MS)
    cuts = [(name, None) for name in SITES]
    asked = Asked(OrderReason.EMERGENCY, cuts, "А. Серік", "авария", "журнал 17", 900)
    with room.engine.begin() as connection:
        terms = terms_of(room.registry.view(), asked, NOW_MS)
        order = store.draft(connection, terms, NOW_MS)
    [shown] = state_of(room)["orders"]
    assert (shown["drafted_by"], shown["approved_by"]) == ("А. Серік", None)
    assert (shown["reason"], shown["reference"]) == ("emergency", "журнал 17")
    assert (shown["parts"], shown["parts_by_step"]) == (3, {"drafted": 3})
    with room.engine.begin() as connection:
        order = acts.approve(connection, room.registry.view(), order, "Д. Омаров", NOW_MS)
    for part in order.parts[:2]:
        order = room.take(order, Step.NOTIFIED, NOW_MS, number=part.number, needs_proof=True)
    [shown] = state_of(room)["orders"]
    assert shown["approved_by"] == "Д. Омаров"
    assert shown["step"] == "approved"
    assert shown["parts_by_step"] == {"notified": 2, "approved": 1}
    html = render.page(read_board(room.engine, room.registry, room.series, {}, NOW_MS), "en")
    assert "drafted by А. Серік" in html
    assert "3 gateways: 2 notified, 1 approved" in html
