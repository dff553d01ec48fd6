"""Setpoints, the gateway's own limit and blocks, as a dispatcher sees them."""

import json

import pytest
from control_room import NOW_MS, SITES, ControlRoom
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import insert

from collector.model.order import DropResult, Step
from collector.model.records import OrderReason
from collector.orders import blocks, store
from collector.orders.blocks import Said
from collector.orders.order import Cut, Order, Terms
from collector.storage.tables import limiter_event

SITE, OTHER_SITE, *_ = SITES
HOUR_MS = 3_600_000


def drafted(room: ControlRoom, cap_w: int, from_ms: int | None = None) -> Order:
    cut = Cut(SITE, room.gateway(SITE), SITES[SITE], (), cap_w)
    terms = Terms(
        OrderReason.PEAK, (cut,), "a", "ab" * 32, "an official", 0, 3600, "Айгүл", "evening",
        from_ms=from_ms, cap_w=cap_w,
    )  # fmt: skip
    with room.engine.begin() as connection:
        return store.draft(connection, terms, NOW_MS - 30_000)


def kept(room: ControlRoom, cap_w: int) -> Order:
    order = drafted(room, cap_w)
    for step in (Step.APPROVED, Step.NOTIFIED):
        order = room.take(order, step, NOW_MS - 29_000)
    until_ms = NOW_MS + HOUR_MS
    order = room.take(order, Step.ISSUED, NOW_MS - 28_000, counter=1, until_ms=until_ms)
    for step in (Step.RECEIVED, Step.APPLIED):
        order = room.take(order, step, NOW_MS - 27_000)
    return room.take(order, Step.VERIFIED, NOW_MS - 10_000, DropResult.FULL, cause=None)


def limited(room: ControlRoom) -> None:
    body = {"3": [None, 2_000_000], "5": 1, "7": [1]}
    row = {
        "gateway": room.gateway(SITE), "position": 1, "at_ms": NOW_MS - 20_000,
        "received_ms": NOW_MS - 19_000, "permit": 1, "load": 2, "cause": "limit",
        "body": json.dumps(body),
    }  # fmt: skip
    with room.engine.begin() as connection:
        connection.execute(insert(limiter_event), [row])


def page(app: FastAPI) -> str:
    text = TestClient(app).get("/").text
    return " ".join(text.replace("\N{NARROW NO-BREAK SPACE}", " ").split())


def site_of(app: FastAPI, name: str = SITE) -> dict[str, object]:
    board = TestClient(app).get("/api/state").json()
    found: dict[str, object] = next(each for each in board["sites"] if each["name"] == name)
    return found


@pytest.mark.parametrize(("cap_w", "level"), [(9_000_000, "ordered"), (1_000, "alarm")])
def test_a_setpoint_is_shown_with_its_end_and_what_is_measured(
    room: ControlRoom, app: FastAPI, cap_w: int, level: str
) -> None:
    order = kept(room, cap_w)
    shown = site_of(app)["setpoint"]
    assert isinstance(shown, dict)
    assert (shown["cap_w"], shown["is_in_force"]) == (cap_w, True)
    assert shown["is_above"] is (level == "alarm")
    text = page(app)
    assert f"Setpoint: at most {cap_w / 1_000_000:.3f} MW until" in text
    assert f"order {order.id.hex()[:8]}" in text
    assert f'class="sign {level}"' in text


def test_one_that_is_ahead_is_announced_with_its_beginning(room: ControlRoom, app: FastAPI) -> None:
    drafted(room, 2_000_000, NOW_MS + HOUR_MS)
    text = page(app)
    assert "Setpoint announced: at most 2.000 MW" in text
    assert "begins" in text
    assert "the whole site at most 2.000 MW — peak" in text


def test_the_gateways_own_limit_is_shown(room: ControlRoom, app: FastAPI) -> None:
    assert site_of(app)["limiter"] is None
    limited(room)
    text = page(app)
    assert "The gateway’s own limit" in text
    assert "stages are open for it: at most 2.000 MW" in text
    assert "enforced, since" in text


def test_a_block_is_shown_where_it_holds(room: ControlRoom, app: FastAPI) -> None:
    kept(room, 2_000_000)
    zone = site_of(app)["zone"]
    said = Said(NOW_MS, "Айгүл Серік", "<b>авария</b>", "log 18")
    with room.engine.begin() as connection:
        blocks.begin(connection, room.registry.view(), str(zone), said)
    text = page(app)
    assert f"Returns of load are blocked in zone {zone}" in text
    assert "by Айгүл Серік: &lt;b&gt;авария&lt;/b&gt; (log 18)" in text
    assert "no release is sent while returns are blocked" in text
    assert site_of(app)["is_blocked"] is True
