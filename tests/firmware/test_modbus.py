"""The Modbus master against pymodbus, over a pty with a line that misbehaves, and over TCP."""

import ast
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from plant.converter import Converter
from plant.modbus import Line, Loop, Server, registers
from pymodbus.simulator import SimDevice

# The value in a register is its address, so that a wrong answer shows.
DEVICES = [SimDevice(unit, simdata=[registers(0, list(range(200)))]) for unit in (1, 2)]
ABSENT_UNIT = 9
TIMEOUT_MS = 100

Request = tuple[int, int, int, int]
Read = Callable[[list[Request]], list[str]]
OnTcp = Callable[[Callable[[int], str]], Read]


def values(address: int, count: int) -> str:
    return b"".join(at.to_bytes(2, "big") for at in range(address, address + count)).hex()


FRAMES = Path(__file__).parents[2] / "firmware/gateway/modbus/frames.py"


def test_the_table_is_of_the_crc_of_modbus() -> None:
    halves = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(FRAMES.read_text("utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, bytes)
    }
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        assert (halves["_LOW"][byte], halves["_HIGH"][byte]) == (crc & 0xFF, crc >> 8)


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def line(loop: Loop) -> Iterator[Line]:
    server = Server(loop, DEVICES, rtu=True)
    line = Line(loop, server.port)
    yield line
    line.close()
    server.stop()


@pytest.fixture
def device(line: Line, start_device: Callable[..., Any]) -> Any:
    device = start_device("modbus_master", "rtu", line.path)
    for unit in (1, 2):
        device.ask("register", unit, [2, 4, 100])
    return device


@pytest.fixture
def read(device: Any) -> Callable[[list[Request]], Any]:
    return lambda requests: device.ask("read", requests)["answers"]


def test_registers_come_back_as_they_are(read: Read) -> None:
    asked = [(1, 0, 4, TIMEOUT_MS), (2, 17, 2, TIMEOUT_MS), (1, 100, 100, TIMEOUT_MS)]
    assert read(asked) == [values(0, 4), values(17, 2), values(100, 100)]


def test_exception_is_an_answer(read: Read) -> None:
    assert read([(1, 199, 2, TIMEOUT_MS), (1, 3, 2, TIMEOUT_MS)]) == ["exception 2", values(3, 2)]


def test_silent_unit_disturbs_nobody(read: Read) -> None:
    asked = [(ABSENT_UNIT, 0, 2, 50), (1, 5, 2, TIMEOUT_MS)]
    assert read(asked) == ["no answer", values(5, 2)]


def test_noise_before_the_answer_is_skipped(line: Line, read: Read) -> None:
    noises = itertools.cycle([b"\x00", b"\xff\x00", b"\x01\x03\x08", b"\x01\x03\x04\x01"])
    line.answer = lambda frame: [(0, next(noises) + frame)]
    asked = [(1, at, 4, TIMEOUT_MS) for at in range(8)]
    assert read(asked) == [values(at, 4) for at in range(8)]


def test_answer_in_pieces(line: Line, read: Read) -> None:
    line.answer = lambda frame: [(0, frame[:3]), (0.02, frame[3:7]), (0.02, frame[7:])]
    assert read([(1, 0, 100, TIMEOUT_MS)]) == [values(0, 100)]


def test_echo_of_the_request_is_no_answer(line: Line, read: Read) -> None:
    echo = bytes.fromhex("010300000004") + b"\x44\x09"
    line.answer = lambda frame: [(0, echo + frame)]
    assert read([(1, 0, 4, TIMEOUT_MS)]) == [values(0, 4)]


def test_bad_crc_is_repeated_not_believed(line: Line, read: Read) -> None:
    bad = itertools.cycle([True, False, False])
    line.answer = lambda frame: [
        (0, frame[:4] + bytes([frame[4] ^ 1]) + frame[5:] if next(bad) else frame)
    ]
    asked = [(1, at, 4, TIMEOUT_MS) for at in range(4)]
    assert read(asked) == [values(at, 4) for at in range(4)]


@pytest.mark.parametrize("late_s", [0.13, 0.18, 0.26, 0.5])
def test_late_answer_never_passes_for_the_next(line: Line, read: Read, late_s: float) -> None:
    late = itertools.cycle([0.0, 0.0, late_s])
    line.answer = lambda frame: [(next(late), frame)]
    asked = [(1, at, 4, TIMEOUT_MS) for at in range(6)]
    answers = read(asked)
    wrong = [
        (request, answer)
        for request, answer in zip(asked, answers, strict=True)
        if answer not in (values(request[1], 4), "no answer")
    ]
    assert wrong == []
    assert answers.count("no answer") < len(asked)


def exception(unit: int, code: int) -> bytes:
    frame = bytes([unit, 0x83, code])
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return frame + crc.to_bytes(2, "little")


def test_a_busy_unit_is_asked_again(line: Line, read: Read) -> None:
    busy = itertools.cycle([True, False])
    line.answer = lambda frame: [(0, exception(1, 6) if next(busy) else frame)]
    assert read([(1, at, 4, TIMEOUT_MS) for at in range(3)]) == [values(at, 4) for at in range(3)]


@pytest.mark.parametrize("code", [10, 11])
def test_a_converter_that_had_no_answer_is_no_answer(line: Line, read: Read, code: int) -> None:
    line.answer = lambda _frame: [(0, exception(1, code))]
    assert read([(1, 0, 4, TIMEOUT_MS)]) == ["no answer"]


def test_two_units_at_one_address_are_noticed(line: Line, device: Any) -> None:
    asked = [(1, 0, 4, TIMEOUT_MS)] * 2
    device.ask("read", asked)
    assert device.ask("answered_twice", 1) is False
    line.answer = lambda frame: [(0, frame), (0, frame)]
    device.ask("read", asked)
    assert device.ask("answered_twice", 1) is True
    assert device.ask("answered_twice", 1) is False  # told once


def test_a_snapshot_has_the_bus_to_itself(device: Any) -> None:
    """A sample that is under way is finished; the next waits until the snapshot is whole."""
    samples = [(1, at, 4, TIMEOUT_MS) for at in range(3)]
    snapshot = [(2, at, 4, TIMEOUT_MS) for at in range(3)]
    order = device.ask("in_a_hurry", samples, snapshot)
    assert order == ["sample 0", *(f"snapshot {n}" for n in range(3)), "sample 1", "sample 2"]


def test_a_noisy_line_ends(line: Line, read: Read) -> None:
    line.answer = lambda _frame: [(0.01, b"\x55" * 8)] * 60
    assert read([(1, 0, 4, 50)]) == ["no answer"]


def test_tcp(loop: Loop, start_device: Callable[..., Any]) -> None:
    server = Server(loop, DEVICES)
    device = start_device("modbus_master", "tcp", str(server.port))
    asked = [
        (1, 0, 4, 1000),
        (1, 199, 2, 1000),
        (ABSENT_UNIT, 0, 2, 50),
        (2, 100, 100, 1000),
    ]
    expected = [values(0, 4), "exception 2", "no answer", values(100, 100)]
    assert device.ask("read", asked)["answers"] == expected

    server.stop()
    assert device.ask("read", [(1, 0, 4, 200)])["answers"] == ["no answer"]
    server.start()
    assert device.ask("read", [(1, 0, 4, 1000)])["answers"] == [values(0, 4)]


@pytest.fixture
def on_tcp(start_device: Callable[..., Any]) -> Iterator[OnTcp]:
    opened: list[Any] = []

    def on_tcp(answer: Callable[[int], str]) -> Read:
        converter = Converter(answer)
        device = start_device("modbus_master", "tcp", str(converter.port))
        opened.extend([device, converter])
        device.ask("register", 1, [2, 4, 100])
        return lambda requests: device.ask("read", requests)["answers"]

    yield on_tcp
    for each in opened:
        each.close()


@pytest.mark.parametrize("broken", [{1}, {1, 2}, {0, 3, 7}, set(range(0, 40, 3))])
def test_a_connection_that_breaks_shifts_no_answer(on_tcp: OnTcp, broken: set[int]) -> None:
    """The unit was asked and its answer waits in the converter, which gives it to the next."""
    read = on_tcp(lambda n: "drop" if n in broken else "")
    addresses = range(0, 160, 10)
    patience = time.monotonic() + 20
    answers = ["no answer"]
    while answers[-1] == "no answer" and time.monotonic() < patience:
        answers = read([(1, at, 4, 60) for at in addresses])
        wrong = [
            (at, answer)
            for at, answer in zip(addresses, answers, strict=True)
            if answer not in (values(at, 4), "no answer")
        ]
        assert wrong == []
    assert answers[-1] != "no answer"


def test_an_answer_to_another_transaction_is_none_to_this(
    on_tcp: OnTcp,
) -> None:
    answers = on_tcp(lambda _: "foreign")([(1, at, 4, TIMEOUT_MS) for at in range(8)])
    assert answers == [values(at, 4) for at in range(8)]


def test_a_late_answer_on_tcp_never_passes_for_the_next(
    on_tcp: OnTcp,
) -> None:
    answers = on_tcp(lambda n: "late" if n % 3 == 1 else "")(
        [(1, at, 4, TIMEOUT_MS) for at in range(8)]
    )
    assert all(answers[at] in (values(at, 4), "no answer") for at in range(8))
    assert any(answer != "no answer" for answer in answers)


def test_an_answer_given_twice_is_none_to_the_next_request(line: Line, read: Read) -> None:
    """The second comes 25 ms later, when the next request for as many registers is under way."""
    line.answer = lambda frame: [(0, frame), (0.025, frame)]
    asked = [(1, at, 4, TIMEOUT_MS) for at in (0, 50, 0, 50, 100)]
    assert read(asked) == [values(at, 4) for _, at, _, _ in asked]


def test_waiting_for_an_answer_stops_no_other_task(
    line: Line, start_device: Callable[..., Any]
) -> None:
    line.answer = lambda _frame: []
    device = start_device("modbus_master", "rtu", line.path)
    told = device.ask("read", [(1, 0, 4, 400)])
    assert told["answers"] == ["no answer"]
    assert told["longest_stall_ms"] < 400  # less than one timeout: it did not block
