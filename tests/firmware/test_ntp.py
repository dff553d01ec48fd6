"""NTP: which answers are believed, and what they make of the clock."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from plant.ntp import Answer, NtpServer, packet

Ask = Callable[..., Any]

SECOND_MS, HOUR_MS, DAY_MS = 1000, 3_600_000, 86_400_000
YEAR_MS = 365 * DAY_MS
NOON_MS = 1_800_014_400_000
NOON_S = NOON_MS // 1000
NEVER_SET_MS = 946_684_800_000
PERIOD_MS = 900_000
ONE, THREE, FOUR = ["10.0.0.1"], ["10.0.0.1"] * 3, ["10.0.0.1"] * 4


@pytest.fixture(scope="module")
def ask(start_device: Callable[..., Any]) -> Ask:
    asking: Ask = start_device("clocks").ask
    return asking


@pytest.fixture
def right(ask: Ask) -> Ask:
    """A gateway whose clock is right, at noon."""
    ask("new")
    ask("start", NOON_MS, PERIOD_MS, 0)
    return ask


# ---- an answer -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unix_s",
    [
        NOON_S,
        2_085_978_495,  # the last second of NTP's first era, 2036-02-07
        2_085_978_496,
        2_147_483_648,  # 2038-01-19
        2_400_000_000,
    ],
)
def test_an_answer_is_read_in_its_era(ask: Ask, unix_s: int) -> None:
    """Half of its way is added: 40 ms less the 10 that the server thought; the uptime is 500 s."""
    fields = {"unix_s": unix_s, "fraction": 2**31, "thought": [0, 2**32 // 100]}
    assert ask("read", 40, 500_000, fields) == [30, unix_s * 1000 + 500 + 15 - 500_000]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"leap": 3}, "leap 3, mode 4, stratum 2"),  # it is not synchronised
        ({"mode": 3}, "leap 0, mode 3, stratum 2"),
        ({"mode": 5}, "leap 0, mode 5, stratum 2"),
        ({"stratum": 0}, "leap 0, mode 4, stratum 0"),  # a kiss of death
        ({"stratum": 16}, "leap 0, mode 4, stratum 16"),
        ({"thought": [-1, 0]}, "it answered before it was asked"),
        ({"thought": [1, 0]}, "it answered before it was asked"),  # it thought longer than it took
    ],
)
def test_an_answer_that_says_nothing_of_the_time(ask: Ask, fields: Any, why: str) -> None:
    assert ask("read", 40, 0, {"unix_s": NOON_S, **fields}) == why


# ---- several servers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("servers", "errors_ms", "followed"),
    [
        (ONE, [9000], 9000),
        (ONE, [None], None),
        (THREE, [9000, 9100, None], 9000),
        (THREE, [9000, None, None], None),
        (THREE, [9000, 12_000, 15_000], None),
        (THREE, [3_000_000, 9000, 9900], 9000),
        (THREE, [-3_000_000, 9900, 9000], 9900),  # of those that agree, the nearest: asked first
        (FOUR, [9000, 9000, 50_000, 50_000], None),
        (FOUR, [9000, 9000, 9000, 50_000], 9000),
    ],
)
def test_what_most_of_the_servers_say_within_a_second_is_followed(
    right: Ask, servers: list[str], errors_ms: list[int | None], followed: int | None
) -> None:
    answers = [
        None if error_ms is None else [10 + number, NOON_MS + error_ms]
        for number, error_ms in enumerate(errors_ms)
    ]
    done, told, _ = right("consult", servers, answers)
    assert done == (followed is not None)
    assert told == ([] if followed is None else [[NOON_MS, NOON_MS + followed, "ntp"]])
    assert right("frame")[0] == [NOON_MS + (followed or 0), "I", None if followed is None else 0]


def test_servers_that_disagree_are_told_of(right: Ask) -> None:
    answers = [[10, NOON_MS], [10, NOON_MS + 9000]]
    servers = ["10.0.0.1", "10.0.0.2"]
    assert right("consult", servers, answers) == [False, [], ["servers disagree"]]


def test_a_name_is_not_asked_and_counts_as_silent(right: Ask) -> None:
    """To resolve it would stop every task."""
    assert right("consult", ["pool.ntp.org", "10.0.0.1"], [[10, NOON_MS]])[0] is False
    assert right("consult", ["pool.ntp.org", *THREE], [[10, NOON_MS]] * 3)[0] is True


# ---- what they make of the clock -----------------------------------------------------------------


def test_a_clock_that_was_never_set_is_set_and_informative(ask: Ask) -> None:
    ask("new")
    ask("start", NEVER_SET_MS, PERIOD_MS, 0, NOON_MS - DAY_MS)
    assert ask("frame")[0] == [NOON_MS - DAY_MS, "U", None]
    _, told, _ = ask("consult", ONE, [[10, NOON_MS]])
    assert told == [[NOON_MS - DAY_MS, NOON_MS, "ntp"]]
    assert ask("frame") == [[NOON_MS, "I", 0], NOON_MS, 0]


@pytest.mark.parametrize(
    ("error_ms", "told"),
    [
        (200, []),
        (-201, [[NOON_MS, NOON_MS - 201, "ntp, slewed"]]),
        (2000, [[NOON_MS, NOON_MS + 2000, "ntp, slewed"]]),
        (-2001, [[NOON_MS, NOON_MS - 2001, "ntp"]]),
    ],
)
def test_little_is_slewed_and_much_is_stepped(right: Ask, error_ms: int, told: Any) -> None:
    assert right("consult", ONE, [[10, NOON_MS + error_ms]]) == [True, told, []]


@pytest.mark.parametrize("time_ms", [NOON_MS - 2 * DAY_MS, NOON_MS + 21 * YEAR_MS, 2**45])
def test_a_time_that_cannot_be_is_not_followed(ask: Ask, time_ms: int) -> None:
    """Before the configuration was issued, or later than this firmware runs."""
    ask("new")
    ask("start", NOON_MS, PERIOD_MS, 0, NOON_MS - DAY_MS)
    assert ask("consult", ONE, [[10, time_ms]]) == [False, [], ["a time that cannot be"]]
    assert ask("frame")[0] == [NOON_MS, "I", None]


def receipt(ask: Ask, way_ms: int) -> None:
    """One whose age is the way, and whose time is its end."""
    ask("send", 0, 1)
    ask("elapse", way_ms)
    ask("receive", NOON_MS + way_ms, 0, 1, [])


@pytest.mark.parametrize(
    ("error_ms", "follows"), [(-300, False), (-100, True), (0, True), (5100, True), (5300, False)]
)
def test_receipts_bound_what_ntp_can_do(right: Ask, error_ms: int, follows: bool) -> None:
    receipt(right, 5 * SECOND_MS)
    done, _, faults = right("consult", ONE, [[10, NOON_MS + 5 * SECOND_MS + error_ms]])
    assert done == follows
    assert faults == ([] if follows else ["a time that receipts exclude"])
    assert right("frame")[0][1] == "S"


def test_the_bound_widens_with_time_and_ends_with_the_letter(right: Ask) -> None:
    receipt(right, SECOND_MS)
    right("elapse", HOUR_MS)
    now_ms = NOON_MS + SECOND_MS + HOUR_MS
    assert right("frame")[0][:2] == [now_ms, "S"]
    assert right("consult", ONE, [[10, now_ms - 2100]])[0] is False
    assert right("consult", ONE, [[10, now_ms - 1900]])[0] is True
    right("elapse", 1)
    assert right("frame")[0][1] == "I"
    assert right("consult", ONE, [[10, now_ms - DAY_MS]])[0] is True


def test_a_late_receipt_does_not_widen_what_an_earlier_one_bounded(right: Ask) -> None:
    receipt(right, 100)
    right("send", 0, 2)
    right("elapse", 80 * SECOND_MS)
    now_ms = NOON_MS + 100 + 80 * SECOND_MS
    right("receive", NOON_MS + 100, 0, 2, [])  # as of then: up to 80 s old
    assert right("consult", ONE, [[10, now_ms + 1000]])[0] is False
    assert right("consult", ONE, [[10, now_ms - 1000]])[0] is False
    assert right("consult", ONE, [[10, now_ms + 100]])[0] is True


def test_drift_is_measured_against_ntp_while_there_are_no_receipts(right: Ask) -> None:
    for hour in range(30):
        right("elapse", HOUR_MS)
        right("consult", ONE, [[10, NOON_MS + (hour + 1) * (HOUR_MS - 180)]])
    assert right("drift") == pytest.approx(50_000, abs=100)


# ---- over the network ----------------------------------------------------------------------------


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    servers = []

    def start(offset_ms: int = 0, answer: Answer | None = None) -> str:
        servers.append(NtpServer(offset_ms, answer))
        return servers[-1].name

    yield start
    for server in servers:
        server.close()


def now_plus(question: bytes, ms: int) -> bytes:
    return packet(question, time.time_ns() // 1_000_000 + ms)


def test_servers_are_asked_over_udp(
    start_device: Callable[..., Any], serve: Callable[..., str]
) -> None:
    """What is forged, short or stray does not keep the answer from being heard."""

    def forged_first(question: bytes) -> list[bytes]:
        guess = now_plus(bytes(40) + b"guessed!", 90_000)
        return [guess, b"", guess[:47], b"x" * 500, now_plus(question, 2000)]

    servers = [serve(0), serve(-5000), serve(answer=forged_first), serve(answer=lambda _: [])]
    (right, behind, forged, silent), turns = start_device("ntp_client").ask("ask", servers)
    assert abs(right) < 500
    assert abs(behind + 5000) < 500
    assert abs(forged - 2000) < 500
    assert silent.startswith("TimeoutError")
    assert turns > 20  # another task ran while one server said nothing
