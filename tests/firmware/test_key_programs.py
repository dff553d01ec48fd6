"""`rotate` and `retire` of the image, between two runs of the whole gateway."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.serialization import Encoding
from plant.authority import opened
from plant.certificates import Party
from plant.collector import BILLING, TELEMETRY
from plant.site import Plant

FAULT, KEY, RETIRED = 9, 12, 13


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(tmp_path)
    plant.collector.receipt_every = 1
    plant.gateway.start()
    plant.collector.wait(lambda: plant.collector.records(TELEMETRY))
    yield plant
    plant.close()


def stop(plant: Plant) -> None:
    """In good order: all that was made is handed over."""
    plant.gateway.ask_to_stop()
    plant.collector.receipt()
    assert plant.gateway.process
    assert plant.gateway.process.wait(20) == 0
    plant.collector.wait(lambda: plant.collector.statuses[-1]["online"] is False)


def signing_secret(plant: Plant) -> bytes:
    secret: bytes = cbor2.loads((plant.gateway.setting("identity.key") or b"")[:-4])[0]
    return secret


def rotate(plant: Plant) -> bytes:
    """The new key-id; the collector knows the key from the event that is still to come."""
    done = plant.gateway.run("rotate")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["gateway"] == plant.gateway.id.hex()
    return bytes.fromhex(answer["key"])


def take_key(plant: Plant) -> None:
    """As a collector does: the new key is the one in the event."""
    event = plant.collector.events(KEY)[-1]
    cose_key = cbor2.loads(cbor2.loads(event[0]).value[2])[1]
    assert opened(event[0], cose_key)
    kid = cbor2.loads(cbor2.loads(event[0]).value[0])[4]
    plant.site.later_keys[kid] = cose_key


def signers(plant: Plant, stream: int) -> dict[int, bytes]:
    frames = {key[2]: frame for key, frame in plant.collector.frames.items() if key[0] == stream}
    return {seq: cbor2.loads(cbor2.loads(frame).value[0])[4] for seq, frame in frames.items()}


def test_a_gateway_goes_on_under_its_new_key(plant: Plant) -> None:
    stop(plant)
    old = signing_secret(plant)
    kid = rotate(plant)
    assert kid != plant.gateway.id
    assert old not in (plant.gateway.directory / "settings.bin").read_bytes()
    assert signing_secret(plant) in (plant.gateway.directory / "settings.bin").read_bytes()
    assert "enrolled before" in plant.gateway.run("enrol").stderr
    # what comes first is the key event; a frame of the new key before it would not verify here
    original = plant.site.key_of

    def key_of(frame: bytes) -> dict[int, Any]:
        if plant.collector.events(KEY) and not plant.site.later_keys:
            take_key(plant)
        return original(frame)

    plant.site.key_of = key_of  # type: ignore[method-assign]
    plant.gateway.start()
    plant.collector.wait(lambda: kid in signers(plant, TELEMETRY).values())
    plant.collector.check_chains()
    first = plant.collector.events(KEY)[0][1]
    for stream, start in ((BILLING, first[1]), (TELEMETRY, first[2])):
        for seq, signer in signers(plant, stream).items():
            assert signer == (kid if seq >= start else plant.gateway.id)
    assert {body[1] for body in plant.collector.bodies.values()} == {plant.gateway.id}
    assert len(plant.collector.events(1)) == 2
    stop(plant)


def test_a_retired_gateway_hands_over_and_is_never_started_again(plant: Plant) -> None:
    stop(plant)
    secret = signing_secret(plant)
    assert len(secret) == 32
    done = plant.gateway.run("retire", "the site closes")
    assert done.returncode == 0, done.stderr
    assert "its key is destroyed" in done.stderr
    plant.collector.wait(lambda: plant.collector.events(RETIRED))
    assert plant.collector.events(RETIRED) == [{0: "the site closes"}]
    plant.collector.check_chains()
    for path in plant.gateway.directory.rglob("*"):
        assert not path.is_file() or secret not in path.read_bytes(), path
    for module in ("start", "enrol", "rotate"):
        refused = plant.gateway.run(module)
        assert refused.returncode == 1
        assert "retired (the site closes)" in refused.stderr


def test_a_gateway_that_is_retired_and_cannot_hand_over_keeps_its_key(plant: Plant) -> None:
    stop(plant)
    laid_down = plant.gateway.directory / "root.pub"
    root = plant.gateway.setting("root.pub")
    assert root
    laid_down.write_bytes(b"")
    done = plant.gateway.run("retire", "the site closes")
    assert done.returncode == 1
    assert "root.pub" in done.stderr
    refused = plant.gateway.run("start")
    assert "retire.py hands over what it still holds" in refused.stderr
    laid_down.write_bytes(root)
    assert plant.gateway.run("retire").returncode == 0
    plant.collector.wait(lambda: plant.collector.events(RETIRED))
    plant.collector.check_chains()


def test_the_key_of_tls_is_another_key(plant: Plant) -> None:
    """Whoever takes the signing key out and gives it to TLS is told, whatever form he gave it."""
    stop(plant)
    directory = plant.gateway.directory
    party = Party("gateway")
    certificate, key = party.write(directory, "gateway", Encoding.DER)
    private = derive_private_key(int.from_bytes(signing_secret(plant)), SECP256R1())
    party.key = private
    settings = json.loads(plant.gateway.setting("network.json") or b"")
    (directory / "network.json").write_text(
        json.dumps(settings | {"tls": {"ca": certificate, "cert": certificate, "key": key}})
    )
    party.write(directory, "gateway", Encoding.DER)
    plant.gateway.start()
    plant.collector.wait(lambda: plant.collector.events(FAULT))
    (told,) = plant.collector.events(FAULT)
    assert "network.json gives TLS the key that signs frames" in told[1]
