"""Releases and the two slots, on a simulated flash: judged, cut short, tried, given up."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import update_table
from plant import releases
from plant.authority import Authority

from technician.slots import slot_blocks

Ask = Callable[..., Any]

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/bundles.json").read_text())
WHOLE, TRIAL, GOOD, BAD = 2, 3, 4, 5
WELL, FAILED = 5, 6
RECEIVED, REFUSED = 1, 5
STARTS = 3
BODY = Random(1).randbytes(9000)
IMAGE = b"\xd2\xcd\x31\xc6\x28" + BODY
ROOM, SLOT_BYTES = 3 * 4096, 5 * 4096


class Console:
    def __init__(self, ask: Ask, file: Path) -> None:
        self.ask = ask
        self.file = file
        self.authority = Authority()
        self.trust(self.authority.root.public.hex())

    def trust(self, root: str) -> None:
        self.ask("blank")
        self.ask("set_free", True)
        self.ask("trust_in", root)

    def lay(self, message: bytes, image: bytes) -> None:
        self.file.write_bytes(len(message).to_bytes(2, "big") + message + image)

    def take(self, message: bytes, image: bytes = IMAGE) -> Any:
        self.lay(message, image)
        return self.ask("take")

    def release(self, number: int, image: bytes = IMAGE, **fields: Any) -> bytes:
        return releases.message(self.authority, number, image, **fields)


@pytest.fixture(scope="module")
def device(
    start_device: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Ask, Path]:
    folder = tmp_path_factory.mktemp("slots")
    ask = start_device("updates_console", str(folder / "flash"), str(folder / "release")).ask
    return ask, folder / "release"


@pytest.fixture
def console(device: tuple[Ask, Path]) -> Console:
    return Console(*device)


def test_the_document_shows_the_firmwares_table() -> None:
    assert (
        update_table.filled(update_table.DOCUMENT.read_text()) == update_table.DOCUMENT.read_text()
    )


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_vectors(console: Console, vector: dict[str, Any]) -> None:
    context = VECTORS["context"]
    console.trust(context["root_x"] + context["root_y"])
    is_whole, told = console.take(bytes.fromhex(vector["message"]), bytes.fromhex(context["image"]))
    if vector["expect"] == "ok":
        assert is_whole
        assert [each[0] for each in told] == [RECEIVED]
    elif vector["name"] == "longer_image":  # it never comes to its end
        assert (is_whole, told) == (False, [])
    else:
        assert (is_whole, [each[0] for each in told]) == (False, [REFUSED])
        assert told[0][2] == vector["expect"] or told[0][2].startswith("no room")


@pytest.mark.parametrize(
    ("is_good", "kept", "scattered"),
    [
        (True, 0, False),
        (True, 500, False),
        (True, -300, False),
        (True, 0, True),
        (False, 500, False),
    ],
)
def test_power_cut_at_every_operation(
    console: Console, is_good: bool, kept: int, scattered: bool
) -> None:
    """Always the old one runs, or the whole new one; and the update comes to its end."""
    console.lay(console.release(7), IMAGE)
    operations, resumed = console.ask("cut_everywhere", is_good, kept, scattered)
    assert operations > 25
    assert {0, 4096, 8192} <= set(resumed)


def test_any_flipped_bit_of_the_image_leaves_the_old_one(console: Console) -> None:
    message = console.release(7)
    for number in range(8):
        at = Random(number).randrange(len(IMAGE))
        spoilt = IMAGE[:at] + bytes([IMAGE[at] ^ 1 << number]) + IMAGE[at + 1 :]
        console.ask("blank")
        assert console.take(message, spoilt) == [False, [[REFUSED, 7, "wrong_image"]]]
        assert console.ask("start", "power") == [0, 0, 0, ""]
        assert console.take(message) == [True, [[RECEIVED, 7, None]]], "it may come again"


def test_any_flipped_bit_of_the_message_is_refused(console: Console) -> None:
    message = console.release(7)
    for number in range(24):
        at = Random(number).randrange(len(message))
        spoilt = message[:at] + bytes([message[at] ^ 1 << number % 8]) + message[at + 1 :]
        console.ask("blank")
        is_whole, told = console.take(spoilt)
        assert not is_whole
        assert [each[0] for each in told] == [REFUSED]
        assert console.ask("start", "power")[:2] == [0, 0]


def test_a_truncated_image_is_waited_for(console: Console) -> None:
    assert console.take(console.release(7), IMAGE[:-1]) == [False, []]
    assert console.ask("start", "power")[0] == 0
    assert console.take(console.release(7), IMAGE)[0]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"role": "orders"}, "bad_signature"), ({"f5": ROOM + 1}, "no room for 12289 bytes")],
)
def test_signed_but_not_for_here(console: Console, fields: dict[str, Any], reason: str) -> None:
    is_whole, ((what, _, why),) = console.take(console.release(7, **fields))
    assert (is_whole, what, why) == (False, REFUSED, reason)


def test_what_is_no_application_is_refused(console: Console) -> None:
    image = b"\x00" * 5000
    assert console.take(console.release(7, image), image) == [
        False,
        [[REFUSED, 7, "wrong_image"]],
    ]


def good(console: Console, number: int) -> None:
    assert console.take(console.release(number))[0]
    assert console.ask("start", "software")[1] == TRIAL
    assert console.ask("feed", WELL, "")


def test_no_older_one_and_none_of_the_same_number(console: Console) -> None:
    good(console, 7)
    for number in (6, 7):
        assert console.take(console.release(number)) == [
            False,
            [[REFUSED, number, f"number {number}, and 7 is installed"]],
        ]
    good(console, 8)
    assert console.ask("start", "power") == [0, GOOD, 8, ""]


def test_while_an_order_holds_a_stage_nothing_begins(console: Console) -> None:
    console.ask("set_free", False)
    assert console.take(console.release(7)) == [False, []]
    assert console.ask("counted") == [0, 0]
    console.ask("set_free", True)
    assert console.take(console.release(7))[0]


@pytest.mark.parametrize("cause", ["watchdog", "power", "software"])
def test_starts_that_come_to_nothing_are_counted(console: Console, cause: str) -> None:
    message = console.release(7)
    assert console.take(message)[0]
    for _ in range(STARTS):
        assert console.ask("start", cause)[:2] == [1, TRIAL]
    assert console.ask("start", cause) == [0, BAD, 0, f"ended by {cause}"]
    assert console.ask("start", cause)[:2] == [0, BAD]
    assert console.take(message) == [False, [[REFUSED, 7, "it was rolled back here"]]]
    assert console.take(console.release(8))[0]


def test_the_last_start_says_why_it_ended(console: Console) -> None:
    assert console.take(console.release(7))[0]
    for number in range(STARTS):
        console.ask("start", "software")
        console.ask("note", f"KeyError: {number} " + "é" * 20)
    slot, state, _, why = console.ask("start", "software")
    assert (slot, state) == (0, BAD)
    assert why.startswith("KeyError: 2 ")


def test_one_that_gives_itself_up(console: Console) -> None:
    assert console.take(console.release(7))[0]
    console.ask("start", "software")
    console.ask("feed", FAILED, "no broker was reached")
    assert console.ask("start", "software") == [0, BAD, 0, "no broker was reached"]


def test_what_a_technician_flashed_is_known_by_its_number(console: Console) -> None:
    message = console.release(7)
    with (console.file.parent / "flash").open("r+b") as flash:
        for at, block in slot_blocks(2 * SLOT_BYTES, 7, len(IMAGE), message):
            flash.seek(at)
            flash.write(block)
    assert console.ask("start", "power") == [0, 0, 7, ""]
    assert console.take(message) == [False, [[REFUSED, 7, "number 7, and 7 is installed"]]]


@pytest.mark.parametrize("copies", [[0], [1], [0, 1]])
def test_a_lost_record_starts_the_newest_that_was_good(console: Console, copies: list[int]) -> None:
    good(console, 7)
    console.ask("spoil_records", copies)
    slot, _, number, _ = console.ask("start", "power")
    assert (slot, number) == (1, 7)


def test_a_lost_record_starts_no_release_that_was_on_trial(console: Console) -> None:
    assert console.take(console.release(7))[0]
    console.ask("start", "power")
    console.ask("spoil_records", [0, 1])
    assert console.ask("start", "power")[0] == 0


def test_wear_is_spread_and_counted(console: Console) -> None:
    for number in range(1, 31):
        good(console, number)
    begun, erasures = console.ask("counted")
    assert begun == 30
    assert erasures <= 4, "of two blocks, in 120 entries each"
