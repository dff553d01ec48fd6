"""The page as a dispatcher and a browser get it."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import uvicorn
from control_room import EVIL_NAME, NOW_MS, START_MS, ControlRoom, empty, registered
from fastapi import FastAPI
from fastapi.testclient import TestClient
from markupsafe import escape
from sqlalchemy import update

from collector.model.records import Meter
from collector.storage.tables import snapshot, stage_interlock
from collector.web.app import create_app


def page_of(room: ControlRoom, now_ms: int = NOW_MS) -> str:
    app = create_app(room.engine, room.registry, room.series, room.statuses, lambda: now_ms)
    response = TestClient(app).get("/")
    assert response.status_code == 200
    return " ".join(response.text.replace("\N{NARROW NO-BREAK SPACE}", " ").split())


def test_page_says_what_the_dispatcher_must_know(room: ControlRoom) -> None:
    text = page_of(room)
    for expected in (
        "14:00:12",  # Astana
        "00:08 <small>left",
        "3.240 <small>MW drawn",
        "3.600 <small>MW allowed",
        "Held down by order",
        "Mining without a licence",
        "ended 2026-11-23 13:59:55",
        "2.160 → 0.001 MW",
        "3.600 → 1.440 MW",
        "open, contacts confirmed",
        "bad signature 3, unknown gateway 1",
        "example document, not a real one",
        "whole to 190",
    ):
        assert expected in text, expected


def test_a_period_whose_boundaries_were_read_late_is_shown_undecided(tmp_path: Path) -> None:
    """3 % over, with a boundary a fifth of the period late."""
    room = registered(tmp_path)
    room.run_site("ekibastuz-1", {0: 3_708_000}, periods=1)
    with room.engine.begin() as connection:
        late = update(snapshot).where(snapshot.c.at_ms == START_MS).values(offset_ms=4_000)
        connection.execute(late)
    room.check()
    text = page_of(room)
    assert "? undecided" in text.replace("</b>", "")
    assert "20 600<small>± 4 141</small>" in text
    assert "too near to decide, by readings off the boundaries, ± 4 120 Wh" in text


@pytest.mark.parametrize(
    ("profile", "marked"), [("chint-dtsu666", True), ("carlo-gavazzi-em24", False)]
)
def test_a_profile_that_is_not_proven_is_marked(
    tmp_path: Path, profile: str, *, marked: bool
) -> None:
    room = registered(tmp_path)
    meters = room.registry.view().all(Meter).values()
    room.registry.record(
        [meter.model_copy(update={"profile": profile}) for meter in meters], bytes(32), NOW_MS
    )
    assert ("profile unconfirmed" in page_of(room)) is marked


def test_the_step_of_a_register_is_shown_with_a_period(tmp_path: Path) -> None:
    """3 % over, by a register that counts kilowatt-hours."""
    room = registered(tmp_path)
    [feeder] = room.registry.view().delivery_meters("ekibastuz-1", NOW_MS)
    room.add_snapshots(feeder.serial, {START_MS - 20_000: 5000, START_MS: 5020}, "1000")
    room.check()
    text = page_of(room)
    assert "<small>step 1 000</small>" in text
    assert "too near to decide, by steps of the registers, ± 1 000 Wh" in text


def test_values_in_doubt_are_shown_with_the_reason_and_not_summed(tmp_path: Path) -> None:
    room = registered(tmp_path)
    room.run_site("ekibastuz-1", {0: 3_000_000}, periods=1)
    [meter] = room.registry.view().delivery_meters("ekibastuz-1", NOW_MS)
    point = room.series.latest(meter.serial, 2**62)
    assert point is not None
    doubts = {"power_over_apparent": ("active_power", "apparent_power")}
    room.series.write([replace(point, at_ms=point.at_ms + 1, doubts=doubts)])
    text = page_of(room, point.at_ms + 1)
    assert "more active than apparent power" in text
    assert "No fresh reading" in text


def test_demo_market_is_labelled(room: ControlRoom) -> None:
    text = page_of(room)
    assert "<title>DEMO" in text
    assert "Demo market — not the real one." in text
    assert text.count('class="demo-mark"') == 3 + 3


def test_real_market_is_not_called_a_demo(tmp_path: Path) -> None:
    room = registered(tmp_path)
    market = room.registry.view().market.model_copy(
        update={"label": "KOREM", "period_s": 3600, "interval_s": 900}
    )
    room.registry.record([market], bytes(32), NOW_MS)
    assert "demo" not in page_of(room).lower()


def test_names_are_text_not_markup(room: ControlRoom) -> None:
    text = page_of(room)
    assert "<script>alert" not in text
    assert str(escape(EVIL_NAME)) in text


def test_old_values_are_called_old(room: ControlRoom) -> None:
    text = page_of(room, NOW_MS + 11_000)
    assert "MW drawn: not known now" in text
    assert "last known</b> 3.240 MW at 14:00:12, 11 s ago" in text
    assert text.count("old:</b> 11 s") == 9


def test_a_gateway_says_how_it_is(tmp_path: Path) -> None:
    room = registered(tmp_path)
    room.add_boot("pavlodar-2")
    room.add_health("pavlodar-2")
    text = page_of(room)
    for expected in (
        "room for 2 days of billing, — of telemetry",
        "heap 58 272 B free at the least",
        "longest stall 1 386 ms",
        "bus 0 0.5 % unanswered · bus 1 25.0 % unanswered",
        "flash erased 31 of 100 000 times",
        "clock −12.3 ppm",
        "radio −71 dBm",
        "▲</b> its journal has room for less than 3 days",
        "▲</b> it stood still for more than a second",
        f"Last fault at 13:58:32: samples: {escape(EVIL_NAME)}",
    ):
        assert expected in text, expected


def test_empty_database_has_a_page(tmp_path: Path) -> None:
    assert "Nothing in the register yet" in page_of(empty(tmp_path))


def test_page_needs_nothing_from_elsewhere(app: FastAPI) -> None:
    client = TestClient(app)
    response = client.get("/")
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert "http://" not in response.text
    assert "https://" not in response.text
    assert " style=" not in response.text  # the policy forbids it
    for path in ("/static/board.css", "/static/live.js", "/static/icon.svg"):
        assert client.get(path).status_code == 200


def test_health(app: FastAPI) -> None:
    assert TestClient(app).get("/healthz").text == "ok"


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """A real server on a free port of the loopback."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def events(response: httpx.Response) -> Iterator[tuple[str, str]]:
    name, data = "", []
    for line in response.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif not line and name:
            yield name, "\n".join(data)
            name, data = "", []


@pytest.fixture
def url(app: FastAPI) -> Iterator[str]:
    with served(app) as address:
        yield address


def test_events_bring_the_board_then_beats_then_what_changed(room: ControlRoom, url: str) -> None:
    with httpx.stream("GET", f"{url}/live", timeout=10) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = events(response)
        name, fragment = next(stream)
        assert name == "board"
        assert 'id="site-ekibastuz-1"' in fragment
        assert "<html" not in fragment
        assert next(stream)[0] == "beat"
        room.hear("ekibastuz-1", age_ms=0, online=False)
        changed = next(fragment for name, fragment in stream if name == "board")
        assert "offline" in changed


def test_state_is_json_with_names_as_they_are(app: FastAPI) -> None:
    state = json.loads(TestClient(app).get("/api/state").text)
    assert EVIL_NAME in {site["licensee"] for site in state["sites"]}


def test_interlocks_stand_beside_their_stage(room: ControlRoom) -> None:
    with room.engine.begin() as connection:
        row = {"epoch": 1, "seq": 1, "record": 0, "at_ms": NOW_MS, "position": 1}
        gateway = bytes.fromhex(room.gateway("ekibastuz-1"))
        words = "local locked_out tripped opened_by_other"
        connection.execute(
            stage_interlock.insert().values(gateway=gateway, stage=1, words=words, **row)
        )
    text = page_of(room)
    for expected in (
        "selector in LOCAL",
        "locked out",
        "protection tripped",
        "opened there, to be cleared there",
    ):
        assert text.count(expected) == 1
