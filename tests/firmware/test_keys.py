"""A gateway's key is changed, or its last frame signed, and the power fails at any moment."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2
import pytest
from plant.authority import opened

Ask = Callable[..., Any]
State = dict[str, Any]

BILLING, TELEMETRY = 0, 1
KEY, RETIRED, DROPPED = 12, 13, 7
WHY = "the site closes"


@pytest.fixture
def ask(start_device: Callable[..., Any], tmp_path: Path) -> Ask:
    device = start_device("keys_console", str(tmp_path / "flash"), heap="96wk")  # with settings
    asking: Ask = device.ask
    return asking


def cose_key(state: State) -> dict[int, Any]:
    x, y = bytes.fromhex(state["public"][:64]), bytes.fromhex(state["public"][64:])
    return {1: 2, -1: 1, -2: x, -3: y}


def event_of(body: dict[int, Any], code: int) -> dict[int, Any] | None:
    found = [record[3] for record in body[8] if record[0] == 3 and record[2] == code]
    return found[0] if found else None


def signer_of(message: bytes) -> str:
    kid: bytes = cbor2.loads(cbor2.loads(message).value[0])[4]
    return kid.hex()


def whole_chain(ask: Ask, stream: int, keys: dict[str, State]) -> list[tuple[str, dict[int, Any]]]:
    """Key-id and body of each frame of the stream, each rightly signed by one of the keys."""
    previous, found = bytes(32), []
    for seq, text in enumerate(ask("frames", stream), 1):
        message = bytes.fromhex(text)
        signer = signer_of(message)
        body = opened(message, cose_key(keys[signer]))
        assert (body[4], body[5]) == (seq, previous)
        previous = sha256(message).digest()
        found.append((signer, body))
    return found


def test_a_new_key_is_signed_over_by_the_old_one(ask: Ask) -> None:
    old = ask("begin")
    assert ask("change_key", None) != old["kid"]
    new = ask("start", None)
    assert new["gateway"] == old["gateway"] == old["kid"]
    for stream in (BILLING, TELEMETRY):
        ask("append", stream)
    keys = {state["kid"]: state for state in (old, new)}
    billing, telemetry = (whole_chain(ask, stream, keys) for stream in (BILLING, TELEMETRY))
    assert [signer for signer, _ in billing] == [old["kid"]] * 3 + [new["kid"]]
    assert [signer for signer, _ in telemetry] == [old["kid"]] * 3 + [new["kid"]]
    event = event_of(billing[2][1], KEY)
    assert event is not None
    assert event[1] == [1, 4, 4]
    assert opened(event[0], cose_key(new)) == {0: 1, 1: cose_key(new), 2: "test"}
    assert billing[3][1][1].hex() == old["gateway"]


def test_a_key_can_be_changed_again(ask: Ask) -> None:
    states = [ask("begin")]
    for _ in range(2):
        ask("change_key", None)
        states.append(ask("start", None))
    chain = whole_chain(ask, BILLING, {state["kid"]: state for state in states})
    assert [signer for signer, _ in chain] == [
        state["kid"] for state in (states[0], states[0], states[0], states[1])
    ]
    assert event_of(chain[3][1], KEY)[1] == [1, 5, 4]  # type: ignore[index]
    assert len({state["kid"] for state in states}) == 3


def count_operations(ask: Ask, work: Callable[[Any], Any]) -> int:
    """How many operations of flash and settings the work takes."""
    number = 0
    while ask("begin") and work([number, 0]) == "cut":
        number += 1
    return number


@pytest.mark.parametrize("kept", [0, 500, 999])
def test_power_that_fails_while_the_key_is_changed_leaves_one_key_or_the_other(
    ask: Ask, kept: int
) -> None:
    operations = count_operations(ask, lambda cut: ask("change_key", cut))
    assert operations >= 4
    taken = []
    for number in range(operations):
        for again in (None, [0, 0]):  # and again while what was begun is settled
            old = ask("begin")
            secret = ask("secret")
            assert ask("change_key", [number, kept]) == "cut"
            if again:
                ask("start", again)
            state = ask("start", None)
            ask("append", BILLING)
            ask("append", TELEMETRY)
            keys = {known["kid"]: known for known in (old, state)}
            billing = whole_chain(ask, BILLING, keys)
            told = [event_of(body, KEY) for _, body in billing]
            is_new = state["kid"] != old["kid"]
            assert [event is not None for event in told] == [
                False,
                False,
                *([True] * is_new),
                False,
            ]
            assert [signer for signer, _ in billing][-1] == state["kid"]
            assert whole_chain(ask, TELEMETRY, keys)[-1][0] == state["kid"]
            if is_new:
                assert opened(told[2][0], cose_key(state))[1] == cose_key(state)  # type: ignore[index]
            assert state["gateway"] == old["gateway"]
            assert ask("start", None) == state
            assert ask("is_in_flash", secret) is not is_new
            taken.append(is_new)
    assert True in taken
    assert False in taken


def test_another_frame_of_that_name_is_no_step(ask: Ask) -> None:
    old = ask("begin")
    assert ask("overtaken") == old


def test_a_gateway_that_signed_nothing_keeps_its_key(ask: Ask) -> None:
    ask("begin")
    before = ask("empty")
    assert "start the gateway once" in ask("change_key", None)
    assert ask("start", None) == before
    assert ask("frames", BILLING) == []


def test_the_last_frame_says_why_and_the_key_stays_until_all_is_handed_over(ask: Ask) -> None:
    old = ask("begin")
    assert "give the reason" in ask("end", [], None)
    assert "give the reason" in ask("end", ["--destroy"], None)
    assert "no way up" in ask("end", [WHY], None)
    state = ask("start", None)
    assert (state["retired"], state["destroyed"]) == (WHY, False)
    chain = whole_chain(ask, BILLING, {old["kid"]: old})
    assert [event_of(body, RETIRED) for _, body in chain] == [None, None, {0: WHY}]
    assert "retired" in ask("change_key", None)
    ask("receipt_for_all")
    assert ask("end", [], None) is None
    state = ask("start", None)
    assert (state["retired"], state["destroyed"]) == (WHY, True)
    assert state["public"] == old["public"]


def test_frames_that_were_taken_in_another_way_hold_up_no_end(ask: Ask) -> None:
    ask("begin")
    secret = ask("secret")
    assert len(secret) == 64
    ask("end", [WHY], None)
    assert ask("end", ["--destroy"], None) is None
    assert ask("start", None)["destroyed"]
    assert not ask("is_in_flash", secret)
    assert len(ask("frames", BILLING)) == 3
    assert ask("end", [], None) is None  # done already


def test_telemetry_that_was_dropped_is_told_before_the_last_frame(ask: Ask) -> None:
    old = ask("begin")
    _, first, last = ask("drop_telemetry")
    ask("end", [WHY], None)
    chain = whole_chain(ask, BILLING, {old["kid"]: old})
    told = [event_of(body, DROPPED) for _, body in chain if event_of(body, DROPPED)]
    assert told == [{0: TELEMETRY, 1: 1, 2: first, 3: last}]
    assert event_of(chain[-1][1], RETIRED) == {0: WHY}


@pytest.mark.parametrize("kept", [0, 500, 999])
def test_power_that_fails_at_the_end_leaves_a_gateway_in_service_or_a_retired_one(
    ask: Ask, kept: int
) -> None:
    operations = count_operations(ask, lambda cut: ask("end", [WHY, "--destroy"], cut))
    for number in range(operations):
        for again in (None, [0, 0]):
            old = ask("begin")
            secret = ask("secret")
            assert ask("end", [WHY, "--destroy"], [number, kept]) == "cut"
            if again:
                ask("start", again)
            state = ask("start", None)
            chain = whole_chain(ask, BILLING, {old["kid"]: old})
            assert (event_of(chain[-1][1], RETIRED) is not None) == (state["retired"] == WHY)
            assert len(chain) == 2 + (state["retired"] is not None)
            if state["retired"] is None:
                ask("append", BILLING)
            assert state["retired"] is not None or not state["destroyed"]
            assert ask("is_in_flash", secret) is not state["destroyed"]


@pytest.mark.parametrize("side", [0, 1])
def test_flash_that_cannot_be_blanked_is_no_destroyed_key(ask: Ask, side: int) -> None:
    """It is said, and every start tries again."""
    ask("begin")
    secret = ask("secret")
    ask("spare_from_erasing", side)
    ask("change_key", None)
    assert ask("is_in_flash", secret)
    for _ in range(2):
        assert ask("is_left")
        assert ask("start", None)["gateway"] == ask("start", None)["gateway"]
    ask("end", [WHY], None)
    assert "an old key may still be in the flash" in ask("end", ["--destroy"], None)
    assert ask("is_left")
