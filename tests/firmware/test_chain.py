"""Chains that MicroPython signs, judged by cbor2 and OpenSSL."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from plant.authority import Authority

Ask = Callable[..., Any]

BILLING, TELEMETRY = 0, 1
SEED = "5a" * 40
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CELL_BLOCKS, RING_BLOCKS, SEGMENT_BLOCKS = 4, 8, 2
CLOCK = [1800000000000, "S", 12]


@pytest.fixture
def ask(start_device: Callable[..., Any], tmp_path: Path) -> Ask:
    asking: Ask = start_device("chains", str(tmp_path / "flash"), heap="72wk").ask
    return asking


@pytest.fixture
def public(ask: Ask) -> str:
    key: str = ask("create", SEED)[2]
    return key


def key_id(public: str) -> bytes:
    x, y = bytes.fromhex(public[:64]), bytes.fromhex(public[64:])
    return hashlib.sha256(b"\xa4\x01\x02\x20\x01\x21\x58\x20" + x + b"\x22\x58\x20" + y).digest()[
        :8
    ]


def opened(message: str, public: str, content_type: str) -> dict[int, Any]:
    """The body of a message that is rightly signed by the key."""
    tag = cbor2.loads(bytes.fromhex(message))
    protected, unprotected, payload, signature = tag.value
    assert tag.tag == 18
    assert unprotected == {}
    assert cbor2.loads(protected) == {1: -7, 3: content_type, 4: key_id(public)}
    assert cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature])).hex() == message
    key = ec.EllipticCurvePublicNumbers(
        int(public[:64], 16), int(public[64:], 16), ec.SECP256R1()
    ).public_key()
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    assert s <= N // 2
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
    body: dict[int, Any] = cbor2.loads(payload)
    return body


def frames(ask: Ask, stream: int, public: str, epoch: int | None = None) -> list[dict[int, Any]]:
    """The pending frames of an epoch, whose chain is whole from its first."""
    previous = bytes(32)
    found: list[dict[int, Any]] = []
    while message := ask("kept_after", stream, len(found), epoch):
        body = opened(message, public, "application/vnd.esep.frame")
        assert body[3] == stream
        assert body[4] == len(found) + 1
        assert body[5] == previous
        previous = hashlib.sha256(bytes.fromhex(message)).digest()
        found.append(body)
    return found


def test_a_frame(ask: Ask, public: str) -> None:
    seq, message = ask("append", TELEMETRY, [5, 0])
    assert seq == 1
    assert ask("kept_after", TELEMETRY, 0) == message
    assert opened(message, public, "application/vnd.esep.frame") == {
        0: 1,
        1: key_id(public),
        2: 1,
        3: TELEMETRY,
        4: 1,
        5: bytes(32),
        6: bytes(range(32)),
        7: CLOCK,
        8: [[2, 0, CLOCK[0], None, bytes(5)], [2, 0, CLOCK[0], None, b""]],
    }


def test_chains_go_on_after_restarts(ask: Ask, public: str) -> None:
    for _ in range(3):
        for stream in (BILLING, TELEMETRY, TELEMETRY):
            ask("append", stream, [30])
        assert ask("restart")[2] == public
    assert [body[2] for body in frames(ask, BILLING, public)] == [1] * 3
    assert [body[2] for body in frames(ask, TELEMETRY, public)] == [1] * 6


def test_appends_at_once_make_one_chain(ask: Ask, public: str) -> None:
    answers = ask("append_at_once", 8)
    assert sorted(answers) == [[stream, seq] for stream in (0, 1) for seq in (1, 2, 3, 4)]
    for stream in (BILLING, TELEMETRY):
        assert [body[2] for body in frames(ask, stream, public)] == [1] * 4


def test_a_lost_journal_is_a_new_epoch(ask: Ask, public: str) -> None:
    for stream in (TELEMETRY, BILLING):
        ask("append", stream, [1])
    ask("lose", 0, CELL_BLOCKS + 2 * RING_BLOCKS)
    for stream in (TELEMETRY, BILLING, BILLING):
        ask("append", stream, [1])
    telemetry, billing = frames(ask, TELEMETRY, public), frames(ask, BILLING, public)
    assert [body[2] for body in telemetry + billing] == [2, 2, 2]
    event = [3, CLOCK[0], 8, {0: 1, 1: "counter lost"}]
    assert [record for body in telemetry + billing for record in body[8] if record[0] == 3] == [
        event
    ]
    assert billing[0][8][0] == event


def test_a_lost_billing_chain_is_a_new_epoch_of_both(ask: Ask, public: str) -> None:
    for stream in (BILLING, TELEMETRY, TELEMETRY):
        ask("append", stream, [1])
    ask("lose", CELL_BLOCKS, RING_BLOCKS)
    for stream in (BILLING, TELEMETRY, TELEMETRY):
        ask("append", stream, [1])
    assert [body[2] for body in frames(ask, BILLING, public)] == [2]
    assert [body[2] for body in frames(ask, TELEMETRY, public, 1)] == [1, 1]
    assert [body[2] for body in frames(ask, TELEMETRY, public, 2)] == [2, 2]


def test_a_lost_telemetry_chain_is_a_new_epoch_of_both(ask: Ask, public: str) -> None:
    for stream in (BILLING, TELEMETRY, TELEMETRY):
        ask("append", stream, [1])
    ask("lose", CELL_BLOCKS + RING_BLOCKS, RING_BLOCKS)
    ask("append", BILLING, [1])
    ask("restart")
    for stream in (BILLING, TELEMETRY, TELEMETRY):
        ask("append", stream, [1])
    assert [body[2] for body in frames(ask, BILLING, public, 1)] == [1]
    assert [body[2] for body in frames(ask, BILLING, public, 2)] == [2, 2]
    assert [body[2] for body in frames(ask, TELEMETRY, public)] == [2, 2]


NOTHING: list[Any] = [1, 0, []]


class Operator:
    """Sends a gateway receipts. Has the frames that it took, and where it says so those that the
    gateway has, or some that the gateway never made."""

    def __init__(self, ask: Ask, public: str) -> None:
        self._ask = ask
        self._gateway = key_id(public)
        self._authority = Authority()
        self._taken: dict[tuple[int, int, int], bytes] = {}

    def take(self, stream: int, epoch: int, *seqs: int) -> None:
        for seq in seqs:
            self._taken[stream, epoch, seq] = bytes.fromhex(self._ask("digest", stream, epoch, seq))

    def _hash(self, stream: int, epoch: int, seq: int) -> bytes:
        if seq == 0:
            return bytes(32)
        own = self._ask("digest", stream, epoch, seq)
        return self._taken.get((stream, epoch, seq)) or bytes.fromhex(own or "11" * 32)

    def receipt(self, billing: list[Any], telemetry: list[Any]) -> list[Any]:
        """Of each stream [epoch, upto, held]. Returns the records that the gateway bills."""
        return self._receive(self._issue(1, billing, telemetry))

    def receipts_of_epochs(self, *epochs: int) -> list[Any]:
        """One after the other, of frames that the gateway never made."""
        numbered = enumerate(epochs)
        return self._receive(*(self._issue(number, [e, 99, []], NOTHING) for number, e in numbered))

    def _receive(self, *messages: str) -> list[Any]:
        told: list[Any] = self._ask("receive", self._authority.root.public.hex(), *messages)
        return told

    def _issue(self, number: int, billing: list[Any], telemetry: list[Any]) -> str:
        streams = []
        for stream, (epoch, upto, held) in enumerate((billing, telemetry)):
            ranges = [[first, last, self._hash(stream, epoch, last)] for first, last in held]
            streams.append([epoch, upto, ranges, [], self._hash(stream, epoch, upto)])
        body = {0: 1, 1: self._gateway, 2: number, 3: CLOCK[0], 4: streams}
        return self._authority.issue("receipts", "receipt", body).hex()


def test_a_receipt_for_lost_frames_begins_an_epoch_of_both_that_names_what_it_confirmed(
    ask: Ask, public: str
) -> None:
    operator = Operator(ask, public)
    for stream in (BILLING, TELEMETRY, TELEMETRY):
        ask("append", stream, [1])
    ask("lose", CELL_BLOCKS + RING_BLOCKS, RING_BLOCKS)
    ask("lose", 0, CELL_BLOCKS)
    for told in (1, 0, 0):
        assert len(operator.receipt([1, 1, []], [1, 50, []])) == told
        ask("append", BILLING, [1])
        ask("append", TELEMETRY, [1])
    assert ask("kept_after", BILLING, 0, 1) is None
    billing, telemetry = frames(ask, BILLING, public, 2), frames(ask, TELEMETRY, public, 2)
    assert [body[2] for body in billing + telemetry] == [2] * 6
    detail = billing[0][8][0][3]
    assert detail[2][:2] == [1, 1]
    assert 3 not in detail, "no frame of epoch 1 waits for a receipt"
    ask("restart")
    ask("append", BILLING, [1])
    assert len(frames(ask, BILLING, public, 2)) == 4


@pytest.mark.parametrize("known", [[1, 6, []], [1, 1, [[3, 4], [6, 6]]]])
def test_what_is_left_of_a_stream_that_lost_frames_is_kept(
    ask: Ask, public: str, known: list[Any]
) -> None:
    for _ in range(5):
        ask("append", BILLING, [3000])
    assert len(Operator(ask, public).receipt(known, [1, 0, []])) == 1
    ask("append", BILLING, [1])
    assert [body[2] for body in frames(ask, BILLING, public, 1)] == [1] * 5
    assert [body[4] for body in frames(ask, BILLING, public, 2)] == [1]


def test_a_receipt_for_what_is_here_begins_no_epoch(ask: Ask, public: str) -> None:
    operator = Operator(ask, public)
    for stream in (BILLING, TELEMETRY, TELEMETRY):
        ask("append", stream, [1])
    assert operator.receipt([1, 1, []], [1, 1, [[2, 2]]]) == []
    ask("lose", CELL_BLOCKS, RING_BLOCKS)
    ask("append", BILLING, [1])
    # the collector has not heard of the new epoch yet, or speaks of the old one in turn
    assert operator.receipt([1, 9, []], [1, 2, []]) == []
    ask("append", BILLING, [1])
    assert [body[4] for body in frames(ask, BILLING, public, 2)] == [1, 2]


def test_frames_of_an_old_epoch_do_not_stand_for_those_of_the_newest(ask: Ask, public: str) -> None:
    for stream in (BILLING, TELEMETRY, TELEMETRY, TELEMETRY):
        ask("append", stream, [1])
    ask("lose", CELL_BLOCKS, RING_BLOCKS)
    ask("append", BILLING, [1])
    assert len(Operator(ask, public).receipt([2, 1, []], [2, 2, []])) == 1


def test_a_lost_epoch_is_not_begun_again(ask: Ask, public: str) -> None:
    for stream in (BILLING, TELEMETRY):
        ask("append", stream, [1])
    Operator(ask, public).receipt([1, 5, []], [1, 1, []])
    ask("append", BILLING, [1])
    assert [body[2] for body in frames(ask, BILLING, public, 2)] == [2]
    ask("lose", CELL_BLOCKS + SEGMENT_BLOCKS, SEGMENT_BLOCKS)
    ask("append", BILLING, [1])
    assert [body[2] for body in frames(ask, BILLING, public, 1)] == [1]
    assert [body[2] for body in frames(ask, BILLING, public, 3)] == [3]


@pytest.fixture
def fallen(ask: Ask, public: str) -> tuple[Operator, int]:
    """A gateway whose flash fell back from eight billing frames to five, and that made five more.

    All the operator has of it are the eight. How many frames it has that the operator has not.
    """
    operator = Operator(ask, public)
    for _ in range(5):
        ask("append", BILLING, [1])
    ask("keep_image")
    for _ in range(3):
        ask("append", BILLING, [2])
    operator.take(BILLING, 1, *range(1, 9))
    ask("fall_back", False)
    for _ in range(5):
        ask("append", BILLING, [3])
    assert ask("pending", BILLING) == 10
    return operator, 5


@pytest.mark.parametrize(
    "known",
    [
        pytest.param([1, 8, []], id="those before the loss"),
        pytest.param([1, 2, [[4, 8]]], id="with a gap"),
        pytest.param([1, 6, [[7, 10]]], id="and the newest since the loss"),
        pytest.param([1, 5, [[6, 7], [8, 10]]], id="of both"),
    ],
)
def test_frames_that_the_collector_knows_otherwise_are_kept_and_an_epoch_begins(
    ask: Ask, public: str, fallen: tuple[Operator, int], known: list[Any]
) -> None:
    operator, _ = fallen
    event = operator.receipt(known, NOTHING)[0]
    assert event[3]["1"] == "frames of stream 0 are lost here"
    assert ask("pending", BILLING) == 10
    ask("append", BILLING, [1])
    assert [body[4] for body in frames(ask, BILLING, public, 1)] == list(range(1, 11))
    (begins,) = frames(ask, BILLING, public, 2)
    taken = operator._hash(BILLING, 1, known[1])
    end = bytes.fromhex(ask("digest", BILLING, 1, 10))
    assert begins[8][0][3] == {
        0: 1,
        1: "counter lost",
        2: [1, known[1], taken],
        3: [[BILLING, 1, 10, end]],
    }


def test_of_an_epoch_that_is_over_only_own_frames_are_forgotten(
    ask: Ask, public: str, fallen: tuple[Operator, int]
) -> None:
    operator, _ = fallen
    operator.receipt([1, 8, []], NOTHING)
    ask("append", BILLING, [1])
    for known in ([1, 8, []], [1, 7, []], [1, 20, []], [1, 0, [[5, 8]]]):
        assert operator.receipt(known, NOTHING) == []
    assert [body[4] for body in frames(ask, BILLING, public, 1)] == list(range(1, 11))
    operator.receipt([1, 3, [[5, 8]]], NOTHING)
    assert ask("pending", BILLING) == 8, "4 to 10, and that of the new epoch"
    operator.take(BILLING, 1, *range(6, 11))
    operator.receipt([1, 10, []], NOTHING)
    assert ask("pending", BILLING) == 1


def test_power_that_fails_before_the_new_epoch_is_seen_puts_it_off(
    ask: Ask, public: str, fallen: tuple[Operator, int]
) -> None:
    operator, _ = fallen
    for _ in range(3):
        assert len(operator.receipt([1, 8, []], NOTHING)) == 1
        ask("restart")
        ask("append", BILLING, [1])
        assert ask("kept_after", BILLING, 0, 2) is None
    assert len(operator.receipt([1, 8, []], NOTHING)) == 1
    ask("append", BILLING, [1])
    assert [body[4] for body in frames(ask, BILLING, public, 1)] == list(range(1, 14))
    assert [body[4] for body in frames(ask, BILLING, public, 2)] == [1]


def test_two_boards_with_one_key_lead_each_other_through_few_epochs(ask: Ask, public: str) -> None:
    ask("append", BILLING, [1])
    operator = Operator(ask, public)
    assert len(operator.receipts_of_epochs(1, 4, 7, 10, 13, 16)) == 4
    assert [body[4] for body in frames(ask, BILLING, public, 8)] == [1]


def test_an_epoch_begins_above_what_the_collector_knows(ask: Ask, public: str) -> None:
    """All of the flash fell back, the key's record with it."""
    ask("append", BILLING, [1])
    ask("keep_image")
    for epoch in (2, 3, 4):
        ask("lose", CELL_BLOCKS, RING_BLOCKS)
        ask("append", BILLING, [1])
        assert ask("kept_after", BILLING, 0, epoch)
    ask("fall_back", True)
    assert len(Operator(ask, public).receipt([4, 3, []], NOTHING)) == 1
    ask("append", BILLING, [1])
    assert [body[4] for body in frames(ask, BILLING, public, 5)] == [1]


def test_nothing_is_added_to_an_epoch_once_the_next_began(ask: Ask, public: str) -> None:
    for stream in (BILLING, TELEMETRY):
        ask("append", stream, [1])
    assert ask("begin_epoch_while_telemetry_is_signed") == [[2, 1], [2, 1]]
    ends = frames(ask, BILLING, public, 2)[0][8][0][3][3]
    assert [end[:3] for end in ends] == [[BILLING, 1, 1], [TELEMETRY, 1, 1]]


def test_a_journal_goes_on_with_no_other_gateway(
    start_device: Callable[..., Any], tmp_path: Path
) -> None:
    device = start_device("chains", str(tmp_path / "flash"), heap="72wk")
    gateway = device.ask("create", SEED)[0]
    device.ask("append", BILLING, [1])
    device.ask("restart")
    with pytest.raises(pytest.fail.Exception, match=f"journal is that of gateway {gateway}"):
        device.ask("create", "a5" * 40)


def test_the_longest_frame(ask: Ask, public: str) -> None:
    sizes = [3000]
    while (answer := ask("append", TELEMETRY, sizes)) != "FrameTooLong":
        longest = answer[1]
        sizes = [sizes[0] + 1 + 200 * (sizes[0] < 3700)]
    assert len(longest) // 2 == 4096
    assert opened(longest, public, "application/vnd.esep.frame")[8][0][4] == bytes(sizes[0] - 1)
    assert ask("append", TELEMETRY, [0] * 65) == "FrameTooLong"
    seq, message = ask("append", TELEMETRY, [0] * 64)
    body = opened(message, public, "application/vnd.esep.frame")
    assert body[4] == seq
    assert body[5] == hashlib.sha256(bytes.fromhex(longest)).digest()


def test_a_full_journal_leaves_the_chain_as_it_is(ask: Ask, public: str) -> None:
    while ask("append", BILLING, [3000]) != "JournalFull":
        pass
    assert ask("append", BILLING, [3000]) == "JournalFull"
    ask("restart")
    assert len(frames(ask, BILLING, public)) == 8
    assert ask("append", TELEMETRY, [10])[0] == 1


def test_an_identity(ask: Ask) -> None:
    gateway, kid, public = ask("create", SEED)
    secret = int.from_bytes(bytes.fromhex(SEED), "big") % (N - 1) + 1
    point = ec.derive_private_key(secret, ec.SECP256R1()).public_key().public_numbers()
    assert public == f"{point.x:064x}{point.y:064x}"
    assert gateway == kid == key_id(public).hex()
    assert ask("restart") == [gateway, kid, public]
    body = opened(ask("enrolment", "esp32-7c9e"), public, "application/vnd.esep.enrolment")
    key = {1: 2, -1: 1, -2: bytes.fromhex(public[:64]), -3: bytes.fromhex(public[64:])}
    assert body == {0: 1, 1: key, 2: "esp32-7c9e"}


def test_a_damaged_identity_is_not_used(start_device: Callable[..., Any], tmp_path: Path) -> None:
    device = start_device("chains", str(tmp_path / "flash"), heap="72wk")
    device.ask("create", SEED)
    device.ask("spoil_identity")
    with pytest.raises(pytest.fail.Exception, match="identity record damaged"):
        device.ask("restart")


def test_too_little_chance_makes_no_key(start_device: Callable[..., Any], tmp_path: Path) -> None:
    device = start_device("chains", str(tmp_path / "flash"), heap="72wk")
    with pytest.raises(pytest.fail.Exception, match="40 random bytes"):
        device.ask("create", "5a" * 39)
