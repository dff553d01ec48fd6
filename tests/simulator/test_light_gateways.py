"""The light gateways keep to the wire: their frames are believed, they obey as its §6 says."""

import struct
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from collector.evidence.cose import ContentType
from collector.evidence.downlink import Action, Command, Role, Signer, certify
from collector.evidence.frame import Sample, read_frame
from collector.evidence.keys import PrivateKey, PublicKey
from simulator.gateways.meters import samples
from simulator.gateways.stages import Record, Stage, Stages
from simulator.gateways.wire import FRAME, Key, Root

NOW_MS = 1_800_000_000_000
ROOT = PrivateKey.generate()
ORDERS = PrivateKey.generate()
SIGNER = Signer(ORDERS, certify(ROOT, Role.ORDERS, ORDERS.public, NOW_MS - 10**9, NOW_MS + 10**9))
ORDER = bytes(range(16))


@pytest.fixture
def key() -> Key:
    return Key(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def stages(key: Key) -> Stages:
    hall = {1: Stage(1, 600_000), 2: Stage(2, 300_000)}
    return Stages((key.id, "north"), Root(ROOT.public.raw), hall, Random(1))


def command(key: Key, counter: int, action: Action = Action.OPEN, signer: Signer = SIGNER) -> bytes:
    said = Command(
        target=key.id,
        counter=counter,
        issued_ms=NOW_MS,
        expires_ms=NOW_MS + 60_000,
        order=ORDER,
        action=action,
        stages=(1, 2),
        until_ms=NOW_MS + 600_000 if action is Action.OPEN else None,
        ramp_ms=(0, 1000),
    )
    return signer.seal(ContentType.COMMAND, said.payload())


def phases(said: list[Record]) -> list[tuple[int, str | None]]:
    return [(body[2], body.get(3)) for _, _, code, body in said if code == 4]


def test_open_is_received_at_once_and_applied_when_every_contact_is_open(
    key: Key, stages: Stages
) -> None:
    said = stages.take(command(key, 1), NOW_MS, is_retained=False)
    assert phases(said) == [(1, None)]
    assert stages.power_w() == 900_000
    moved = stages.due(NOW_MS + 100)
    assert [record[2] for record in moved] == [5, 5, 4]
    assert phases(moved) == [(2, None)]
    assert stages.power_w() == 0


def test_release_closes_stage_by_stage(key: Key, stages: Stages) -> None:
    stages.take(command(key, 1), NOW_MS, is_retained=False)
    stages.due(NOW_MS + 100)
    said = stages.take(command(key, 2, Action.RELEASE), NOW_MS + 200, is_retained=False)
    assert phases(said) == [(1, None), (2, None)]
    assert phases(stages.due(NOW_MS + 300)) == []
    assert stages.power_w() == 600_000
    assert phases(stages.due(NOW_MS + 1300)) == [(5, None)]
    assert stages.power_w() == 900_000


def test_a_hold_that_ends_brings_the_load_back(key: Key, stages: Stages) -> None:
    stages.take(command(key, 1), NOW_MS, is_retained=False)
    stages.due(NOW_MS + 100)
    assert stages.next_ms == NOW_MS + 600_000
    stages.due(NOW_MS + 600_000)
    assert phases(stages.due(NOW_MS + 602_000)) == [(5, None)]
    assert stages.power_w() == 900_000


def test_what_is_not_to_be_obeyed_is_refused_and_moves_nothing(key: Key, stages: Stages) -> None:
    forger = Signer(PrivateKey.generate(), SIGNER.certificate)
    forged = stages.take(command(key, 9, signer=forger), NOW_MS, is_retained=False)
    assert phases(forged) == [(3, "bad_signature")]
    late = stages.take(command(key, 1), NOW_MS + 60_000, is_retained=False)
    assert phases(late) == [(3, "expired")]
    assert phases(stages.take(command(key, 1), NOW_MS, is_retained=True)) == [(3, "retained")]
    stages.take(command(key, 5), NOW_MS, is_retained=False)
    replayed = stages.take(command(key, 4), NOW_MS, is_retained=False)
    assert phases(replayed) == [(3, "replayed")]
    assert replayed[0][3][5] == 5


def test_the_same_message_again_is_ignored(key: Key, stages: Stages) -> None:
    message = command(key, 1)
    assert stages.take(message, NOW_MS, is_retained=False)
    assert stages.take(message, NOW_MS, is_retained=False) == []


def test_its_frames_are_believed(key: Key, stages: Stages) -> None:
    taken = samples(stages.stages.values(), 1000, Random(1), NOW_MS)
    body = {0: 1, 1: key.id, 2: 1, 3: 1, 4: 1, 5: bytes(32), 6: bytes(32)}
    message = key.seal(FRAME, body | {7: [NOW_MS, "S", 1], 8: taken})
    parsed, frame = read_frame(message)
    parsed.verify(PublicKey.from_cose_key(key.cose))
    taken_of = [record for record in frame.records if isinstance(record, Sample)]
    assert [record.slot for record in taken_of] == [0, 1, 2]
    (power_w,) = struct.unpack(">f", taken_of[1].raw[20:24])
    assert power_w == pytest.approx(600_000, rel=0.02)
